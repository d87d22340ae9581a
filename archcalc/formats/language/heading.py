"""The head of a spec: what the network is called, where it comes from, and what goes in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from archcalc.analysis.report import Report, Row
from archcalc.formats.language.words import is_special, text
from archcalc.ground import limits
from archcalc.ground.errors import visible
from archcalc.network.network import Network

ODD = re.compile(r"[^\w-]+")


def heading(network: Network, report: Report) -> tuple[list[str], Mapping[int, str]]:
    """Return the first lines of a spec, and what its layers call each input."""
    rows = {row.name: row for row in report.rows}
    positions = [position for position, node in enumerate(network.nodes) if node.op.feeds]
    names = {position: _word(network.nodes[position].name) for position in positions}
    lines = [f"name: {text(_word(network.name))}"]
    lines += [f"title: {text(_line(network.title))}"] * bool(network.title)
    lines += [f"source: {text(_line(network.source))}"] * bool(network.source)
    if len(positions) == 1 and positions == [0]:
        lines.append(f"input: {_shape(rows[network.nodes[0].name])}")
        names = {0: "input"}
    else:
        sizes = (f"{text(names[p])}: {_shape(rows[network.nodes[p].name])}" for p in positions)
        lines.append(f"input: {{{', '.join(sizes)}}}")
    lines += [f"rounding: {network.rounding}"] * (network.rounding is not None)
    return lines, names


def _word(name: str) -> str:
    """Return a name that a spec can hold."""
    word = ODD.sub("_", name).strip("_")[: limits.NAME.value] or "network"
    return f"_{word}" if is_special(word) else word


def _line(words: str) -> str:
    return visible(" ".join(words.split()))


def _shape(row: Row) -> str:
    return "x".join(map(str, row.output_shape[1:]))
