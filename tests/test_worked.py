"""A layer worked out on values, against loops written here; im2col's recipe is followed in NumPy, step by step."""

from __future__ import annotations

import itertools
import json
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc.formats.language.values import read_tensors, read_values
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents
from archcalc.ops import REGISTRY
from archcalc.sheet.renderers import render
from archcalc.views.worked import on_values

PICTURE = [[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]]
KERNEL = [[2, 0, 1], [0, 1, 2], [1, 0, 2]]


def worked(layer, x, **values):
    """Work a layer out on an array (C, *I)."""
    spec = f"{{input: {'x'.join(map(str, np.shape(x)))}, layout: channels_first, layers: [{layer.removesuffix(':')}]}}"
    report = archcalc.analyze(archcalc.loads(spec))
    return archcalc.work_out(report, x, **values)


def listed(grid):
    """Return an array as lists."""
    return np.array(grid).tolist()


def seen(x, place, kernel, stride, before, dilation):
    """Yield the taps of a window on one channel: where it is in the window, and the number, None outside."""
    for tap in itertools.product(*map(range, kernel)):
        at = [o * s + t * d - p for o, t, s, p, d in zip(place, tap, stride, before, dilation, strict=True)]
        inside = all(0 <= a < n for a, n in zip(at, x.shape, strict=True))
        yield tap, x[tuple(at)] if inside else None


