"""How each output element of a layer comes about: the elements that it sees, and the weights that they meet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import inf, prod
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.run import Layer
from archcalc.arithmetic.sight import windows
from archcalc.arithmetic.window import Division, Window
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.op.site import Sizes
from archcalc.questions.worked.given import BIAS, WEIGHT

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array

MOST_SHOWN = 2**14
"""The most numbers that all windows hold together, that an output has, and an input with its padding."""


class Tap(NamedTuple):
    """An element that a window sees: where it stands, (channel, *position), its number, and the weight that it meets.

    Outside the input there is a 0 where it counts, and no number where the largest, or a mean without it, is sought.
    """

    place: Sizes
    number: float | None
    weight: float | None


class OutputStep(NamedTuple):
    """How an output element comes about: where it stands, (channel, *position), what it is made of, what it is.

    `sizes` are those of what is seen, channels first; `divisor` is what a mean divides by.
    """

    place: Sizes
    taps: tuple[Tap, ...]
    sizes: Sizes
    bias: float | None
    divisor: int | None
    value: float

    @property
    def largest(self) -> Tap:
        """The first of the largest elements."""
        return max(self.taps, key=lambda tap: -inf if tap.number is None else tap.number)


def forward(layer: Layer, x: Array, tensors: Mapping[str, Array]) -> Array:
    """Return what the op's reference makes of values.

    Raises:
        ArchcalcError: there is no reference, or it does not run on them.
    """
    from archcalc.arrays.kernels import errstate

    try:
        with errstate(all="ignore"):
            y: Array = layer.op.forward(x, **tensors)
    except (TypeError, ValueError, IndexError, MemoryError) as error:
        who = f"{layer.op.kind} '{layer.node.name}'"
        raise ArchcalcError(f"{who} does not run on these values: {visible(str(error)[:80])}") from None
    return y


def steps_of(layer: Layer, x: Array, tensors: Mapping[str, Array], y: Array) -> Iterator[OutputStep]:
    """Yield each output element with what it is made of; nothing where these are not elements that a window sees."""
    gathers, weight = layer.op.traits.gathers, tensors.get(WEIGHT)
    seen = _seen(layer) if gathers else []
    if not gathers or (gathers == "products" and weight is None) or len(seen) != x.ndim - 2:
        return
    fan = 1 if weight is None else weight.shape[1]
    groups = x.shape[1] // fan
    ones = forward(layer, x * 0 + 1, {}) if gathers == "mean" else None
    for place in product(*map(range, y.shape[1:])):
        first = place[0] * groups // y.shape[1] * fan
        axes = [range(first, first + fan), *(axis[at] for axis, at in zip(seen, place[1:], strict=True))]
        places = list(product(*axes))
        divisor = None if ones is None else _divisor(x, places, float(ones[(0, *place)]))
        counts = gathers == "products" or (gathers == "mean" and divisor != _inside(x, places))
        weights = [None] * len(places) if weight is None else weight[place[0]].reshape(-1).tolist()
        yield OutputStep(
            place=place,
            taps=tuple(
                Tap(where, float(x[(0, *where)]) if _is_inside(x, where) else 0.0 if counts else None, each)
                for where, each in zip(places, weights, strict=True)
            ),
            sizes=tuple(map(len, axes)),
            bias=float(tensors[BIAS][place[0]]) if weight is not None and BIAS in tensors else None,
            divisor=divisor,
            value=float(y[(0, *place)]),
        )


def _divisor(x: Array, places: Sequence[Sizes], share: float) -> int | None:
    """Return what a mean over some places divides by, of which a share lies in the input; None where none does.

    That share is what the mean makes of ones.
    """
    return round(_inside(x, places) / share) if share > 0 else None


def _inside(x: Array, places: Sequence[Sizes]) -> int:
    """Return how many places lie in the input."""
    return sum(_is_inside(x, place) for place in places)


def _is_inside(x: Array, place: Sizes) -> bool:
    return all(0 <= at < size for at, size in zip(place, x.shape[1:], strict=True))


def _seen(layer: Layer) -> list[list[range]]:
    """Return for each spatial axis and each output position on it the input positions that it sees.

    Nothing where an element sees something else than a window: one that sees the whole of an axis has it as one.
    """
    sizes, slots = layer.at.x[2:], layer.at.y[2:]
    field = layer.facts.field
    slides = windows(field)
    if field == "whole":
        slides = tuple(Division(size, slot) for size, slot in zip(sizes, slots, strict=True))
    taps = ((slide.taps(at) for at in range(slot)) for slide, slot in zip(slides, slots, strict=False))
    return [
        [range(each.first, each.first + each.number * each.step, each.step) for each in axis] for axis in taps
    ]


def sides_of(layer: Layer) -> list[tuple[int, int]]:
    """Return the padding before and after on each axis, and with it what sticks out beyond it; none without windows."""
    sides: list[tuple[int, int]] = []
    if not layer.op.traits.slides:
        return sides
    for slide, size, slot in zip(windows(layer.facts.field), layer.at.x[2:], layer.at.y[2:], strict=False):
        if not isinstance(slide, Window):
            return []
        last = int(slide.element(slot - 1, slide.kernel - 1))
        sides.append((int(slide.before), max(int(slide.after), last + 1 - size)))
    return sides


def check_size(layer: Layer) -> None:
    """Raise a fact where a layer makes more numbers than anybody wants to read."""
    shown, slots = prod(layer.at.y), layer.at.y[2:]
    slides = windows(layer.facts.field)
    if layer.op.traits.gathers and len(slides) == len(slots):
        fan = [shape[1] for name, shape in layer.facts.weights.items() if name == WEIGHT and len(shape) > 1]
        shown *= prod(fan) * prod(slide.taps(0).number for slide in slides)
    sides = sides_of(layer) or [(0, 0)] * len(slots)
    sizes = (size + before + after for size, (before, after) in zip(layer.at.x[2:], sides, strict=False))
    most = max(shown, prod(sizes) * prod(layer.at.x[1:2]))
    if most > MOST_SHOWN:
        raise ArchcalcError(
            f"{layer.op.kind} '{layer.node.name}' has {most:,} numbers to show; the most are {MOST_SHOWN:,}",
            hint="work it out on a smaller input, with fewer filters or less padding",
        )
