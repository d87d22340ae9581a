"""Memory: the live set against a simulation that asks, at every step, who still needs each tensor."""

from __future__ import annotations

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import train
from archcalc.network.network import Network, Node
from archcalc.ops import REGISTRY

VIEWS = ("identity", "flatten", "dropout")


@st.composite
def networks(draw):
    """Draw a graph of flat layers: some make new tensors, some only look at their input."""
    nodes = [Node("input", REGISTRY["input"](shape=(draw(st.integers(1, 9)),)))]
    for number in range(draw(st.integers(1, 12))):
        kind = draw(st.sampled_from(["relu", "linear", "concat", *VIEWS]))
        settings = {"out": draw(st.integers(1, 30))} if kind == "linear" else {}
        inputs = [draw(st.integers(0, number)) for _ in range(2 if kind == "concat" else 1)]
        nodes.append(Node(f"n{number}", REGISTRY[kind](**settings), tuple(inputs)))
    return Network("random", tuple(nodes))


def live_sets(network, report):
    """Return the numbers in memory while each node runs: its output, and all that it or a later one reads."""
    nodes = network.nodes
    holder = []
    for position, node in enumerate(nodes):
        holder.append(holder[node.inputs[0]] if node.op.kind in VIEWS else position)
    size = [prod(row.output_shape) for row in report.rows]
    counts = []
    for now in range(len(nodes)):
        needed = {holder[now]}
        needed |= {holder[source] for later in nodes[now:] for source in later.inputs if source <= now}
        if holder[-1] <= now:
            needed.add(holder[-1])
        counts.append(sum(size[tensor] for tensor in needed if tensor <= now))
    return counts


@given(networks(), st.integers(1, 3))
def test_the_live_set_is_what_is_still_needed(network, batch):
    report = archcalc.analyze(network, batch=batch)
    expected = live_sets(network, report)
    assert [row.alive for row in report.rows] == expected
    assert report.totals.peak == max(expected)


@given(networks())
def test_the_peak_lies_between_the_largest_tensor_and_all_of_them(network):
    report = archcalc.analyze(network)
    sizes = [prod(row.output_shape) for row in report.rows]
    assert max(sizes) <= report.totals.peak <= sizes[0] + report.totals.activations


@pytest.mark.parametrize(
    ("layers", "peak", "why"),
    [
        ("[]", 12, "the input alone"),
        ("[relu]", 24, "input and output together"),
        ("[relu, relu, relu]", 24, "each is freed after the next"),
        ("[flatten]", 12, "a view is no new memory"),
        ("[relu, flatten, dropout: 0.5, linear: 5]", 24, "a view keeps its tensor: 12 + 12, then 12 + 5"),
        ("[linear: 30, relu, linear: 2]", 60, "30 and 30 are alive at once"),
        ("[add: [[relu], []]]", 36, "both branches and the sum: 3·12"),
        ("[add: [[linear: 12, linear: 12], []]]", 36, "the identity waits for the other branch"),
        ("[concat: [[linear: 1], [linear: 2]]]", 15, "12 + 1 + 2; at the end 1 + 2 + 3"),
        ("[channels: {stop: 1}, linear: 40]", 52, "a view of one channel holds all 12"),
    ],
)
def test_peaks_worked_out_by_hand(layers, peak, why, report_of):
    assert report_of(f"input: 12\nlayers: {layers}").totals.peak == peak, why


@pytest.mark.parametrize(
    ("layers", "everything", "in_place"),
    [
        ("[relu]", 12, 0),
        ("[linear: 5, relu]", 10, 5),
        ("[linear: 5, batchnorm, relu, dropout: 0.5]", 15, 10),
        (
            "[linear: 5, add: [[relu, linear: 5], []]]",
            20,
            20,
        ),  # the identity still needs what relu would overwrite
        ("[linear: 5, add: [[linear: 5], [relu]]]", 20, 15),  # here relu is the last to need it
        ("[linear: 5, flatten, add: [[relu], []]]", 15, 15),  # a view of it is needed
    ],
)
def test_activations_written_in_place_are_left_out_of_that_column(layers, everything, in_place, report_of):
    totals = report_of(f"input: 12\nlayers: {layers}").totals
    assert (totals.activations, totals.in_place) == (everything, in_place)


# Plain SGD keeps nothing, momentum a velocity, Adam (Kingma & Ba 2014) and AdamW two moments for each parameter.
@pytest.mark.parametrize(("optimizer", "state"), [("sgd", 0), ("momentum", 1), ("adam", 2), ("adamw", 2)])
def test_a_step_of_training_has_gradients_the_optimizers_state_and_what_is_kept(optimizer, state, report_of):
    report = report_of("input: 4\nlayers: [linear: 3, batchnorm, relu, flatten, linear: 2]")
    learnt = (4 * 3 + 3) + 2 * 3 + (3 * 2 + 2)
    found = train(report, TrainingStep(optimizer, device="cpu"))
    assert found.resident == {
        "weights": 4 * learnt,
        "buffers": 4 * 2 * 3,
        "input": 4 * 4,
        "optimizer": 4 * state * learnt,
    }
    assert found.gradients_bytes == 4 * learnt
    # input, linear, statistics, relu, which the next linear shares, output
    assert found.kept_bytes == 4 * (4 + 3 + 2 * 3 + 3 + 2)


@pytest.mark.parametrize(
    ("name", "mebibytes"),
    [("vgg16", 58), ("vgg19", 63), ("resnet50_original", 103), ("resnet101_original", 155), ("resnet152_original", 219), ("inception_v3", 89), ("densenet121", 126), ("mobilenet_v1", 38)],
)  # fmt: skip
def test_feature_memory_is_what_convnet_burden_publishes(name, mebibytes):
    """Albanie's convnet-burden, "feature memory": single precision, ReLU in place, one image."""
    report = archcalc.analyze(archcalc.load(name))
    assert round(report.totals.in_place * report.bytes_each / 2**20) == mebibytes


def test_a_weight_by_itself_is_no_activation_and_an_unknown_size_counts_for_nothing(network):
    made = network("input: 6\nlayers: [{add: [[], [{parameter: 6}]]}]")
    report = archcalc.analyze(made)
    assert [row.alive for row in report.rows] == [
        6,
        6,
        12,
    ]  # the input; the parameter is weight; what is added
    assert report.weight_bytes == 6 * 4
    unknown = archcalc.analyze(network("input: 6\nlayers: [{unaccounted: {what: x, branches: [[]]}}]"))
    assert (unknown.totals.peak, unknown.totals.activations) == (6, 0)