def convolved(x, weight, bias, stride, before, dilation, sizes, *, turned=False):
    """Return the sum of products by definition; a turned kernel is read from its end."""
    filters, fan, *kernel = weight.shape
    each = filters // (x.shape[0] // fan)
    y = np.zeros((filters, *sizes))
    for m in range(filters):
        for place in itertools.product(*map(range, sizes)):
            total = bias[m]
            for c in range(fan):
                for tap, number in seen(x[m // each * fan + c], place, kernel, stride, before, dilation):
                    at = tuple(k - 1 - t for k, t in zip(kernel, tap, strict=True)) if turned else tap
                    total += (number or 0) * weight[(m, c, *at)]
            y[(m, *place)] = total
    return y


def worth(arithmetic):
    """Return what printed arithmetic comes to."""
    return eval(arithmetic.replace("·", "*"), {"max": lambda *numbers: max(numbers)})  # noqa: S307  # ours


def sheet_rows(found):
    """Return the rows of a page by the keys of their columns."""
    sheet = on_values(found)
    return [dict(zip([column.key for column in sheet.columns], row, strict=True)) for row in sheet.rows]


def test_the_convolution_of_the_lecture_notes():
    """4×4 under 3×3 is [[15, 16], [6, 15]], and with a bias of 3 [[18, 19], [9, 18]]."""
    bare = worked("conv: {out: 1, kernel: 3}", [PICTURE], weights=KERNEL)
    assert listed(bare.output) == [[[15, 16], [6, 15]]]
    biased = worked("conv: {out: 1, kernel: 3}", [PICTURE], weights=KERNEL, bias=3)
    assert listed(biased.output) == [[[18, 19], [9, 18]]]
    first = sheet_rows(biased)[0]
    assert first["arithmetic"] == "1·2 + 2·0 + 3·1 + 0·0 + 1·1 + 2·2 + 3·1 + 0·0 + 1·2 + 3"
    assert (first["place"], first["value"]) == ((0, 0, 0), 18)


def test_two_channels_as_dive_into_deep_learning_has_them():
    """Its corr2d_multi_in gives [[56, 72], [104, 120]]."""
    x = [[[0, 1, 2], [3, 4, 5], [6, 7, 8]], [[1, 2, 3], [4, 5, 6], [7, 8, 9]]]
    found = worked("conv: {out: 1, kernel: 2, bias: false}", x, weights=[[[0, 1], [2, 3]], [[1, 2], [3, 4]]])
    assert listed(found.output) == [[[56, 72], [104, 120]]]


def test_the_line_of_the_issue_shows_all_of_it(run):
    line = [
        "conv: {out: 1, kernel: 3, padding: 1}",
        "--on",
        json.dumps(PICTURE),
        "--weights",
        json.dumps(KERNEL),
    ]
    out = run("explain", *line, "--bias", "3", "--flip").out
    for text in ("x padded 1×6×6", "[0 1 2 3 0 0]", "kernel turned", "convolution 1×4×4", "weight turned"):
        assert text in out
    assert "[2 0 1]" in out
    assert "[2 1 0]" in out  # the kernel from its end


NUMBERS = st.integers(-9, 9)


@st.composite
def convolutions(draw, axes):
    """Draw a convolution's settings, its input and its tensors."""
    groups = draw(st.integers(1, 2))
    channels, filters = groups * draw(st.integers(1, 2)), groups * draw(st.integers(1, 2))
    each = st.lists(st.integers(1, 3), min_size=axes, max_size=axes)
    kernel, stride, dilation = (
        draw(each),
        draw(each),
        draw(st.lists(st.integers(1, 2), min_size=axes, max_size=axes)),
    )
    padding = draw(st.lists(st.integers(0, 2), min_size=axes, max_size=axes))
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    extents = [s + draw(st.integers(0, 3)) for s in spans]
    sizes = [
        (n + 2 * p - span) // s + 1 for n, p, span, s in zip(extents, padding, spans, stride, strict=True)
    ]
    seed = np.random.default_rng(draw(st.integers(0, 10**6)))
    x = seed.integers(-9, 10, (channels, *extents))
    weight = seed.integers(-9, 10, (filters, channels // groups, *kernel))
    bias = seed.integers(-9, 10, filters)
    return groups, kernel, stride, padding, dilation, sizes, x, weight, bias


@pytest.mark.parametrize("axes", [1, 2])
@given(data=st.data())
def test_a_convolution_is_its_definition_and_its_arithmetic_comes_to_it(axes, data):
    groups, kernel, stride, padding, dilation, sizes, x, weight, bias = data.draw(convolutions(axes))
    layer = (
        f"conv: {{out: {len(bias)}, kernel: {kernel}, stride: {stride}, "
        f"padding: {[[p, p] for p in padding]}, dilation: {dilation}, groups: {groups}}}"
    )
    found = worked(layer, x, weights=weight, bias=bias, flip=True)
    known = convolved(x, weight, bias, stride, padding, dilation, sizes)
    assert np.array_equal(found.output, known)
    turned = convolved(x, weight, bias, stride, padding, dilation, sizes, turned=True)
    assert np.array_equal(found.turned.output, turned)
    for row in sheet_rows(found):
        assert worth(row["arithmetic"]) == row["value"] == known[row["place"]]
        assert worth(row["turned"]) == row["convolution"] == turned[row["place"]]
    if found.padded is not None:
        assert np.array_equal(found.padded, np.pad(x, [(0, 0), *((p, p) for p in padding)]))
    else:
        assert not any(padding)


POOLS = [
    # settings of a pool on 5×6, and its padding before
    ("{kernel: 2}", (2, 2), (2, 2), (0, 0), (1, 1)),
    ("{kernel: 3, stride: 2}", (3, 3), (2, 2), (0, 0), (1, 1)),
    ("{kernel: [2, 3], stride: [1, 2], padding: 1}", (2, 3), (1, 2), (1, 1), (1, 1)),
    ("{kernel: 2, stride: 1, dilation: 2}", (2, 2), (1, 1), (0, 0), (2, 2)),
    ("{kernel: 3, stride: 2, padding: 1, rounding: ceil}", (3, 3), (2, 2), (1, 1), (1, 1)),
    ("{kernel: 3, stride: 2, padding: same}", (3, 3), (2, 2), (1, 0), (1, 1)),
]


@pytest.mark.parametrize(("settings", "kernel", "stride", "before", "dilation"), POOLS)
@pytest.mark.parametrize("kind", ["maxpool", "avgpool"])
def test_a_pool_is_its_definition_and_its_arithmetic_comes_to_it(
    kind, settings, kernel, stride, before, dilation
):
    if kind == "avgpool":
        settings = settings.replace("}", ", count_padding: false}") if "padding" in settings else settings
    x = np.random.default_rng(3).integers(-9, 10, (2, 5, 6))
    found = worked(f"{kind}: {settings}", x)
    rows = sheet_rows(found)
    assert len(rows) == np.size(found.output)
    for row in rows:
        channel, *place = row["place"]
        inside = [n for _, n in seen(x[channel], place, kernel, stride, before, dilation) if n is not None]
        value = max(inside) if kind == "maxpool" else sum(inside) / len(inside)
        assert row["value"] == pytest.approx(value)
        assert worth(row["arithmetic"]) == pytest.approx(value)
        if kind == "maxpool":
            assert x[row["winner"]] == value


def test_a_mean_divides_by_padding_where_it_counts_and_never_by_what_sticks_out():
    """PyTorch: AvgPool2d(3, 2, 1, ceil_mode=True) of ones divides by 9, 6 and 4 at the far corner."""
    found = worked("avgpool: {kernel: 3, stride: 2, padding: 1, rounding: ceil}", np.ones((1, 4, 4)))
    assert [step.divisor for step in found.steps] == [9, 9, 6, 9, 9, 6, 6, 6, 4]
    assert [row["value"] for row in sheet_rows(found)] == pytest.approx(
        [4 / 9, 6 / 9, 2 / 6, 6 / 9, 1, 3 / 6, 2 / 6, 3 / 6, 1 / 4]
    )
    for row in sheet_rows(found):
        assert worth(row["arithmetic"]) == pytest.approx(row["value"])


@pytest.mark.parametrize(
    "kind", ["global_maxpool:", "global_avgpool:", "adaptive_maxpool: 2", "adaptive_avgpool: 2"]
)
def test_pools_of_other_windows_are_worked_out_too(kind):
    x = np.random.default_rng(5).integers(-9, 10, (2, 5, 3))
    parts = 2 if "adaptive" in kind else 1
    take = np.max if "max" in kind else np.mean
    for row in sheet_rows(worked(kind, x)):
        channel, i, j = row["place"]
        part = x[
            channel, i * 5 // parts : -(-(i + 1) * 5 // parts), j * 3 // parts : -(-(j + 1) * 3 // parts)
        ]
        assert row["value"] == pytest.approx(take(part))
        assert worth(row["arithmetic"]) == pytest.approx(take(part))


@pytest.mark.parametrize(("kernel", "stride"), [(3, 3), (3, 1), (2, 2)])
def test_a_shift_changes_what_it_changes(kernel, stride):
    x = np.random.default_rng(7).integers(0, 10, (1, 6, 6))
    moved = np.zeros_like(x)
    moved[:, :, 1:] = x[:, :, :-1]
    found = worked(f"maxpool: {{kernel: {kernel}, stride: {stride}}}", x)
    again = worked(f"maxpool: {{kernel: {kernel}, stride: {stride}}}", moved)
    assert np.array_equal(found.shifted.input, moved)
    assert np.array_equal(found.shifted.output, again.output)
    assert found.shifted.same == (np.array(found.output) == again.output).sum()
    assert (
        f"{found.shifted.same} of {np.size(found.output)} outputs stay the same" in on_values(found).notes[-1]
    )


def test_pooling_is_robust_to_a_small_shift():
    """The largest of each block of 3×3 stays in its block."""
    x = [
        [1, 2, 0, 7, 1, 0],
        [0, 9, 2, 3, 2, 3],
        [3, 0, 1, 2, 1, 2],
        [2, 4, 0, 1, 0, 1],
        [6, 0, 1, 2, 1, 2],
        [2, 4, 0, 1, 8, 1],
    ]
    found = worked("maxpool: 3", [x])
    assert listed(found.output) == listed(found.shifted.output) == [[[9, 7], [6, 8]]]
    assert found.shifted.same == 4


def test_layers_without_windows_give_input_and_result():
    x = [[[-1, 2], [0.5, -3]]]
    assert [row["value"] for row in sheet_rows(worked("relu:", x))] == [0, 2, 0.5, 0]
    assert worked("softmax:", [1, 2, 3]).output == pytest.approx(np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum())
    dense = worked("linear: 2", [1, 2, 3], weights=[[1, 0, -1], [0.5, 2, 1]], bias=[0, -1])
    assert [row["arithmetic"] for row in sheet_rows(dense)] == [
        "1·1 + 2·0 + 3·(-1) + 0",
        "1·0.5 + 2·2 + 3·1 + (-1)",
    ]
    assert listed(dense.output) == [-2, 6.5]
    statistics = {"running_mean": 2.5, "running_var": 1.25, "weight": 2}
    normal = worked("batchnorm: {eps: 1.0e-12}", [[[1, 2], [3, 4]]], weights=statistics, bias=1)
    assert np.ravel(normal.output) == pytest.approx(2 * (np.arange(1, 5) - 2.5) / 1.25**0.5 + 1)
    spread = worked("conv_transpose: {out: 1, kernel: 2}", [[[0, 1], [2, 3]]], weights=[[0, 1], [2, 3]])
    assert listed(spread.output) == [[[0, 0, 1], [0, 4, 6], [4, 12, 9]]]  # d2l, transposed-conv.md


def test_whole_numbers_are_exact():
    """A million squared, 4,000 times over: 4·10¹⁵ is below 2⁵³ and beyond float32."""
    found = worked("linear: {out: 1, bias: false}", [10**6] * 3999 + [999_999], weights=[10**6] * 3999 + [1])
    assert int(found.output[0]) == 3999 * 10**12 + 999_999


ALONE = sorted(kind for kind, op in REGISTRY.items() if op.traits.takes[1] == 1 and op.traits.role == "layer")
"""Layer types with one input."""
SMALL = {
    "channels": (116, 4, 4),
    "groupnorm": (64, 4, 4),
    "slice": (8, 16, 16),
    "relative_bias": (169, 3),
    "window_mask": (4, 3, 16, 16),
}
"""Inputs of those whose examples do not shrink along all axes; that of reshape does not shrink at all."""


@pytest.mark.parametrize("kind", [kind for kind in ALONE if kind != "reshape"])
def test_every_layer_type_is_worked_out_to_what_its_reference_gives(kind):
    (shape,), settings = REGISTRY[kind].example
    settings = settings | ({"out": 4} if "out" in settings else {})
    sizes = SMALL.get(kind, tuple(min(size, 12) for size in extents(shape)))
    node = Node("op", REGISTRY[kind](**settings), (0,))
    report = archcalc.analyze(Network("alone", (Node("x", REGISTRY["input"](shape=sizes)), node)))
    seed = np.random.default_rng(23)
    x = seed.integers(0, 5, sizes)
    declared = node.op.tensors(report.run.layers[1].at)
    tensors = {name: seed.integers(1, 5, shape).astype(float) for name, shape in declared.items()}
    found = archcalc.work_out(report, x, weights=tensors)
    known = node.op.forward(x[None].astype(float), **tensors)[0]
    assert np.array_equal(np.array(found.output, float), known, equal_nan=True)


IM2COL = [
    # settings of a conv or a pool on 2 samples of 4×6×5
    "conv: {out: 3, kernel: 2}",
    "conv: {out: 3, kernel: [3, 2], stride: [1, 2], padding: 1, dilation: [2, 1]}",
    "maxpool: {kernel: 3, stride: 2, padding: 1}",
    "maxpool: {kernel: 2}",
]


def entries(found, x, kernel, sizes):
    """Return the matrix whose entries are the elements that the page says they are."""
    rows = itertools.product(*(range(n) for n in sizes))
    cols = list(itertools.product(*(range(n) for n in kernel)))
    matrix = []
    for row in rows:
        matrix.append([])
        for column in cols:
            names = dict(zip((*found.entry.row, *found.entry.column), (*row, *column), strict=True))
            at = [eval(index.replace("·", "*").replace("−", "-"), {}, names) for index in found.entry.element]  # noqa: S307
            inside = all(0 <= a < n for a, n in zip(at, x.shape, strict=True))
            matrix[-1].append(x[tuple(at)] if inside else 0)
    return np.array(matrix)


def following(found, name, **arrays):
    """Return an array as its recipe makes it of others."""
    (stage,) = [stage for stage in found.stages if stage.name == name]
    made = stage.made.partition(":")[0].replace("ᵀ", ".T").replace("·", "@")
    subject = arrays.pop("of", None)
    array = eval(f"of.{made}" if made.startswith("transpose") else made, {}, {**arrays, "of": subject})  # noqa: S307
    assert array.shape == stage.sizes
    return array


@pytest.mark.parametrize("layer", [line for line in IM2COL if line.startswith("conv")])
def test_following_the_recipe_makes_the_convolution_and_its_gradients(layer):
    seed = np.random.default_rng(11)
    report = archcalc.analyze(layer, input="4x6x5", batch=2)
    found = archcalc.unfold(report, "conv1")
    x, weight, bias = (
        seed.integers(-5, 6, shape) for shape in ((2, 4, 6, 5), report.rows[1].weights["weight"], (3,))
    )
    row = report.rows[1]
    slid = report.run.layers[1].op.windows(row.input_shapes[0])
    settings = ([w.stride for w in slid], [w.before for w in slid], [w.dilation for w in slid])
    col = entries(found, x, weight.shape[1:], (2, *row.output_shape[2:]))
    assert col.shape == row.unfolded == next(stage.sizes for stage in found.stages if stage.name == "col")
    col_W = following(found, "col_W", W=weight)  # noqa: N806
    out = following(found, "out", col=col, col_W=col_W, b=bias)
    apart = following(found, "out, reshaped", out=out)
    y = following(found, "y", of=apart)
    known = [convolved(each, weight, bias, *settings, row.output_shape[2:]) for each in x]
    assert np.array_equal(y, known)
    dy = seed.integers(-5, 6, y.shape)
    dout = following(found, "dout", dy=dy)
    assert np.array_equal(dout.sum(0), dy.sum((0, 2, 3)))
    dW = following(found, "dW", dcol_W=following(found, "dcol_W", col=col, dout=dout))  # noqa: N806
    step = np.zeros(weight.shape)
    step[1, 2, 1, 0] = 1  # y is linear in the weights: the change of Σ dy·y is the gradient
    moved = [convolved(each, weight + step, bias, *settings, row.output_shape[2:]) for each in x]
    assert dW[1, 2, 1, 0] == (dy * (np.array(moved) - known)).sum()
    dcol = following(found, "dcol", dout=dout, col_W=col_W)
    assert dcol.shape == col.shape


@pytest.mark.parametrize("layer", [line for line in IM2COL if line.startswith("maxpool")])
def test_following_the_recipe_makes_the_pooling(layer):
    x = np.random.default_rng(13).integers(1, 10, (2, 4, 6, 5))  # above the zeros of what lies outside
    report = archcalc.analyze(layer, input="4x6x5", batch=2)
    found, row = archcalc.unfold(report, "maxpool1"), report.rows[1]
    kernel = report.run.layers[1].op.kernel * 2
    col = entries(found, x, kernel, (2, *row.output_shape[2:], 4))
    assert col.shape == next(stage.sizes for stage in found.stages if stage.name == "col")
    out = col.max(1)
    y = following(found, "y", of=following(found, "out, reshaped", out=out))
    assert np.array_equal(y, report.run.layers[1].op.forward(x.astype(float)))
    assert following(found, "dout", dy=y).shape == out.shape


@pytest.mark.parametrize(
    ("layer", "x", "values"),
    [
        (
            "conv: {out: 2, kernel: 2, stride: 2, padding: 1}",
            (3, 4, 5),
            {"weights": (2, 3, 2, 2), "bias": (2,)},
        ),
        ("maxpool: 2", (2, 4, 4), {}),
    ],
)
def test_the_matrices_of_values_are_those_that_are_described(layer, x, values):
    seed = np.random.default_rng(17)
    x = seed.integers(1, 9, x)
    values = {name: seed.integers(-9, 9, shape) for name, shape in values.items()}
    made = worked(layer, x, **values)
    found = archcalc.unfold(made.report, made.row.name, made)
    channels = () if values else (len(x),)
    kernel = (2, 2) if channels else (len(x), 2, 2)
    col = entries(found, x[None], kernel, (1, *made.row.output_shape[2:], *channels))
    assert np.array_equal(np.array(found.matrices["col"]), col)
    out = np.array(found.matrices["out"])
    if values:
        assert np.array_equal(col @ np.array(found.matrices["col_W"]) + values["bias"], out)
    assert np.array_equal(out.ravel(), np.moveaxis(np.array(made.output), 0, -1).ravel())


def test_groups_have_a_matrix_each():
    seed = np.random.default_rng(19)
    x, weight = seed.integers(-9, 9, (4, 3, 3)), seed.integers(-9, 9, (6, 2, 2, 2))
    made = worked("conv: {out: 6, kernel: 2, groups: 2}", x, weights=weight)
    found = archcalc.unfold(made.report, "conv1", made)
    sizes = {stage.name: stage.sizes for stage in found.stages}
    assert (found.groups, sizes["col"], sizes["col_W"]) == (2, (4, 8), (8, 3))
    for group in range(2):
        col = entries(found, x[None, 2 * group : 2 * group + 2], (2, 2, 2), (1, 2, 2))
        assert np.array_equal(np.array(found.matrices["col"][group]), col)
        out = col @ np.array(found.matrices["col_W"][group])
        assert np.array_equal(out.T.reshape(3, 2, 2), made.output[3 * group : 3 * group + 3])


TAUGHT = [
    # what is laid out, an array of it, its symbols, its sizes: the lecture notes, CS231n
    ("conv: {out: 30, kernel: 5}", "3x7x7", 1, "col", "(H′·W′, k·k·C)", (9, 75)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "col", "(N·H′·W′, k·k·C)", (90, 75)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "col_W", "(k·k·C, M)", (75, 30)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "out", "(N·H′·W′, M)", (90, 30)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "out, reshaped", "(N, H′, W′, M)", (10, 3, 3, 30)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "y", "(N, M, H′, W′)", (10, 30, 3, 3)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "dW", "(M, C, k, k)", (30, 3, 5, 5)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "db", "(M,)", (30,)),
    ("conv: {out: 30, kernel: 5}", "3x7x7", 10, "dx", "(N, C, H, W)", (10, 3, 7, 7)),
    ("conv: {out: 96, kernel: 11, stride: 4}", "3x227x227", 1, "col", "(H′·W′, k·k·C)", (3025, 363)),
    ("conv: {out: 96, kernel: 11, stride: 4}", "3x227x227", 1, "col_W", "(k·k·C, M)", (363, 96)),
    ("conv: {out: 96, kernel: 11, stride: 4}", "3x227x227", 1, "out", "(H′·W′, M)", (3025, 96)),
    ("maxpool: 2", "3x4x4", 10, "col", "(N·H′·W′·C, k·k)", (120, 4)),
    ("maxpool: 2", "3x4x4", 10, "out", "(N·H′·W′·C,)", (120,)),
]


@pytest.mark.parametrize(("layer", "input", "batch", "name", "symbols", "sizes"), TAUGHT)
def test_im2col_is_as_it_is_taught(layer, input, batch, name, symbols, sizes):
    report = archcalc.analyze(layer, input=input, batch=batch)
    (stage,) = [stage for stage in archcalc.unfold(report, report.rows[1].name).stages if stage.name == name]
    assert (stage.symbols, stage.sizes) == (symbols, sizes)


def test_a_layer_of_any_network_is_laid_out(run):
    out = run("explain", "alexnet", "conv1", "--im2col").out
    assert "3025×363" in out
    assert "transpose(0, 3, 1, 2)" in out
    assert "x[n, c, oh·4 + kh, ow·4 + kw]" in out
    data = json.loads(run("explain", "alexnet_two_gpus", "conv2", "--im2col", "--format", "json").out)
    assert (data["groups"], data["matrices"]) == (2, {})
    assert data["entry"]["element"] == ["n", "c", "oh + kh − 2", "ow + kw − 2"]


@pytest.mark.parametrize(
    ("layer", "line", "shape"),
    [
        ("conv: {out: 1, kernel: 2}", "[1, 2, 3]", [1, 3]),
        ("conv: {out: 1, kernel: 2}", "[[1, 2], [3, 4]]", [1, 2, 2]),
        ("conv: {out: 1, kernel: 2, in: 2}", "[[[1, 2], [3, 4]], [[1, 2], [3, 4]]]", [2, 2, 2]),
        ("linear: {out: 1}", "[1, 2, 3]", [3]),
        ("relu:", "5", [1]),
        ("{input: 1x2x2, layers: [maxpool: 2]}", "[[1, 2], [3, 4]]", [1, 2, 2]),
        ("{input: 1x2x2, layers: [maxpool: 2]}", "[[1, 2, 3], [3, 4, 5], [1, 1, 1]]", [1, 3, 3]),
        ("{input: 2x2, layers: [relu]}", "[[1, 2], [3, 4]]", [2, 2]),
        (
            "{input: 8x8x1, layout: channels_last, layers: [maxpool: 2]}",
            "[[1, 2, 3], [3, 4, 5]]",
            [1, 2, 3],
        ),
    ],
)
def test_the_input_is_that_of_the_values(run, layer, line, shape):
    weights = ["--weights", json.dumps(np.ones((1, *([shape[0]] if len(shape) > 1 else []), *([2] * (len(shape) - 1) if "conv" in layer else shape))).tolist())]  # fmt: skip
    words = weights if "conv" in layer or "linear" in layer else []
    outcome = run("explain", layer, "--on", line, *words, "--format", "json")
    assert outcome.status == 0, outcome.err
    assert json.loads(outcome.out)["conditions"]["inputs"][0]["shape"] == shape


def test_an_input_beside_values_says_how_they_lie(run):
    words = ["conv: {out: 1, kernel: 2}", "--on", "[[1, 2, 3], [4, 5, 6]]", "--input", "2x3", "--weights", "[[1, 1], [1, 1]]"]  # fmt: skip
    assert json.loads(run("explain", *words, "--format", "json").out)["values"]["output"] == [[12, 16]]


def test_a_spec_of_one_layer_is_worked_out_from_a_file_and_from_standard_input(run, tmp_path):
    spec = "{name: one, input: 1x4x4, layers: [maxpool: 2]}"
    (tmp_path / "one.yaml").write_text(spec)
    for words, stdin in (
        (["-"], spec),
        ([tmp_path / "one.yaml"], ""),
        ([tmp_path / "one.yaml", "maxpool1"], ""),
    ):
        outcome = run("explain", *words, "--on", json.dumps(PICTURE), "--format", "json", stdin=stdin)
        assert json.loads(outcome.out)["values"]["output"] == [[[2, 3], [3, 2]]], outcome.err


def test_python_takes_arrays_and_gives_pages():
    report = archcalc.analyze("conv: {out: 1, kernel: 3}", input="1x4x4")
    found = archcalc.work_out(report, np.array(PICTURE), weights=np.array(KERNEL), bias=np.float32(3))
    assert repr(found) == "<Worked of conv1 of <inline>: 1x2x2>"
    assert found.to_dict()["values"]["output"] == [[[18, 19], [9, 18]]]
    assert (
        found.table("csv").splitlines()[1].startswith('0 0 0,"[[[1, 2, 3], [0, 1, 2], [3, 0, 1]]]",1·2 + 2·0')
    )
    assert "[18 19]" in found.table()
    for form in ("json", "csv", "tsv", "markdown", "latex", "html"):
        assert render(on_values(found), form)


@pytest.mark.parametrize("given", ["os.system('x')", {"a": [1]}, object(), [[1], [2, 3]], [True], ["1"], [float("nan")], [], [[]], [10**7], [[[[[[[[[1]]]]]]]]], list(range(5000)), None])  # fmt: skip
def test_what_are_no_values_are_refused_in_words(given):
    report = archcalc.analyze("relu:", input="1")
    with pytest.raises(ArchcalcError):
        archcalc.work_out(report, given)


def test_a_shared_list_does_not_grow_beyond_the_bound():
    rows = (
        "[&a [1,1,1,1,1,1,1,1], "
        + ", ".join(f"&{b} [*{a},*{a},*{a},*{a}]" for a, b in itertools.pairwise("abcdefgh"))
        + "]"
    )
    with pytest.raises(ArchcalcError, match="more than 4,096"):
        archcalc.work_out(archcalc.analyze("relu:", input="1"), rows)


@given(st.text("[]{},:-.0123456789eE &*'\"\nxa", max_size=24))
def test_any_text_is_values_or_refused_in_words(text):
    for read in (read_values, read_tensors):
        try:
            found = read("on", text)
        except ArchcalcError:
            continue
        for values in found.values() if isinstance(found, dict) else [found]:
            assert len(values.numbers) == prod(values.shape)
            assert all(type(number) in (int, float) for number in values.numbers)
