"""Compare: stacks of kernels in C and in numbers, networks side by side, settings of one network."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc.arithmetic.polynomial import Formula, channels
from archcalc.ground.errors import ArchcalcError
from archcalc.op.op import Work
from archcalc.questions.compare import compare
from archcalc.questions.differences import count_shared, differences
from archcalc.questions.stacks import StackLayer, is_size, is_stack, network, stack
from archcalc.sheet.kinds import RATIO


def costs(text, other="3x3"):
    return compare(text, other).stacks[0]


# Weights, with biases, MACs per output position, receptive field, layers. The first two rows are section 2.3 of
# Simonyan & Zisserman 2014: 3(3²C²) = 27C² against 7²C² = 49C²; the others are k·k·C·M added up by hand.
@pytest.mark.parametrize(
    ("text", "weights", "with_biases", "macs", "field", "layers"),
    [
        ("3x3x3", "27C²", "27C² + 3C", "27C²", (7, 7), 3),
        ("7x7", "49C²", "49C² + C", "49C²", (7, 7), 1),
        ("3x3x2", "18C²", "18C² + 2C", "18C²", (5, 5), 2),
        ("11x11", "121C²", "121C² + C", "121C²", (11, 11), 1),
        ("3x3x5", "45C²", "45C² + 5C", "45C²", (11, 11), 5),  # each layer widens the field by 2
        ("1x7,7x1", "14C²", "14C² + 2C", "14C²", (7, 7), 2),
        ("1x7", "7C²", "7C² + C", "7C²", (1, 7), 1),
        # He et al. 2015, figure 5: 64·C + 9·64·64 + 64·256; 64 + 64 + 256 biases
        ("1x1-64,3x3-64,1x1-256", "64C + 53,248", "64C + 53,632", "64C + 53,248", (3, 3), 3),
        ("5x5-48", "1,200C", "1,200C + 48", "1,200C", (5, 5), 1),
        ("3x3-64,3x3-128", "576C + 73,728", "576C + 73,920", "576C + 73,728", (5, 5), 2),
        # Howard et al. 2017, section 3.1: k²C for the maps, C·M to mix them
        ("3x3@dw,1x1", "C² + 9C", "C² + 11C", "C² + 9C", (3, 3), 2),
        ("1x1-64,3x3@dw", "64C + 576", "64C + 704", "64C + 576", (3, 3), 2),  # depthwise keeps its 64
        ("3x3-128@dw", "1,152", "1,280", "1,152", (3, 3), 1),  # two filters a channel where C is 64
        ("3x3@g32", "9C²/32", "9C²/32 + C", "9C²/32", (3, 3), 1),
        ("3x3@g3", "3C²", "3C² + C", "3C²", (3, 3), 1),
        # what a later stride skips is computed: 4 positions of the first layer for one of the last
        ("3x3,3x3/2", "18C²", "18C² + 2C", "45C²", (5, 5), 2),
        ("3x3/2,3x3", "18C²", "18C² + 2C", "18C²", (7, 7), 2),  # 3 + 2·2
    ],
)
def test_a_stack_in_c(text, weights, with_biases, macs, field, layers):
    found = costs(text)
    assert [str(f) for f in (found.weights, found.with_biases, found.work["macs"])] == [
        weights,
        with_biases,
        macs,
    ]
    assert (found.field, found.nonlinearities) == (field, layers)


@pytest.mark.parametrize(
    ("text", "largest"),
    [
        ("3x3x3", ["9C²"]),
        ("3x3,5x5,3x3", ["25C²"]),
        ("3x3@dw,1x1", ["9C", "C²"]),  # 9C is more up to C = 8
        ("1x1-16,5x5-48", ["16C", "19,200"]),  # 25·16·48, more up to C = 1,199
        ("1x1-64,3x3", ["576C"]),  # 9·64·C for any C
    ],
)
def test_the_largest_layer_is_one_or_depends_on_c(text, largest):
    assert [str(formula) for formula in costs(text).largest] == largest


@pytest.mark.parametrize(
    ("spellings", "layers"),
    [
        (["3x3x3", "3x3*3", "3x3,3x3,3x3", "3×3×3", "3X3, 3x3 ,3x3", "3x3x2,3x3"], [StackLayer((3, 3))] * 3),
        (["7x7", "7x7x1", "7 x 7", "7x7/1", "7x7@g1"], [StackLayer((7, 7))]),
        (["3x5", "3x5*1"], [StackLayer((3, 5))]),
        (["3x3-64/2@g32", "3x3@g32/2-64"], [StackLayer((3, 3), 64, 2, 32)]),
        (["5x5@dw", "5x5@DW"], [StackLayer((5, 5), depthwise=True)]),
        (["3x3x2-64", "3x3-64*2", "3x3-64,3x3-64"], [StackLayer((3, 3), 64)] * 2),
        (["3x3@d2", "conv3@d2", "conv3x3@d2/1"], [StackLayer((3, 3), dilation=2)]),
        (["maxpool3/2", "maxpool3x3/2", "pool_3/2"], [StackLayer((3, 3), stride=2, kind="maxpool")]),
        (["avgpool2x3", "meanpool2x3*1"], [StackLayer((2, 3), stride=None, kind="avgpool")]),
    ],
)
def test_spellings_of_the_same_stack(spellings, layers):
    assert [stack(text).layers for text in spellings] == [tuple(layers)] * len(spellings)


@pytest.mark.parametrize(
    ("text", "multiple"),
    [
        ("3x3", 1),
        ("3x3@g4,3x3@g6", 12),
        ("3x3-12@g4", 4),  # C channels in
        ("1x1-12,3x3@g6", 6),  # C channels out
        ("1x1-64,3x3-64@g32,1x1", 1),
        ("1x1-64,3x3@dw,3x3-64@g32,1x1", 1),
        ("3x3@dw,1x1@g2", 2),
    ],
)
def test_the_groups_ask_c_to_be_a_multiple(text, multiple):
    assert stack(text).multiple == multiple


@pytest.mark.parametrize(
    ("text", "stacks", "size"),
    [
        ("3x3", True, False),
        ("3x3x3", True, False),  # a stack, though an image might be 3x3x3, too
        ("3x224x224", True, True),
        ("1x28x28", True, True),
        ("3x16x112x112", True, True),
        ("7", True, False),
        ("14x14", True, False),
        ("maxpool3/2", True, False),
        ("conv3,maxpool2", True, False),
        ("resnet50", False, False),
        ("linear10", False, False),
        ("./3x3", False, False),
        ("3x3.yaml", False, False),
        ("3dnet", False, False),
        ("-", False, False),
    ],
)
def test_what_is_taken_for_a_stack_and_for_a_size(text, stacks, size):
    assert (is_stack(text), is_size(text)) == (stacks, size)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "3x3x3x3",
            "'3x3x3x3' is ambiguous: it has 4 numbers\nhint: write 3x3*3 or 3x3,3x3: KxKxN is N layers",
        ),
        (
            "3x5x2",
            (
                "'3x5x2' is ambiguous: it may be 3x5 2 times, a kernel of three sides or the size of an input\n"
                "hint: write 3x5*2 for layers; an input is --input 3x5x2"
            ),
        ),
        (
            "3x3/2*3",
            (
                "'3x3/2*3' is ambiguous: it may stride once or in every layer\n"
                "hint: write 3x3/2,3x3*2 or 3x3/2,3x3/2,3x3/2"
            ),
        ),
        (
            "3x3x2/2",
            "'3x3x2/2' is ambiguous: it may stride once or in every layer\nhint: write 3x3/2,3x3 or 3x3/2,3x3/2",
        ),
        ("3x3x3*2", "'3x3x3*2' is ambiguous: it says twice how often, 3 and 2\nhint: write 3x3*3"),
        ("3", "'3' is no layer of a stack\nhint: write 3x3"),
        (
            "3x3,,3x3",
            (
                "'3x3,,3x3' has a comma without a layer\n"
                "hint: a layer is KxK and what follows it, such as 3x3, 3x3-64 or maxpool3/2"
            ),
        ),
        (
            "3x3,relu",
            "'relu' is no layer of a stack\nhint: a layer is KxK and what follows it, such as 3x3, 3x3-64 or maxpool3/2",
        ),
        (
            "3x3@32",
            (
                "'3x3@32': '@32' is not understood\n"
                "hint: after the kernel come -64 for channels out, /2 for a stride, @d2 for dilation, "
                "@g32 or @dw for groups, *3 for times"
            ),
        ),
        ("3x3-64-32", "'3x3-64-32' states its width twice"),
        ("3x3@g2@dw", "'3x3@g2@dw' states its groups twice"),
        ("3x3@dw@g2", "'3x3@dw@g2' states its groups twice"),
        ("3x0", "'3x0' holds a 0\nhint: all numbers are at least 1"),
        ("3x3*0", "'3x3*0' holds a 0\nhint: all numbers are at least 1"),
        ("3x3@g0", "'3x3@g0' holds a 0\nhint: all numbers are at least 1"),
        (
            "3x3*1001",
            "'3x3*1001' has more than 1,000 layers\nhint: set ARCHCALC_MAX_STACK_LAYERS to allow more",
        ),
        ("3x3-12345678", "'3x3-12345678' holds a number of 8 digits; the most is 7"),
        # the convolution's own facts
        (
            "3x3-48@g32",
            "stack '3x3-48@g32': conv 'conv1': 48 filters do not split into 32 groups\nhint: groups must divide 48",
        ),
        (
            "3x3-9,3x3@g6",
            (
                "stack '3x3-9,3x3@g6': conv 'conv2': 9 input channels do not split into 6 groups\n"
                "hint: groups must divide 9: 1, 3, 9"
            ),
        ),
    ],
)
def test_what_is_no_stack_or_ambiguous_is_refused(text, message):
    with pytest.raises(ArchcalcError) as refused:
        compare(text, "7x7")
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "alexnet",
            (
                "there is nothing to compare alexnet with\n"
                "hint: name two or more, as in 3x3x3 7x7 or resnet50 resnet101; or one network and two inputs"
            ),
        ),
        (
            "lenet5 1x32x32",
            (
                "there is nothing to compare lenet5 with\n"
                "hint: name two or more, as in 3x3x3 7x7 or resnet50 resnet101; or one network and two inputs"
            ),
        ),
        ("resnet50 resnt101", "there is no network called 'resnt101'\nhint: did you mean resnet101?"),
        (
            "3x3 7x7 --input 14",
            "a stack's input is height x width, not 14\nhint: such as 14x14, or 512x14x14 with its channels",
        ),
        ("3x3 7x7 --input 3x14x14 --channels 4", "the input has 3 channels, but --channels says 4"),
        (
            "3x3 7x7 --input 14x14 --input 7x7",
            "the input 14x14 has no channels\nhint: such as 512x14x14, or say --channels",
        ),
        ("3x3 7x7 --input 14xx", "input must be a size such as 3, 3x5 or [3, 5], not '14xx'"),
        (
            "3x3 7x7 --set classes=10",
            "parameters are set in networks, and all of these are stacks\nhint: leave that out, or compare networks",
        ),
        (
            "3x3 7x7 --train",
            "heads for training are in networks, and all of these are stacks\nhint: leave that out, or compare networks",
        ),
        (
            "3x3/2 7x7/2 --rounding ceil",
            "stacks are padded to keep their size, whatever is rounded: ceil\nhint: leave that out, or compare networks",
        ),
        (
            "lenet5 alexnet --channels 3",
            "channels are stated for stacks, and all of these are networks\nhint: --input changes what goes in",
        ),
        (
            "3x3@g32 3x3 --channels 48",
            (
                "stack '3x3@g32': conv 'conv1': 48 input channels do not split into 32 groups\n"
                "hint: groups must divide 48: 1, 2, 3, 4, 6, 8, 12, 16, 24, 48"
            ),
        ),
        (
            "3x224x224 3x320x320",
            (
                "'3x224x224' is ambiguous: it may be 3x224 224 times, a kernel of three sides or the size of an input\n"
                "hint: write 3x224*224 for layers; an input is --input 3x224x224"
            ),
        ),
    ],
)
def test_a_wrong_call_says_what_is_wrong(run, line, message):
    outcome = run("compare", *line.split())
    assert (outcome.status, outcome.out, outcome.err) == (2, "", f"{message}\n")


# Ratios by hand: 49/27; (C² + 9C)/9C² = 1/9 + 1/C, as Howard et al. 2017 have it: 1/M + 1/k².
@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("7x7", "3x3x3", Fraction(49, 27)),
        ("3x3x5", "11x11", Fraction(45, 121)),
        ("3x3@g32", "3x3", Fraction(1, 32)),
        ("3x3@dw,1x1", "3x3", "1/9 + 1/C"),
        ("1x1-16,5x5-48", "5x5-48", "1/75 + 16/C"),  # (16C + 19,200)/1,200C = 4/300 + 16/C
        ("3x3-64", "3x3", "64/C"),
        ("3x3@dw", "3x3", "1/C"),
        ("3x3-7@dw", "3x3", "7/C²"),
        ("3x3-1", "5x5", "9/(25C)"),
        ("3x3", "3x3-64", "C/64"),
        ("3x3", "3x3@dw,1x1", "nears 9"),
        ("3x3-64", "3x3@dw,1x1", "nears 0"),
        ("3x3", "1x1-16,5x5-48", "grows with C"),
    ],
)
def test_a_ratio_is_exact_or_says_where_it_goes(one, other, expected):
    assert costs(one).weights.over(costs(other).weights) == expected


sides = st.integers(1, 9)
suffixes = st.sampled_from(["", "-12", "/2", "@g2", "@g3", "@dw", "-24@g4", "-36/3"])
convolutions = st.builds("{}x{}{}".format, sides, sides, suffixes)
stacks = st.lists(convolutions, min_size=1, max_size=5).map(",".join)
pools = st.builds(
    "{}{}x{}{}".format,
    st.sampled_from(["maxpool", "avgpool", "lppool", "subsample"]),
    st.integers(1, 3),
    st.integers(1, 3),
    st.sampled_from(["", "/1", "/2", "/3"]),
)
pooled = st.lists(convolutions | pools, min_size=1, max_size=4).map(",".join)


@given(stacks, st.integers(1, 40), st.integers(1, 30), st.integers(1, 30))
def test_a_formula_at_a_number_is_what_the_engine_counts(text, twelfth, height, width):
    """The polynomial and the integers go through the same arithmetic: 12 is a multiple of every group above."""
    c = 12 * twelfth
    found = compare(text, "3x3", channels=c, input=f"{height}x{width}")
    report = archcalc.analyze(network(stack(text), (c, height, width)))
    assert found.stacks[0].with_biases.at(c) == report.totals.params
    assert found.stacks[0].macs_on_input.at(c) == report.totals.macs
    assert found.reports[0] == report
    biases = sum(row.output_shape[1] for row in report.rows if row.weights)
    assert found.stacks[0].weights.at(c) == report.totals.params - biases


@given(pooled, st.integers(1, 5), st.sampled_from([None, "ceil"]))
def test_a_stack_that_pools_counts_what_the_engine_counts(text, twelfth, rounding):
    c = 12 * twelfth
    of = stack(text)
    least = of.least
    size = f"{least[0] + 5}x{least[1] + 3}"
    found = compare(text, channels=c, input=size, rounding=rounding if of.pools else None)
    report = found.reports[0]
    cost = found.stacks[0]
    assert cost.with_biases.at(c) == report.totals.params
    assert cost.macs_on_input.at(c) == report.totals.macs
    rows = [row for row in report.rows if row.kind not in ("input", "relu")]
    assert (cost.layers, cost.nonlinearities) == (len(rows), sum(row.kind == "conv" for row in rows))
    # On an input that is one field large, an unpadded stack works on one position alone.
    if not cost.nonlinearities:
        alone = archcalc.analyze(network(of, (c, *least)))
        assert alone.rows[-1].output_shape[2:] == (1, 1)
        assert cost.field == least or any(
            k < s for layer in of.layers for k, s in zip(layer.kernel, layer.steps, strict=True)
        )
        kept = report.rows[-1].output_shape
        assert cost.discarded == 1 - kept[2] * kept[3] / ((least[0] + 5) * (least[1] + 3))


@pytest.mark.parametrize("text", ["maxpool3/2", "avgpool2", "subsample2", "lppool3/2", "maxpool2,maxpool2"])
def test_the_work_of_one_position_is_that_of_an_input_of_one_field_where_windows_do_not_overlap(text):
    of = stack(text)
    if len(of.layers) > 1 or of.layers[0].stride is None:
        assert of.least == tuple(costs(text).field)
    alone = archcalc.analyze(network(of, (7, *of.least)))
    assert {kind: formula.at(7) for kind, formula in costs(text).work.items()} == alone.totals.work._asdict()


def test_overlapping_pooling_compares_more_and_discards_as_much():
    """Krizhevsky, Sutskever & Hinton 2012, 3.4: z = 3, s = 2 against z = 2, s = 2; cs231n: 2x2/2 discards 75%."""
    found = compare("maxpool3/2", "maxpool2/2")
    assert [str(cost.work["comparisons"]) for cost in found.stacks] == ["8C", "3C"]
    assert [cost.discarded for cost in found.stacks] == [0.75, 0.75]
    on_input = compare("maxpool3/2", input="96x55x55")
    assert on_input.reports[0].rows[-1].output_shape == (1, 96, 27, 27)
    assert on_input.reports[0].totals.work.comparisons == 8 * 96 * 27 * 27


@given(stacks)
def test_no_coefficient_is_ever_rounded(text):
    found = costs(text)
    for formula in (found.weights, found.with_biases, found.work["macs"]):
        assert {type(c) for c in formula.coefficients} == {Fraction}
        assert all(12 % c.denominator == 0 for c in formula.coefficients)  # 2, 3 and 4 groups added up


def test_numpy_keeps_integers_that_no_float_holds():
    c = channels()
    formula = Formula.of((c + 1) * (3 * c + (2**80 + 1)) // 7)
    assert formula.coefficients == (Fraction(2**80 + 1, 7), Fraction(2**80 + 4, 7), Fraction(3, 7))
    assert costs("3x3x3").weights.at(10**30) == 27 * 10**60


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=4), st.lists(st.integers(-9, 9), min_size=1, max_size=4)
)
def test_what_exceeds_is_nowhere_less(one, other):
    more, less = (Formula.of(sum(c * channels() ** p for p, c in enumerate(cs))) for cs in (one, other))
    if more.exceeds(less):
        assert all(more.at(c) >= less.at(c) for c in range(1, 50))
        assert not less.exceeds(more)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "×1"),
        (1.0004, "×1.00"),
        (0.9996, "×1.00"),
        (49 / 27, "×1.81"),
        (1.5, "×1.5"),
        (0.04667, "×0.0467"),
        (12.34, "×12.3"),
        (1234.6, "×1,235"),
        (999.9, "×1,000"),
        ("1/9 + 1/C", "1/9 + 1/C"),
    ],
)
def test_a_factor_is_written_to_three_digits_and_is_1_only_where_it_is(value, text):
    assert RATIO.text(value) == text


def figures(run, *args):
    """Return the rows of a comparison by figure and part, each as a list of what is compared."""
    document = json.loads(run("compare", *args, "--format", "json").out)
    return {
        (row["figure"], row["part"] or ""): [row[label] for label in document["compared"]]
        for row in document["rows"]
    }


# Each by hand, from lecture notes on GoogLeNet, VGG and AlexNet.
@pytest.mark.parametrize(
    ("line", "figure", "expected"),
    [
        # 14·14·5·5·480·48 against 14·14·480·16 + 14·14·5·5·16·48 = 1,505,280 + 3,763,200
        (
            "5x5-48 1x1-16,5x5-48 --channels 480 --input 14x14",
            ("MACs on 14×14", "C = 480"),
            [112_896_000, 5_268_480],
        ),
        # 28x28x128 to 28x28x32 by 1x1: 28·28·128·32, and nine times as much by 3x3
        (
            "1x1-32 3x3-32 --input 128x28x28",
            ("MACs on 28×28", "C = 128"),
            [3_211_264, 28_901_376],
        ),
        ("1x1-32 3x3-32 --input 128x28x28", ("output", ""), [[32, 28, 28], [32, 28, 28]]),
        # 27·512² and 49·512²
        ("3x3x3 7x7 --channels 512", ("weights", "C = 512"), [7_077_888, 12_845_056]),
        ("3x3x3 7x7 --channels 512", ("with biases", "C = 512"), [7_079_424, 12_845_568]),
        ("3x3x3 7x7 --channels 512", ("largest layer", "C = 512"), [2_359_296, 12_845_056]),
        ("3x3x3 7x7 --input 14x14", ("MACs on 14×14", ""), ["5,292C²", "9,604C²"]),  # 196·27, 196·49
        ("3x3x3 7x7", ("weights", "layer by layer"), ["3 · 9C²", "49C²"]),
        ("3x3x3 7x7", ("receptive field", ""), [[7, 7], [7, 7]]),
        ("3x3x3 7x7", ("non-linearities", ""), [3, 1]),
        ("11x11 3x3x5", ("weights", ""), ["121C²", "45C²"]),
        ("11x11 3x3x5", ("receptive field", ""), [[11, 11], [11, 11]]),
        # 9·96·96 against 9·96 + 96·96
        ("3x3 3x3@dw,1x1 --channels 96", ("weights", "C = 96"), [82_944, 10_080]),
        ("3x3/2 3x3 --input 16x15x15", ("output", ""), [[16, 8, 8], [16, 15, 15]]),
        ("3x3 3x3 --batch 4 --input 2x5x5", ("output", ""), [[2, 5, 5], [2, 5, 5]]),
        # four samples: 4·25·9·2·2; FLOPs are twice that, a bias and a ReLU for each of the 200 outputs
        ("3x3 7x7 --batch 4 --input 2x5x5", ("MACs on 5×5", "C = 2"), [3_600, 19_600]),
        ("3x3 7x7 --batch 4 --input 2x5x5", ("FLOPs", ""), [7_600, 39_600]),
        # a stack beside a network gets its input: 1x32x32, so C = 1; 32·32·27 MACs, 27 + 3 parameters
        ("lenet5 3x3x3", ("MACs", ""), [416_520, 27_648]),
        ("3x3x3 lenet5", ("parameters", ""), [30, 61_706]),
        ("lenet5 3x3-8 --input 36x36", ("output", ""), [[10], [8, 36, 36]]),
        (
            "lenet5 3x3-8 --channels 3",
            ("parameters", ""),
            [62_006, 224],
        ),  # LeNet-5 on three channels; 27·8 + 8
    ],
)
def test_examples_worked_by_hand(run, line, figure, expected):
    assert figures(run, *line.split())[figure] == expected


def test_machines_are_told_which_field_is_the_whole_input(run):
    """EfficientNet's gates see everything; SqueezeNet has none."""
    said = figures(run, "efficientnet_b0", "squeezenet1_1")
    assert said["receptive field", "whole"] == [True, False]
    assert said["receptive field", ""][0] is None
    assert said["receptive field", "without gates"][0] == [851, 851]
    assert ("receptive field", "whole") not in figures(run, "3x3x3", "7x7")
    assert "yes" not in run("compare", "efficientnet_b0", "squeezenet1_1").out


