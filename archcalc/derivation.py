"""Derivations: an op's own arithmetic replayed on terms, so that text and number cannot disagree."""

from __future__ import annotations

from typing import Any

from archcalc.network import Network
from archcalc.op import Op, Shape, elements
from archcalc.report import Report
from archcalc.trace import Term

SPATIAL = {1: ("L",), 2: ("H", "W"), 3: ("D", "H", "W")}
"""The symbols of the spatial axes."""


def symbolic(shape: Shape) -> tuple[Any, ...]:
    """Return a shape of terms, (N, C, H, W); a batch of one leaves no trace."""
    batch, *rest = shape
    spatial = len(rest) - 1
    symbols = ("C", *SPATIAL.get(spatial, tuple(f"I{axis + 1}" for axis in range(spatial))))
    terms = (Term(size, symbol) for size, symbol in zip(rest, symbols, strict=True))
    first = batch if batch == 1 else Term(batch, "N")
    return (first, *terms)


def parameters(op: Op, shapes: tuple[Shape, ...]) -> Term:
    """Return the derivation of an op's learnable parameters."""
    tensors = op.traced().weights(*map(symbolic, shapes))
    return _as_term(elements(tensors.values()))


def macs(op: Op, output: Shape, shapes: tuple[Shape, ...]) -> Term | None:
    """Return the derivation of an op's multiply-accumulates; None where they are not known."""
    traced = op.traced()
    inputs = tuple(map(symbolic, shapes))
    spatial = SPATIAL.get(len(output) - 2, tuple(f"O{i + 1}" for i in range(len(output) - 2)))
    outcome = (
        *traced.output(*inputs)[:2],
        *(Term(size, f"{axis}′") for size, axis in zip(output[2:], spatial, strict=True)),
    )
    work = traced.work(outcome, *inputs)
    return None if work is None else _as_term(work.macs)


def _as_term(value: int | Term) -> Term:
    return value if isinstance(value, Term) else Term(value)


def parameter_formulas(network: Network, report: Report) -> dict[str, Term]:
    """Return the derivation of the parameters of every layer that has some, by name."""
    ops = {node.name: node for node in network.nodes}
    return {row.name: parameters(ops[row.name].op, row.input_shapes) for row in report.rows if row.params}
