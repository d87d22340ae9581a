"""DOT, the language of Graphviz: https://graphviz.org/doc/info/lang.html."""

from __future__ import annotations

from archcalc.analysis.report import Report
from archcalc.formats.pictures.graph import Edge, Vertex, graph, label, lines
from archcalc.formats.registry import writer
from archcalc.ground.errors import visible

ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "&": "&amp;"})
"""Signs that end a string of DOT, or that mean something in a label: \\N is a vertex's id, &lt; an entity."""
FONT = "Helvetica,sans-serif"


@writer("dot")
def dot(report: Report, depth: int | None) -> str:
    """Return a directed graph in DOT, from top to bottom; blocks below `depth` levels are one box each."""
    drawn = graph(report, depth)
    return "\n".join(
        (
            "digraph {",
            f'  graph [label={_quote([visible(drawn.title)])}, labelloc=t, fontname="{FONT}"]',
            f'  node [shape=box, fontname="{FONT}"]',
            f'  edge [fontname="{FONT}", fontsize=10]',
            *(f"  {_vertex(place, vertex)}" for place, vertex in enumerate(drawn.vertices)),
            *(f"  {line}" for place, edge in enumerate(drawn.edges) for line in _edge(place, edge)),
            "}",
            "",
        )
    )


def _vertex(place: int, vertex: Vertex) -> str:
    look = ", shape=oval" if vertex.is_input else ", peripheries=2" if vertex.is_block else ""
    return f"n{place} [label={_quote(lines(vertex))}{look}]"


def _edge(place: int, edge: Edge) -> tuple[str, ...]:
    text = f"[label={_quote([f' {label(edge)}'])}]"
    if edge.head is not None:
        return (f"n{edge.tail} -> n{edge.head} {text}",)
    return (f"n{edge.tail} -> o{place} {text}", f'o{place} [label="output", shape=oval]')


def _quote(lines: list[str]) -> str:
    """Return lines as one string of DOT, centred one below the other."""
    return '"' + r"\n".join(line.translate(ESCAPES) for line in lines) + '"'