def test_the_headline_says_the_ratio_as_it_is_worked_out(run):
    out = run("compare", "3x3x3", "7x7").out
    assert (
        "7x7 against 3x3x3: weights and MACs 49C² / 27C² = 1.81, 81% more; both see 7×7; 1 non-linearity in place of 3"
    ) in " ".join(out.split())


# 7·7·1024·1024 weights between the last maps and 1024 units, where averaging each map has none
HEAD = "input: 1024x7x7\nlayers:\n  - {}\n  - flatten\n"
CONNECTED = HEAD.replace("  - {}\n", "") + "  - linear: {out: 1024, bias: false}\n"
AVERAGED = HEAD.format("global_avgpool")
# Two 3x3 from 64 maps to 64, brought together, and a 1x1 to 64: 2·9·64·64 + 64·64 where they are added and
# 2·9·64·64 + 128·64 where they lie side by side. On 8x8 the sum is 4,096 additions.
MERGED = """\
name: {op}
input: 64x8x8
layers:
  - {op}:
    - [conv: {{out: 64, kernel: 3, padding: 1, bias: false}}]
    - [conv: {{out: 64, kernel: 3, padding: 1, bias: false}}]
  - conv: {{out: 64, kernel: 1, bias: false}}
"""


def test_a_fully_connected_head_against_global_average_pooling(network):
    one, other = compare(network(CONNECTED), network(AVERAGED)).reports
    assert (one.totals.params, other.totals.params) == (51_380_224, 0)
    assert one.rows[-1].output_shape == other.rows[-1].output_shape == (1, 1024)


