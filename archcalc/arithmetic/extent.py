"""Receptive fields along one axis, exact behind whatever enlarges, too.

The field of an element is the span from the first to the last input element that its value is computed from, on an
axis without ends: what an element in the middle really sees. Gaps count, as everywhere in the literature, and so
does what a weight of zero multiplies. A layer's field is the largest of its elements' fields.

Where windows only slide all elements see alike: size, stride and start say everything (Araujo, Norris & Sim 2019,
"Computing Receptive Fields of Convolutional Neural Networks"). Behind an enlargement neighbours differ: with
scale 2 a window of 2 sees one input element or two. But all comes again after some elements. So a field is kept as
the spans of one period and how far the input moves on in a period. That is closed under every op here, in integers.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd, lcm
from typing import NamedTuple, Protocol

from archcalc.arithmetic.number import Number

LONGEST = 1024
"""The longest period that is kept: a field with a longer one is not known."""
MOST_TAPS = 2**16
"""The most spans that are looked at for one field."""

Span = tuple[int, int]
NOTHING: Span = (0, -1)
"""The span of what sees no input element: only padding, or the gaps of what is spread."""


class Taps(NamedTuple):
    """The elements that one element is made of along an axis: `number` of them from `first`, `step` apart."""

    first: int
    number: int
    step: int = 1


class Slide(Protocol):
    """How an op goes along an axis: what `period` neighbours are made of lies `shift` further for the next ones."""

    @property
    def period(self) -> Number:
        """How many neighbours there are until all comes again."""

    @property
    def shift(self) -> Number:
        """How far the input moves on in a period."""

    def taps(self, place: int) -> Taps:
        """Return what the element at `place` in the period is made of."""


class Spans(NamedTuple):
    """The first and the last input element that each of some neighbours sees, None where it sees none.

    Those of the next neighbours lie `shift` further.
    """

    ends: tuple[Span | None, ...]
    shift: int

    @property
    def period(self) -> int:
        """How many neighbours there are until all comes again."""
        return len(self.ends)

    @property
    def size(self) -> int:
        """How long the largest span is; 0 where none sees anything."""
        first, last = self.widest
        return last - first + 1

    @property
    def first(self) -> Span:
        """The span of the first one that sees anything."""
        return next(filter(None, self.ends), NOTHING)

    @property
    def widest(self) -> Span:
        """The first one of the largest spans."""
        if len(self.ends) == 1:  # all see alike, as in most networks
            return self.ends[0] or NOTHING
        return max(filter(None, self.ends), key=lambda ends: ends[1] - ends[0], default=NOTHING)

    def at(self, place: int) -> Span | None:
        """Return the span of the element at any `place`."""
        times, rest = divmod(place, len(self.ends))
        ends = self.ends[rest]
        return ends and (ends[0] + times * self.shift, ends[1] + times * self.shift)

    def over(self, taps: Taps) -> Span | None:
        """Return the span of all that some elements see together."""
        if not taps.number:
            return None
        begin, end = taps.first, taps.first + (taps.number - 1) * taps.step
        if self.period == 1:  # all see alike, as in most networks
            (ends,) = self.ends
            return ends and (ends[0] + begin * self.shift, ends[1] + end * self.shift)
        cycle = self.period // gcd(self.period, taps.step)
        near = min(taps.number, cycle)
        firsts = [span[0] for i in range(near) if (span := self.at(begin + i * taps.step))]
        lasts = [span[1] for i in range(near) if (span := self.at(end - i * taps.step))]
        return (min(firsts), max(lasts)) if firsts else None

    def through(self, slide: Slide) -> Spans | None:
        """Return what elements see through a slide over these; None where that comes again too late to be kept."""
        period, shift = int(slide.period), int(slide.shift)
        if period == 1 == self.period:
            ends = self.over(slide.taps(0))
            return Spans((ends,), self.shift * shift)
        times = self.period // gcd(self.period, shift)
        most = max(min(slide.taps(0).number, self.period), 1)
        if period * times > LONGEST or period * times * most > MOST_TAPS:
            return None
        spans = []
        for place in range(period * times):
            again, rest = divmod(place, period)
            taps = slide.taps(rest)
            spans.append(self.over(taps._replace(first=taps.first + again * shift)))
        return Spans(tuple(spans), self.shift * (times * shift // self.period)).shortest()

    def shortest(self) -> Spans:
        """Return the same spans with the shortest period."""
        whole = self.period
        for period in range(1, whole):
            if whole % period == 0 and self.shift * period % whole == 0:
                short = Spans(self.ends[:period], self.shift * period // whole)
                if all(short.at(place) == ends for place, ends in enumerate(self.ends)):
                    return short
        return self

    def join(self, other: Spans) -> Spans | None:
        """Return the spans of what both see; None where one moves on faster, so that they part ever further."""
        period = lcm(self.period, other.period)
        if self.shift * other.period != other.shift * self.period or period > LONGEST:
            return None
        ends = (_hull(self.at(place), other.at(place)) for place in range(period))
        return Spans(tuple(ends), self.shift * period // self.period).shortest()


def _hull(first: Span | None, second: Span | None) -> Span | None:
    if first is None or second is None:
        return first or second
    return min(first[0], second[0]), max(first[1], second[1])


class Extent(NamedTuple):
    """A receptive field along one axis: what the elements of a layer see of the input.

    `over_all` is over all paths, and `narrow` along the path that sees least.
    """

    over_all: Spans
    narrow: Spans

    @property
    def size(self) -> int:
        """How many input elements the element that sees most sees, gaps among them."""
        return self.over_all.size

    @property
    def smallest(self) -> int:
        """The size along the path that sees least."""
        return self.narrow.size

    @property
    def stride(self) -> Fraction:
        """The distance between the fields of neighbours; where these differ, on average."""
        return Fraction(self.over_all.shift, self.over_all.period)

    @property
    def start(self) -> int:
        """The first input element that the first element sees, negative where that is padding."""
        return self.over_all.first[0]

    @property
    def centre(self) -> float:
        """The middle of the first field."""
        return sum(self.over_all.first) / 2

    @property
    def is_even(self) -> bool:
        """Whether all elements see alike."""
        return self.over_all.period == 1

    @property
    def widest(self) -> Span:
        """The first and the last input element that an element sees which sees most, none of them padding."""
        first, last = self.over_all.widest
        times = -(min(first, 0) // self.over_all.shift)
        return first + times * self.over_all.shift, last + times * self.over_all.shift

    def numbers(self) -> Iterator[int]:
        """Yield every number in it."""
        for spans in (self.over_all, self.narrow):
            yield spans.shift
            for ends in filter(None, spans.ends):
                yield from ends

    def through(self, slide: Slide) -> Extent | None:
        """Return the field of what slides over elements with this field; None where it cannot be kept."""
        over_all = self.over_all.through(slide)
        narrow = over_all if self.narrow == self.over_all else self.narrow.through(slide)
        return None if over_all is None or narrow is None else Extent(over_all, narrow)

    def join(self, other: Extent) -> Extent | None:
        """Return the field over both paths: from where the first begins to where the last ends, element by element."""
        over_all = self.over_all.join(other.over_all)
        narrow = min(self.narrow, other.narrow, key=lambda spans: spans.size)
        return None if over_all is None else Extent(over_all, narrow)


def even(size: int, stride: int = 1, start: int = 0) -> Extent:
    """Return the field of elements that all see alike, `stride` apart, the first one from `start`."""
    spans = Spans(((start, start + size - 1),), stride)
    return Extent(spans, spans)


POINT = even(1)
"""The field of an input element: itself."""
