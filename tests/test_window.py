"""The sliding-window rule against counting positions, one by one, and against published sizes."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, prod

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archcalc.arithmetic.extent import POINT, even
from archcalc.arithmetic.window import (
    Division,
    Resampling,
    Spread,
    Uneven,
    Window,
    output_size,
    same_padding,
    span,
    uneven,
)

# fmt: off
PUBLISHED = [  # input, window, output, source
    (28, Window(5), 24, "Saito 2016, 7.5: SimpleConvNet's convolution"),
    (227, Window(11, 4), 55, "Krizhevsky et al. 2012: conv1"),
    (55, Window(3, 2), 27, "Krizhevsky et al. 2012: pool1"),
    (27, Window(5, 1, 2, 2), 27, "Krizhevsky et al. 2012: conv2"),
    (32, Window(5), 28, "LeCun et al. 1998: C1"),
    (28, Window(2, 2), 14, "LeCun et al. 1998: S2"),
    (7, Window(5), 3, "Saito 2016, 7.4: im2col of 7x7 has 9 rows"),
    (4, Window(3), 2, "Dumoulin & Visin 2016, figure 2.1"),
    (5, Window(4, 1, 2, 2), 6, "Dumoulin & Visin 2016, figure 2.2"),
    (5, Window(3, 1, 1, 1), 5, "Dumoulin & Visin 2016, figure 2.3: half padding"),
    (5, Window(3, 1, 2, 2), 7, "Dumoulin & Visin 2016, figure 2.4: full padding"),
    (5, Window(3, 2), 2, "Dumoulin & Visin 2016, figure 2.5"),
    (5, Window(3, 2, 1, 1), 3, "Dumoulin & Visin 2016, figure 2.6"),
    (6, Window(3, 2, 1, 1), 3, "Dumoulin & Visin 2016, figure 2.7: the last row is not seen"),
    (7, Window(3, 1, 0, 0, 2), 3, "Dumoulin & Visin 2016, figure 5.1: dilated"),
]
# fmt: on


@pytest.mark.parametrize(("size", "window", "output", "source"), PUBLISHED)
def test_published_sizes(size, window, output, source):
    assert output_size(size, window, "floor") == output, source


@pytest.mark.parametrize(
    ("size", "window", "exact", "floor", "ceil"),
    [
        (224, Window(11, 4), "54.25", 54, 55),  # AlexNet as printed: (224 - 11)/4 + 1
        (224, Window(7, 2, 3, 3), "112.5", 112, 113),  # ResNet: (224 + 6 - 7)/2 + 1
        (112, Window(3, 2), "55.5", 55, 56),  # GoogLeNet's first pooling: (112 - 3)/2 + 1
        (28, Window(2, 3), "9 2/3", 9, 10),  # (28 - 2)/3 + 1: thirds have no decimal
        (17, Window(8, 8), "2.125", 2, 3),  # (17 - 8)/8 + 1
    ],
)
def test_what_does_not_fit_evenly_is_shown_exactly_and_rounded_both_ways(size, window, exact, floor, ceil):
    down, up = uneven(size, window, "floor"), uneven(size, window, "ceil")
    assert (down.size, down.exact, down.rounded, up.rounded) == (size, exact, floor, ceil)
    assert str(down) == f"{exact} → {floor}"


strides = st.integers(1, 5)
sizes = st.integers(1, 40)


@st.composite
def fitting(draw, most_padding=None):
    """Draw a size and a window that fits; padding is at most `most_padding` of the window's span."""
    kernel, dilation = draw(st.integers(1, 6)), draw(st.integers(1, 3))
    most = 6 if most_padding is None else int(span(kernel, dilation) * most_padding)
    window = Window(kernel, draw(strides), draw(st.integers(0, most)), draw(st.integers(0, most)), dilation)
    smallest = max(1, span(kernel, dilation) - window.before - window.after)
    return draw(st.integers(smallest, smallest + 40)), window


def taps(start, window):
    """Return the positions that a window at `start` reads."""
    return [start + window.dilation * i for i in range(window.kernel)]


def starts_inside(size, window):
    """Return where every window starts that lies wholly in the padded input."""
    return [
        start
        for start in range(-window.before, size + window.after, window.stride)
        if taps(start, window)[-1] < size + window.after
    ]


@given(fitting())
def test_floor_counts_the_windows_that_lie_inside(drawn):
    size, window = drawn
    assert output_size(size, window, "floor") == len(starts_inside(size, window))


@given(fitting(most_padding=0.5))
def test_ceil_adds_a_window_for_the_rest_unless_it_would_start_past_the_input(drawn):
    size, window = drawn
    inside = starts_inside(size, window)
    rest_is_unseen = taps(inside[-1], window)[-1] < size + window.after - 1
    following = inside[-1] + window.stride
    added = rest_is_unseen and following < size
    assert output_size(size, window, "ceil") == len(inside) + added


@given(fitting())
def test_rounding_up_never_loses_a_window_and_adds_one_at_most(drawn):
    size, window = drawn
    down, up = output_size(size, window, "floor"), output_size(size, window, "ceil")
    assert down <= up <= down + 1