def test_sum_against_concatenation(network):
    found = compare(*(network(MERGED.format(op=op)) for op in ("add", "concat")))
    one, other = found.reports
    assert (one.totals.params, other.totals.params) == (77_824, 81_920)
    assert one.totals.work.additions - other.totals.work.additions == 4_096
    assert found.shared == 3  # the input and both branches
    changed, missing, added = found.differences[1]
    assert (changed.name, changed.before.input_shapes, changed.after.input_shapes) == (
        "conv1",
        ((1, 64, 8, 8),),
        ((1, 128, 8, 8),),
    )
    assert (missing.before.kind, missing.after, added.before, added.after.kind) == (
        "add",
        None,
        None,
        "concat",
    )


# torchvision's figures. A bottleneck of conv4_x beyond the first has 1024·256 + 9·256·256 + 256·1024 weights and
# 2·(256 + 256 + 1024) of normalisation: 1,117,184; ResNet-101 has 17 more than ResNet-50, each of 10 layers.
def test_networks_side_by_side(run):
    found = figures(run, "resnet50", "resnet101", "resnet152")
    assert found["parameters", ""] == [25_557_032, 44_549_160, 60_192_808]
    assert found["MACs", ""] == [4_089_184_256, 7_801_405_440, 11_513_626_624]
    assert found["depth", ""] == [50, 101, 152]
    fifty, hundred, _ = found["parameters", "conv4_x"]
    assert hundred - fifty == 17 * 1_117_184
    for figure in ("parameters", "MACs"):
        for place in range(3):
            parts = [row[place] for (name, part), row in found.items() if name == figure and part]
            assert sum(parts) == found[figure, ""][place]


