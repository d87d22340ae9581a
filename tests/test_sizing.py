"""Questions about one axis, answered and checked by trying all sizes and paddings."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from archcalc.arithmetic.window import Window, output_size, travel
from archcalc.ground.errors import ArchcalcError
from archcalc.questions.size import inputs, output, paddings

windows = st.builds(
    Window,
    st.integers(1, 7),
    st.integers(1, 5),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(1, 3),
)
roundings = st.sampled_from(("floor", "ceil"))


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "result", "exact", "fitting"),
    [
        (227, 11, 4, 55, None, (227,)),  # AlexNet's conv1
        (224, 11, 4, 54, "54.25", (223, 227)),  # and the size that its paper prints
        (28, 5, 1, 24, None, (28,)),  # LeNet-5's C1 without padding
    ],
)
def test_what_comes_out(size, kernel, stride, result, exact, fitting):
    found = output(size, Window(kernel, stride))
    assert (int(found.term), found.exact, found.fitting) == (result, exact, fitting)


@given(st.integers(1, 60), windows)
def test_the_sizes_that_fit_do_fit(size, window):
    assume(output_size(size, window, "floor") >= 1)
    found = output(size, window)
    assert int(found.term) == output_size(size, window, "floor")
    for fitting in found.fitting:
        assert travel(fitting, window) % window.stride == 0
    assert (found.exact is None) == (found.fitting == (size,))


@given(st.integers(1, 40), st.integers(1, 40), windows, roundings)
def test_paddings_are_all_that_give_the_target(size, target, window, rounding):
    padded = [window._replace(before=total // 2, after=total - total // 2) for total in range(400)]
    works = [total for total, w in enumerate(padded) if output_size(size, w, rounding) == target]
    found = paddings(size, target, window, rounding)
    assert (list(range(found.least, found.most + 1)) if found else []) == works
    if found and found.even >= 0:
        assert travel(size, window._replace(before=int(found.even), after=0)) % window.stride == 0


@given(st.integers(1, 40), windows, roundings)
def test_inputs_are_all_that_give_the_target(target, window, rounding):
    works = [size for size in range(1, 400) if output_size(size, window, rounding) == target]
    found = inputs(target, window, rounding)
    assert (list(range(found.least, found.most + 1)) if found else []) == works


SMALL = [
    Window(kernel, stride, before, after, dilation)
    for kernel in range(1, 5)
    for stride in range(1, 5)
    for before in range(3)
    for after in range(3)
    for dilation in range(1, 3)
]


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_no_small_window_is_answered_wrongly(rounding):
    """Every window up to 4 and every target up to 8, both ways round."""
    for window in SMALL:
        sizes = {size: output_size(size, window, rounding) for size in range(1, 60)}
        for target in range(1, 9):
            found = inputs(target, window, rounding)
            assert [size for size, came in sizes.items() if came == target] == _listed(found), (
                window,
                target,
            )
    for window in (w for w in SMALL if not w.before and not w.after):
        for size in range(1, 9):
            came = [
                output_size(size, window._replace(before=p // 2, after=p - p // 2), rounding)
                for p in range(60)
            ]
            for target in range(1, 9):
                found = paddings(size, target, window, rounding)
                assert [p for p, n in enumerate(came) if n == target] == _listed(found), (
                    size,
                    window,
                    target,
                )


def _listed(found):
    return list(range(found.least, found.most + 1)) if found else []


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("--output 5 --kernel 3 --stride 2", "11 to 12; 11 without rounding"),
        ("--output 5 --kernel 3 --stride 2 --rounding ceil", "10 to 11; 11 without rounding"),
        ("10 --output 5 --kernel 3 --stride 2", "0 before and 1 after; 1 to 2 in all with rounding"),
        (
            "10 --output 5 --kernel 3 --stride 2 --rounding ceil",
            "0 before and 1 after; 0 to 1 in all with rounding",
        ),
    ],
)
def test_rounding_holds_the_other_way_round(run, call, answer):
    assert answer in run("size", *call.split()).out


def test_the_padding_that_keeps_14_under_5(run):
    """2P = FH - 1, so two at each side."""
    assert "2 at each side" in run("size", "14", "--kernel", "5", "--output", "14").out


def test_a_window_that_does_not_fit_is_refused():
    with pytest.raises(ArchcalcError, match="a kernel of 9 is larger than its input of 7"):
        output(3, Window(5, 1, 2, 2, 2))


@pytest.mark.parametrize("size", [Window(3, 1, 0, 1), Window(3, 2, 1, 0, 2)])
def test_padding_of_two_sides_has_two_letters(size):
    assert "p′" in output(9, size).term.symbols()
