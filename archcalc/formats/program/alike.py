"""What frameworks write alike: the inputs in a pattern, a number in the place of one, a range of channels."""

from __future__ import annotations

from archcalc.formats.program.code import Expression, expression
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import per_axis
from archcalc.op.site import Site
from archcalc.ops.elements.elementwise import WithNumber
from archcalc.ops.shapes.indexing import Slice
from archcalc.ops.shapes.merge import Channels
from archcalc.ops.weights.dense import Linear

ARITHMETIC = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "modulo": "{0} % {1}",
    "power": "{0} ** {1}",
}
"""What Python's own signs say of two tensors in every framework."""
FIXED = "its scale and zero point are fixed numbers, of which nothing is known"
"""Why no framework writes what quantises."""


def inputs(at: Site, joint: str = ", ") -> str:
    """Return the places of all inputs in a pattern: {0}, {1}."""
    return joint.join(f"{{{number}}}" for number in range(len(at.xs)))


def with_number(op: WithNumber, form: str) -> Expression:
    """Return the pattern `form` of two inputs with the op's number in the place of one of them."""
    swapped = form.replace("{0}", "{value}").replace("{1}", "{0}")
    return expression(swapped if op.swapped else form.replace("{1}", "{value}"), value=op.value)


def channels(op: Channels, at: Site) -> Expression:
    """Return a slice of the channels; an end that is the input's is left out."""
    if op.start == 0:
        return expression("{0}[:, :{stop}]", stop=at.y[1])
    if op.start + at.y[1] == at.x[1]:
        return expression("{0}[:, {start}:]", start=op.start)
    return expression("{0}[:, {start}:{stop}]", start=op.start, stop=op.start + at.y[1])


def find_slice(op: Slice, at: Site, least: int = 1) -> Expression:
    """Return a slice of some axes, of at least so many; an end that is the input's is left out."""
    spans = [":"] * len(at.x)
    stops = (None,) * len(op.axes) if op.stops is None else per_axis(op.stops, op.axes)
    starts, steps = per_axis(op.starts, op.axes), per_axis(op.steps, op.axes)
    for axis, start, stop, step in zip(op.axes, starts, stops, steps, strict=True):
        end = "" if stop is None or stop == at.x[axis] else stop
        spans[axis] = f"{start or ''}:{end}" + (f":{step}" if step != 1 else "")
    last = max(axis % len(at.x) for axis in op.axes)
    return expression(f"{{0}}[{', '.join(spans[: max(last + 1, least)])}]")


def check_last_axis(op: Linear, at: Site) -> None:
    """Raise a fact where a linear layer works on another axis than the last, for which frameworks have none."""
    if op.axis % len(at.x) != len(at.x) - 1:
        raise ArchcalcError(f"works on axis {op.axis}: there is a layer for the last one")