# Up to conv3_x: 5 layers before the stages, then units of 10 layers, 12 where the shortcut has a projection.
@pytest.mark.parametrize(
    ("others", "shared"),
    [
        (["resnet50", "resnet101"], 5 + (12 + 20) + (12 + 30) + (12 + 50)),
        (["resnet50", "resnet101", "resnet152"], 5 + (12 + 20) + (12 + 30)),
        (["resnet50", "wide_resnet50_2"], 5),
        (["resnet50", "alexnet"], 1),
        (["resnet50", "resnet50"], 176),
    ],
)
def test_the_shared_prefix(others, shared):
    assert compare(*others).shared == shared


@pytest.mark.parametrize(
    ("one", "other", "note"),
    [
        ("resnet50", "resnet101", "only in resnet101: 170 layers, conv4_x.bottleneck7 to bottleneck23"),
        ("resnet101", "resnet50", "only in resnet101: 170 layers, conv4_x.bottleneck7 to bottleneck23"),
        ("resnet50", "resnet101", "the first 141 layers are the same, up to conv4_x.bottleneck6.relu1"),
        ("resnet50", "resnet50", "all 176 layers are the same; only sizes may differ"),
        ("resnet50", "alexnet", "the first layer after the input differs already"),
        ("vgg16", "vgg19", "and 2 more"),
        # torchvision's conv1 has 64 filters and padding 2, conv2 192 and conv4 256; fc6 and the rest follow
        (
            "alexnet",
            "alexnet_torchvision",
            (
                "alexnet_torchvision changes conv1 (out 96 → 64, with padding 2), conv2 (out 256 → 192), "
                "conv4 (out 384 → 256)"
            ),
        ),
        ("alexnet", "alexnet_torchvision", "only in alexnet: 3 layers, norm1, norm2, softmax1"),
        ("alexnet_torchvision", "alexnet", "conv1 (out 64 → 96, without padding 2)"),
    ],
)
def test_what_differs_is_named(run, one, other, note):
    assert note in " ".join(run("compare", one, other, COLUMNS=400).out.split())


