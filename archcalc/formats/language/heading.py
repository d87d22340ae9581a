"""The head of a spec: what the network is called, where it comes from, and what goes in."""

from __future__ import annotations

import re
from collections.abc import Mapping

from archcalc.analysis.layout import misread
from archcalc.formats.language.words import is_special, text
from archcalc.formats.program.code import Names
from archcalc.ground import limits
from archcalc.ground.errors import visible
from archcalc.network.network import Network, Node
from archcalc.op.op import extents_of
from archcalc.op.site import Site

ODD = re.compile(r"[^\w-]+")


def heading(network: Network) -> tuple[list[str], Mapping[int, str]]:
    """Return the first lines of a spec, and what its layers call each input."""
    positions = [position for position, node in enumerate(network.nodes) if node.op.traits.role == "input"]
    words = Names(())
    names = {position: words.new(_word(network.nodes[position].name, "input")) for position in positions}
    lines = [f"name: {text(_word(network.name, 'network'))}"]
    lines += [f"title: {text(_line(network.title))}"] * bool(network.title)
    lines += [f"source: {text(_line(network.source))}"] * bool(network.source)
    if len(positions) == 1 and positions == [0]:
        lines.append(f"input: {_shape(network.nodes[0])}")
        names = {0: "input"}
    else:
        sizes = (f"{text(names[p])}: {_shape(network.nodes[p])}" for p in positions)
        lines.append(f"input: {{{', '.join(sizes)}}}")
    lines += ["layout: channels_first"] * _looks_misread(network)
    lines += [f"rounding: {network.rounding}"] * (network.rounding is not None)
    lines += ["in_place: true"] * network.in_place
    return lines, names


def _looks_misread(network: Network) -> bool:
    """Tell whether a reader would take the sizes of an input, the channels first, for others unless told."""
    unsaid = network._replace(layout=None)
    return any(
        misread(unsaid, node.name, node.op.output_sizes()[1:])
        for node in network.nodes
        if node.op.traits.role == "input"
    )


def _word(name: str, usual: str) -> str:
    """Return a name that a spec can hold; the `usual` one where nothing is left of it."""
    word = ODD.sub("_", name).strip("_")[: limits.NAME.value] or usual
    return f"_{word}" if is_special(word) else word


def _line(words: str) -> str:
    return visible(" ".join(words.split()))


def _shape(node: Node) -> str:
    return extents_of(node.op.output(Site()))
