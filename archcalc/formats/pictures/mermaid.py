"""Mermaid, which GitHub, GitLab and many editors draw inside Markdown: https://mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

import re
from json import dumps

from archcalc.analysis.report import Report
from archcalc.formats.pictures.graph import Edge, Picture, Vertex, graph, label, lines
from archcalc.formats.registry import writer
from archcalc.ground.errors import visible

UNSAFE = re.compile(r"[^\w .,/×·→-]|(?<![^\W_])_|_(?![^\W_])|\.(?= |$)|^[-–]")
"""Signs that end a text of Mermaid's, or that mean something in the HTML and the Markdown inside it."""


@writer("mermaid")
def mermaid(report: Report, depth: int | None) -> str:
    """Return a flowchart in Mermaid, from top to bottom; blocks below `depth` levels are one box each."""
    drawn = graph(report, depth)
    return "\n".join(
        (
            *_title(drawn),
            "flowchart TB",
            *(f"  {_vertex(place, vertex)}" for place, vertex in enumerate(drawn.vertices)),
            *(f"  {line}" for place, edge in enumerate(drawn.edges) for line in _edge(place, edge)),
            *_classes(drawn),
            "",
        )
    )


def _title(drawn: Picture) -> tuple[str, ...]:
    """Return the title as YAML before the flowchart; a string of JSON is one of YAML, too."""
    title = dumps(visible(drawn.title), ensure_ascii=False).replace("<", r"\u003c")
    return ("---", f"title: {title}", "---")


def _vertex(place: int, vertex: Vertex) -> str:
    text = "<br>".join(map(_text, lines(vertex)))
    left, right = ("([", "])") if vertex.is_input else ("[[", "]]") if vertex.is_block else ("[", "]")
    return f'n{place}{left}"{text}"{right}'


def _edge(place: int, edge: Edge) -> tuple[str, ...]:
    arrow = f'n{edge.tail} -->|"{_text(label(edge))}"|'
    if edge.head is not None:
        return (f"{arrow} n{edge.head}",)
    return (f"{arrow} o{place}", f'o{place}(["output"])')


def _classes(drawn: Picture) -> tuple[str, ...]:
    """Return the class of the ends, so that a page can give them a style of its own."""
    inputs = [f"n{place}" for place, vertex in enumerate(drawn.vertices) if vertex.is_input]
    outputs = [f"o{place}" for place, edge in enumerate(drawn.edges) if edge.head is None]
    return ("  classDef data stroke-width:2px", f"  class {','.join((*inputs, *outputs))} data")


def _text(text: str) -> str:
    """Return a text that is nothing but text to Mermaid: signs that might be more by their code points."""
    return UNSAFE.sub(lambda found: f"#{ord(found[0])};", " ".join(text.split()))
