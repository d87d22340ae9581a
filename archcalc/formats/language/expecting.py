"""The `expect:` of a spec: what the source states, as far as it is about what the spec still holds."""

from __future__ import annotations

from archcalc.formats.language.read import Document
from archcalc.formats.language.words import flow, text, value
from archcalc.ground.errors import SourceText
from archcalc.network.network import Expectation, Network, members


def write_expectations(network: Network, body: str) -> str:
    """Return the lines that state a network's expectations.

    What is expected of a layer or a block is left out where `body`, the rest of the spec, calls it otherwise.
    """
    if not network.expectations:
        return ""
    written = Document(SourceText("the spec", body)).network()
    wanted = {expectation.layer for expectation in network.expectations if expectation.layer}
    before, after = (members((node.name for node in side.nodes), wanted) for side in (network, written))
    known = {layer for layer in wanted if before[layer] == after[layer]}
    entries: dict[tuple[str, bool], list[Expectation]] = {}
    for expectation in network.expectations:
        if expectation.layer is None or expectation.layer in known:
            entries.setdefault((expectation.source, expectation.train), []).append(expectation)
    lines = ["", "expect:"] if entries else []
    for (source, train), stated in entries.items():
        parts = _figures([e for e in stated if e.layer is None])
        layers: dict[str, list[Expectation]] = {}
        for each in stated:
            if each.layer:
                layers.setdefault(each.layer, []).append(each)
        if layers:
            inner = [f"{layer}: {{{', '.join(_figures(of_layer))}}}" for layer, of_layer in layers.items()]
            parts += _brace("layers", inner)
        parts += ["train: true"] * train + [f"source: {text(source)}"]
        lines += flow("  - ", parts)
    return "\n".join([*lines, ""])


def _figures(stated: list[Expectation]) -> list[str]:
    """Return figures as the inside of a mapping, what is only claimed at last."""
    lines = [f"{e.figure}: {value(e.value)}" for e in stated if e.claim is None]
    return lines + _brace("claims", [f"{e.figure}: {text(e.claim)}" for e in stated if e.claim is not None])


def _brace(key: str, items: list[str]) -> list[str]:
    """Return a key with its mapping in pieces that a line can end after; nothing where it would be empty."""
    if not items:
        return []
    items[0] = f"{key}: {{{items[0]}"
    items[-1] += "}"
    return items