def test_differences_fold_blocks_and_number_runs_without_gaps(network):
    text = "input: 1x8x8\nlayers:\n" + "".join(
        f"  - conv: {{name: c{n}, out: 1, kernel: 1}}\n" for n in range(1, 8)
    )
    fewer = "".join(line for line in text.splitlines(keepends=True) if "name: c4" not in line)
    bare = "input: 1x8x8\nlayers:\n  - conv: {name: c4, out: 1, kernel: 1}\n"
    reports = [archcalc.analyze(network(spec)) for spec in (text, fewer, bare)]
    assert [(d.name, d.last, d.layers) for d in differences(reports[1], reports[0])] == [("c4", "c4", 1)]
    assert [(d.name, d.last, d.layers) for d in differences(reports[2], reports[0])] == [
        ("c1", "c3", 3),
        ("c5", "c7", 3),
    ]
    assert count_shared(reports) == 2  # by what they are, not by their names


# Without its linear layer's 2,048,000 MACs ResNet-50 grows with the area: (320/224)² = 100/49.
@pytest.mark.parametrize(
    "line",
    [
        "resnet50 --input 3x224x224 3x320x320",
        "resnet50 --input 3x224x224 --input 3x320x320",
        "resnet50 3x224x224 3x320x320",
        "3x224x224 resnet50 3×320×320",
    ],
)
def test_settings_of_one_network(run, line):
    found = figures(run, *line.split())
    assert found["MACs", ""] == [4_089_184_256, (4_089_184_256 - 2_048_000) * 100 // 49 + 2_048_000]
    assert found["parameters", ""] == [25_557_032] * 2
    assert found["input", ""] == [[3, 224, 224], [3, 320, 320]]


def test_several_networks_on_several_inputs():
    found = compare("resnet18", "resnet34", input=["3x64x64", "3x96x96"])
    assert found.labels == ("resnet18 3×64×64", "resnet18 3×96×96", "resnet34 3×64×64", "resnet34 3×96×96")
    assert [report.input_shape[1] for report in found.reports] == [64, 96, 64, 96]


def test_options_reach_the_networks(run):
    found = figures(run, "vgg16", "vgg19", "--set", "classes=10", "--batch", "2", "--dtype", "float16")
    # fc8 has 4096·10 + 10; VGG-16 has 138,357,544 parameters with 4,097,000 there
    assert found["parameters", ""][0] == 138_357_544 - 4_097_000 + 40_970
    assert found["weight memory", ""][0] == 2 * found["parameters", ""][0]
    assert found["MACs", "fc8"] == [2 * 40_960] * 2


def test_the_same_twice_has_two_names():
    assert compare("3x3", "3x3", "5x5").labels == ("3x3", "3x3 (2)", "5x5")
    assert compare("lenet5", "LeNet-5".replace("-", ""), "3x3").labels == ("lenet5", "lenet5 (2)", "3x3")


def test_small_stages_are_added_up_for_people_only(run):
    table = run("compare", "googlenet", "alexnet", "--by", "stage").out
    rows = json.loads(run("compare", "googlenet", "alexnet", "--format", "json").out)["rows"]
    assert "below 2% each" in table
    assert {"conv2_reduce", "inception5b"} <= {row["part"] for row in rows}


@pytest.mark.parametrize("form", ["csv", "markdown", "latex"])
def test_every_format_has_every_column(run, form):
    out = run("compare", "3x3x3", "7x7", "--format", form).out
    rows = [line for line in out.splitlines() if "MACs per output position" in line]
    assert all(text in rows[0] for text in ("27C", "49C", "1.81"))


@pytest.mark.parametrize("width", [80, 120, 200])
def test_no_line_is_wider_than_the_screen(run, width):
    for line in (
        "resnet50 resnet101 resnet152",
        "vgg16 vgg19 resnet50 alexnet",
        "3x3 5x5 7x7 --input 512x14x14",
    ):
        out = run("compare", *line.split(), COLUMNS=width).out
        assert max(map(len, out.splitlines())) <= width
        assert "…" not in out


def test_machines_get_exact_coefficients_and_every_difference(run):
    stacks = json.loads(run("compare", "3x3@g32", "7x7", "--format", "json").out)
    assert stacks["formulas"][0] == {
        "weights": ["0", "0", "9/32"],
        "weights_and_biases": ["0", "1", "9/32"],
        "macs_per_position": ["0", "0", "9/32"],
        **{f"{kind}_per_position": ["0"] for kind in Work._fields[1:]},
    }
    networks = json.loads(run("compare", "resnet50", "resnet101", "--format", "json").out)
    assert networks["shared_prefix"] == 141
    assert networks["differences"] == [
        {
            "network": "resnet101",
            "name": "conv4_x.bottleneck7",
            "last": "conv4_x.bottleneck23",
            "layers": 170,
            "change": "added",
        }
    ]
    assert [one["network"]["name"] for one in networks["networks"]] == ["resnet50", "resnet101"]


def test_stages_of_unlike_networks_stand_together_before_the_next_one_that_both_have(run):
    rows = json.loads(
        run("compare", "alexnet", "vgg16", "resnet18", "--by", "stage", "--format", "json").out
    )["rows"]
    stages = [row["part"] for row in rows if row["figure"] == "parameters" and row["part"]]
    assert stages == [
        *("conv1", "batchnorm1", "conv2", "conv3", "conv4", "conv5"),
        *(f"stage{number}" for number in range(1, 6)),
        *("conv2_x", "conv3_x", "conv4_x", "conv5_x"),
        *("fc6", "fc7", "fc8", "linear1"),
    ]
