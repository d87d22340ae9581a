"""What a page says beside the figures of a layer: groups, dropout, conversion to convolutions; of a network: losses."""

from __future__ import annotations

import json

import pytest

import archcalc

CONVERTED = (
    "[conv: {out: 4096, kernel: 7}, relu, conv: {out: 4096, kernel: 1}, relu, conv: {out: 1000, kernel: 1}]"
)
HEADS = """\
name: n
input: 3x8x8
blocks:
  stage:
    parameters: {width: }
    layers:
      - conv: {out: width, kernel: 3, padding: 1}
      - auxiliary: {name: head, weight: 0.3, layers: [flatten, linear: 2]}
layers:
  - stage: {name: a, width: 3}
  - stage: {name: b, width: 3}
  - auxiliary: {name: last, weight: 1/4, layers: [relu]}
  - relu
"""


@pytest.fixture
def document(run):
    """Return a function that returns what a command writes with --format json."""

    def written(*args, stdin=""):
        return json.loads(run(*args, "--format", "json", stdin=stdin).out)

    return written


def test_vgg_converted_to_convolutions_slides_over_a_larger_image(document):
    """CS231n: on 384x384 the map is 12x12x512, and the scores are 6x6x1000; so makes a spec that says convolutions."""
    data = document("explain", "vgg16", "fc8", "--input", "3x384x384")["conversion"]
    assert (data["source"], data["without"], data["map"]) == (
        "stage5.pool",
        "adaptive_avgpool1",
        [512, 12, 12],
    )
    assert [(layer["layer"], layer["kernel"]) for layer in data["layers"]] == [
        ("fc6", [7, 7]),
        ("fc7", [1, 1]),
        ("fc8", [1, 1]),
    ]
    rows = archcalc.analyze(CONVERTED, input="512x12x12").rows
    made = [list(row.output_shape[1:]) for row in rows if row.kind == "conv"]
    assert [layer["output"] for layer in data["layers"]] == made == [[4096, 6, 6], [4096, 6, 6], [1000, 6, 6]]


@pytest.mark.parametrize(
    ("layers", "output"),
    [
        ("[flatten, linear: 7, relu, linear: {name: fc, out: 5}]", [5, 1, 1]),
        ("[adaptive_avgpool: 3, flatten, linear: {name: fc, out: 5}]", [5, 2, 7]),
        (
            "[adaptive_avgpool: 3, flatten, linear: 7, batchnorm, sigmoid, linear: {name: fc, out: 5}]",
            [5, 2, 7],
        ),
        ("[global_avgpool, flatten, linear: {name: fc, out: 5}]", [5, 1, 1]),
        ("[adaptive_avgpool: 10, flatten, linear: {name: fc, out: 5}]", None),  # a map that is smaller
        ("[flatten, linear: 7, softmax, linear: {name: fc, out: 5}]", None),  # it mixes what it is given
        ("[flatten, linear: {name: fc, out: 5}, linear: 3]", [5, 1, 1]),
        ("[conv: {name: fc, out: 5, kernel: 3}]", None),
    ],
)
def test_a_line_of_fully_connected_layers_behind_a_map_is_converted(document, layers, output):
    data = document("explain", "-", "fc", stdin=f"name: n\ninput: 2x4x9\nlayers: {layers}\n")["conversion"]
    assert (data and data["layers"][-1]["output"]) == output


def test_each_group_of_a_convolution_sees_its_own_channels(document, run):
    """Krizhevsky et al. 2012: 128 kernels of 5x5x48 on each GPU in the second layer, 192 of 3x3x192 in the fourth."""
    assert document("explain", "alexnet_two_gpus", "conv2")["groups"] == {
        "number": 2,
        "sees": 48,
        "makes": 128,
        "weight": [128, 48, 5, 5],
    }
    out = run("explain", "alexnet_two_gpus", "conv4", COLUMNS=160).out
    assert "2 groups: each sees 192 of 384 channels and makes 192 of 384 with 192 filters of 192×3×3" in out
    for plain in ("conv3", "relu1", "fc6"):
        assert document("explain", "alexnet_two_gpus", plain)["groups"] is None


def test_the_halves_of_alexnet_are_the_network_of_two_groups():
    whole, halves = archcalc.analyze("alexnet_two_gpus"), archcalc.analyze("alexnet_two_towers")
    assert (whole.totals.params, whole.totals.macs) == (halves.totals.params, halves.totals.macs)
    assert whole.output.output_shape == halves.output.output_shape