@given(fitting())
def test_strict_is_floor_where_the_window_fits_evenly(drawn):
    size, window = drawn
    assume(uneven(size, window, "strict") is None)
    assert {output_size(size, window, rounding) for rounding in ("floor", "ceil", "strict")} == {
        len(starts_inside(size, window))
    }


@given(fitting())
def test_what_is_rounded_away_is_the_fraction_of_the_formula(drawn):
    size, window = drawn
    formula = Fraction(
        size + window.before + window.after - span(window.kernel, window.dilation), window.stride
    )
    one = uneven(size, window, "floor")
    if formula.denominator == 1:
        assert one is None
    else:
        assert isinstance(one, Uneven)
        assert sum(map(Fraction, one.exact.split())) == formula + 1
        assert one.rounded == formula // 1 + 1


@given(sizes, st.integers(1, 7), strides, st.integers(1, 3))
def test_same_padding_keeps_the_size_divided_by_the_stride_with_as_little_as_it_takes(
    size, kernel, stride, dilation
):
    before, after = same_padding(size, kernel, stride, dilation)
    window = Window(kernel, stride, before, after, dilation)
    assert output_size(size, window, "floor") == ceil(size / stride)
    assert 0 <= after - before <= 1
    if after:
        less = window._replace(after=after - 1)
        assert output_size(size, less, "floor") < ceil(size / stride)


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "dilation", "padding"),
    [
        (28, 3, 1, 1, (1, 1)),  # (k - 1)/2 on each side
        (28, 5, 1, 1, (2, 2)),
        (28, 4, 1, 1, (1, 2)),  # TensorFlow and PyTorch: the odd element goes after
        (28, 3, 1, 2, (2, 2)),  # a dilated 3 spans 5
        (224, 3, 2, 1, (0, 1)),  # 111·2 + 3 - 224 = 1
        (224, 7, 2, 1, (2, 3)),  # 111·2 + 7 - 224 = 5
        (8, 2, 4, 1, (0, 0)),  # the windows leave gaps: nothing to add
        # tf.nn, "Notes on padding": max(k - s, 0) where s divides n, otherwise max(k - n mod s, 0)
        (28, 4, 2, 1, (1, 1)),  # 4 - 2 = 2
        (28, 2, 2, 1, (0, 0)),  # 2 - 2 = 0
        (27, 2, 2, 1, (0, 1)),  # 27 mod 2 = 1: 2 - 1 = 1
        (27, 4, 2, 1, (1, 2)),  # 4 - 1 = 3
        (13, 6, 5, 1, (1, 2)),  # 13 mod 5 = 3: 6 - 3 = 3
        (10, 2, 4, 1, (0, 0)),  # 10 mod 4 = 2: 2 - 2 = 0
        (10, 2, 3, 2, (1, 1)),  # "the filter size after dilations", 3; 10 mod 3 = 1: 3 - 1 = 2
    ],
)
def test_same_padding_of_known_windows(size, kernel, stride, dilation, padding):
    assert same_padding(size, kernel, stride, dilation) == padding


# fmt: off
@pytest.mark.parametrize(
    ("size", "window", "output"),
    [
        # torch.nn.MaxPool2d: in ceil_mode windows may go off-bounds "if they start within the left padding or the
        # input"; those that "would start in the right padded region are ignored". Windows start at -p, s - p, …
        (5, Window(2, 2), 3),           # 0, 2, 4: the last sees one element
        (4, Window(1, 3), 2),           # 0, 3: fits
        (5, Window(1, 3), 2),           # 0, 3; 6 lies past the input
        (4, Window(2, 4, 1, 1), 2),     # -1, 3; rounded up there is none more
        (3, Window(2, 2, 1, 1), 2),     # -1, 1; the next would start at 3, in the padding
        (4, Window(2, 2, 1, 1), 3),     # -1, 1, 3
        (7, Window(3, 4, 1, 1), 2),     # -1, 3; the next would start at 7, in the padding
        (8, Window(3, 4, 1, 1), 3),     # -1, 3, 7: the last sees one element
        (6, Window(4, 5, 2, 0), 2),     # -2, 3
    ],
)
def test_ceil_drops_a_window_that_would_start_in_the_padding(size, window, output):
    assert output_size(size, window, "ceil") == output
# fmt: on


def seen(position, windows):
    """Return every input position that output `position` of a stack of windows depends on."""
    positions = {position}
    for window in reversed(windows):
        positions = {tap for p in positions for tap in taps(p * window.stride - window.before, window)}
    return positions


stacks = st.lists(
    st.builds(
        Window, st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3), st.integers(1, 3)
    ),
    max_size=4,
)


@given(stacks)
def test_a_receptive_field_spans_what_an_output_depends_on(windows):
    field = POINT
    for window in windows:
        field = field.through(window)
    first, second = seen(0, windows), seen(1, windows)
    assert (field.start, field.size) == (min(first), max(first) - min(first) + 1)
    assert field.stride == min(second) - min(first)
    assert field.smallest == field.size
    assert field.centre == (min(first) + max(first)) / 2