@pytest.mark.parametrize(
    ("rate", "kept", "scale"), [(0.5, 2048, 2), (0.75, 1024, 4), (0, None, None), (1, 0, None)]
)
def test_dropout_leaves_out_a_share_in_training(document, rate, kept, scale):
    """Srivastava et al. 2014, with the scale in training, as PyTorch has it."""
    data = document("explain", f"dropout: {rate}", "--input", "4096")["left_out"]
    if kept is None:
        assert data is None
    else:
        assert data == {"probability": rate, "numbers": 4096, "kept": kept, "scale": scale}


def test_the_page_says_what_dropout_does(run):
    out = run("explain", "alexnet_torchvision", "dropout1", COLUMNS=160).out
    assert "p = 0.5: 4,608 of 9,216 stay on average, multiplied by 1/(1 − 0.5) = 2" in out
    assert "at inference all 9,216 stay as they are" in out


def test_the_losses_of_heads_have_their_weights(document, run):
    """Szegedy et al. 2014, section 5: the losses of the auxiliary classifiers are weighted by 0.3."""
    assert document("explain", "googlenet")["heads"]["losses"] == {"aux1": 0.3, "aux2": 0.3}
    assert "each loss has the weight 0.3" in run("explain", "googlenet", COLUMNS=200).out
    assert document("explain", "-", stdin=HEADS)["heads"]["losses"] == {
        "a.head": 0.3,
        "b.head": 0.3,
        "last": 0.25,
    }
    out = run("explain", "-", stdin=HEADS, COLUMNS=200).out
    assert "their losses have the weights 0.3 for a.head, 0.3 for b.head, 0.25 for last" in out


def test_the_weight_of_a_loss_is_written_and_read_back():
    written = archcalc.export(archcalc.analyze("googlenet"), to="spec")
    assert archcalc.loads(written).losses == archcalc.load("googlenet").losses == {"aux1": 0.3, "aux2": 0.3}


def test_a_network_shows_the_parameters_of_its_spec(run):
    """Huang et al. 2016: DenseNet-121 has a growth rate of 32."""
    assert (
        "spec parameters      growth 32, stem 64, depths [6, 12, 24, 16]" in run("explain", "densenet121").out
    )
    assert "spec parameters" not in run("explain", "conv: {out: 8, kernel: 3}", "--input", "3x8x8").out


def test_memory_counts_activations_with_the_input_and_with_gradients(run):
    """CS231n's table of VGG-16 lists 15,237,608 numbers, where it claims 24M; three maps of it are 9,633,792."""
    out = run("memory", "vgg16", "--set", "adaptive=false", COLUMNS=200).out
    assert "15,237,608, 58.1 MiB with the input" in out
    assert "gradient for each" not in out
    layers = "[repeat: {times: 3, layers: [conv: {out: 64, kernel: 3, padding: 1}]}]"
    out = run("memory", layers, "--input", "3x224x224", "--train", COLUMNS=200).out
    assert "9,633,792, 36.8 MiB" in out
    assert "73.5 MiB with a gradient for each" in out


def test_shapes_of_weights_are_a_column(document, run):
    """Deep Learning from Scratch, 7.5: W1 is (30, 1, 5, 5) and b1 30; W2 is 4320x100, here outputs first."""
    rows = {
        row["layer"]: row["weights"]
        for row in document("params", "simple_convnet", "--split", "--per-layer")["rows"]
    }
    assert rows["conv1"] == {"weight": [30, 1, 5, 5], "bias": [30]}
    assert rows["linear1"] == {"weight": [100, 4320], "bias": [100]}
    out = run("show", "simple_convnet", "--columns", "layer,weights").out
    assert "weight 30×1×5×5, bias 30" in out


def test_layer_types_of_one_network_alone_are_named(run):
    """LeCun et al. 1998 have sigmoids and trained subsampling, and its modern form ReLU and max pooling."""
    out = run("compare", "lenet5_1998", "lenet5").out
    assert "layer types of lenet5_1998 alone: scaled_tanh, subsample, rbf\n" in out
    assert "layer types of lenet5 alone: relu, maxpool, softmax\n" in out
    assert "layer types" not in run("compare", "resnet50", "resnet101").out


def test_stacks_stand_side_by_side_on_several_inputs(document):
    """d2l, channels, exercise 3: twice the channels in and out are four times the work."""
    rows = document("compare", "3x3", "--input", "16x14x14", "--input", "32x14x14")["rows"]
    (macs,) = (row for row in rows if row["figure"] == "MACs" and row["part"] is None)
    assert (macs["16×14×14"], macs["32×14×14"]) == (451_584, 1_806_336)