def test_stride_1_widens_a_field_by_the_window_less_one():
    fields = [POINT]
    for _ in range(3):
        fields.append(fields[-1].through(Window(3)))
    assert [field.size for field in fields] == [1, 3, 5, 7]  # two 3x3 see a 5x5, three a 7x7


@pytest.mark.parametrize(
    ("spread", "stride", "field"),
    [
        # Element i is spread over the outputs from i·s - p to i·s - p + k - 1.
        (Spread(3, 1, 1), 1, (3, 1, -1)),
        (Spread(2, 2), 1, (1, 1 / 2, 0)),  # no overlap
        (Spread(4, 2, 1), 1, (2, 1 / 2, -1)),  # output 0 sees -1 and 0
        (Spread(3, 2, 1), 1, (2, 1 / 2, 0)),  # output 0 sees 0, output 1 sees 0 and 1
        (Spread(6, 2, 2), 1, (3, 1 / 2, -1)),  # output 0 sees -1, 0 and 1
        (Spread(1, 2), 1, (1, 1 / 2, 0)),  # output 1 sees nothing
        (Spread(3, 2, 1), 2, (3, 1, 0)),  # enlarged after it was halved: whole numbers again
        (Spread(4, 2, 1), 4, (5, 2, -4)),
        (Spread(3, 3), 4, (1, Fraction(4, 3), 0)),
        (Spread(2, 2, 0, 2), 1, (2, 1 / 2, -1)),  # with dilation every other output sees nothing
    ],
)
def test_the_field_of_what_is_spread(spread, stride, field):
    found = even(1, stride).through(spread)
    assert (found.size, found.stride, found.start) == field
    assert spread.widened(1, stride) == found.size


slides = st.one_of(
    st.builds(
        Window, st.integers(1, 5), st.integers(1, 4), st.integers(-3, 3), st.integers(0, 3), st.integers(1, 4)
    ),
    st.builds(Spread, st.integers(1, 7), st.integers(1, 5), st.integers(0, 3), st.integers(1, 6)),
    st.builds(Resampling, st.integers(2, 9), st.integers(2, 12), st.sampled_from((1, 2, 4)), st.booleans()),
    st.builds(Division, st.integers(4, 20), st.integers(1, 7)),
)


@given(slides, st.integers(1, 9), st.integers(1, 5))
def test_over_elements_that_see_alike_the_formula_says_what_the_widest_sees(slide, size, stride):
    assert slide.widened(size, stride) == even(size, stride).through(slide).size


def elements(slide, place):
    """Return the elements that the one at any place is made of."""
    again, rest = divmod(place, slide.period)
    first, number, step = slide.taps(rest)
    return [again * slide.shift + first + tap * step for tap in range(number)]


def seen_through(place, path):
    positions = {place}
    for slide in reversed(path):
        positions = {element for one in positions for element in elements(slide, one)}
    return positions


@given(st.lists(slides, max_size=4), st.integers(-20, 20))
def test_a_field_is_what_each_element_sees_through_whatever_slides(path, place):
    field = POINT
    for slide in path:
        field = field and field.through(slide)
    if field is None:  # its period is too long
        return
    seen = seen_through(place, path)
    assert field.over_all.at(place) == ((min(seen), max(seen)) if seen else None)
    assert field.stride == prod(Fraction(slide.shift, slide.period) for slide in path)


@given(spread=st.builds(Spread, st.integers(1, 7), st.integers(1, 5), st.integers(0, 3), st.integers(1, 6)))
def test_what_is_spread_meets_what_it_is_spread_over(spread):
    """Input i is spread over the outputs i·s + j·d - p."""
    for place in range(-10, 10):
        meets = [
            i for i in range(-50, 50) for j in range(spread.kernel)
            if i * spread.stride + j * spread.dilation - spread.before == place
        ]  # fmt: skip
        assert sorted(elements(spread, place)) == sorted(meets)


def test_a_period_that_is_too_long_is_not_kept():
    once = POINT.through(Resampling(1000, 1009, 1))
    assert once.stride == Fraction(1000, 1009)
    assert once.through(Resampling(1000, 1013, 1)) is None
    assert POINT.through(Spread(1, 10**9)) is None


def test_joined_paths_keep_the_largest_and_the_smallest_field():
    narrow, wide = POINT.through(Window(1)), POINT.through(Window(5, 1, 2, 2))
    assert narrow.join(wide) == wide.join(narrow) == even(5, 1, -2)._replace(narrow=POINT.narrow)


def test_joined_paths_that_see_different_elements_see_all_of_them():
    left, right = POINT.through(Window(2, 1, 1, 0)), POINT.through(Window(2, 1, 0, 1))
    assert left.join(right).over_all == right.join(left).over_all == even(3, 1, -1).over_all


def test_paths_on_which_fields_move_unlike_have_none_together():
    assert even(3, 2).join(even(3, 1)) is None
