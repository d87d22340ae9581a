"""Networks of Keras' applications: every weight has the shape that Keras gives it, where Keras has it."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from math import prod

import pytest
from values import keras_on_pytorch

import archcalc

slow = pytest.mark.slow
NORMALIZATION = 3 + 3 + 1
"""The mean and variance of the input's channels and a count, which EfficientNets of Keras hold, and count."""

# fmt: off
APPLICATIONS = [  # the model in Keras, the network here, the parameters and buffers that Keras' tables print for it
    ("ResNet50", "resnet50_keras", 25_636_712),
    ("ResNet101", "resnet101_keras", 44_707_176),
    ("ResNet152", "resnet152_keras", 60_419_944),
    ("ResNet50V2", "resnet50_v2", 25_613_800),
    ("ResNet101V2", "resnet101_v2", 44_675_560),
    ("ResNet152V2", "resnet152_v2", 60_380_648),
    ("DenseNet121", "densenet121", 8_062_504),
    ("DenseNet169", "densenet169", 14_307_880),
    ("DenseNet201", "densenet201", 20_242_984),
    ("MobileNet", "mobilenet_v1", 4_253_864),
    ("MobileNetV2", "mobilenet_v2", 3_538_984),
    ("MobileNetV3Small", "mobilenet_v3_small", 2_554_968),
    ("MobileNetV3Large", "mobilenet_v3_large", 5_507_432),
    ("EfficientNetB0", "efficientnet_b0", 5_330_571),
    ("EfficientNetB1", "efficientnet_b1", 7_856_239),
    ("EfficientNetB2", "efficientnet_b2", 9_177_569),
    ("EfficientNetB3", "efficientnet_b3", 12_320_535),
    ("EfficientNetB4", "efficientnet_b4", 19_466_823),
    ("EfficientNetB5", "efficientnet_b5", 30_562_527),
    ("EfficientNetB6", "efficientnet_b6", 43_265_143),
    ("EfficientNetB7", "efficientnet_b7", 66_658_687),
    ("InceptionV3", "inception_v3_keras", 23_851_784),
    ("Xception", "xception", 22_910_480),
    ("VGG16", "vgg16", 138_357_544),
    ("VGG19", "vgg19", 143_667_240),
]
QUICK = ("ResNet50", "ResNet50V2", "MobileNet", "MobileNetV2", "MobileNetV3Small", "InceptionV3", "Xception")
# fmt: on


@pytest.fixture
def keras():
    """Keras with the channels last, as it comes: programs that other tests run put them first for good."""
    keras = keras_on_pytorch()
    before = keras.config.image_data_format()
    keras.backend.clear_session()
    keras.config.set_image_data_format("channels_last")
    yield keras
    keras.config.set_image_data_format(before)


def trimmed(shape):
    """Return a shape without its last ones: of a 1x1 convolution of one position, what a linear layer has."""
    shape = [*shape]
    while shape and shape[-1] == 1:
        shape.pop()
    return (*shape,)


def theirs(layer):
    """Return the shape of each learnt weight of a layer of Keras, filters first, with that of its output."""
    *sizes, channels = layer.output.shape[1:]
    for weight in layer.trainable_weights:
        *taps, inner, outer = weight.shape if len(weight.shape) > 1 else (None, *weight.shape)
        apart = weight.path.endswith("depthwise_kernel") or type(layer).__name__ == "DepthwiseConv2D"
        if len(weight.shape) == 1:
            yield trimmed(weight.shape), trimmed((channels, *sizes))
        elif apart:
            yield trimmed((inner, outer, *taps)), trimmed((inner, *sizes))
        else:
            yield trimmed((outer, inner, *taps)), trimmed((channels, *sizes))


def ours(row):
    """Return the same of a row of a report."""
    return [(trimmed(shape), trimmed(row.output_shape[1:])) for shape in row.weights.values()]


def assert_same_weights(model, report):
    """Hold a network against a model of Keras, weight by weight, and what is kept beside the weights."""
    expected = Counter(chain.from_iterable(map(theirs, model.layers)))
    assert Counter(chain.from_iterable(map(ours, report.rows))) == expected
    kept = [w for layer in model.layers if layer.name != "normalization" for w in layer.non_trainable_weights]
    assert report.totals.buffers == sum(prod(weight.shape) for weight in kept)


@pytest.mark.parametrize(("model", "name", "total"), APPLICATIONS)
def test_keras_counts_buffers_among_the_parameters(model, name, total):
    report = archcalc.analyze(archcalc.load(name))
    figure, learnt = archcalc.reconcile(report, ["keras"])
    assert figure.value + NORMALIZATION * model.startswith("EfficientNet") == total
    assert learnt.value == report.totals.params


@pytest.mark.keras
@pytest.mark.parametrize(
    ("model", "name"),
    [pytest.param(*row[:2], marks=() if row[0] in QUICK else slow) for row in APPLICATIONS],
)
def test_every_weight_has_the_shape_that_keras_gives_it(keras, model, name):
    report = archcalc.analyze(archcalc.load(name))
    channels, *sizes = report.rows[0].output_shape[1:]
    with keras.device("meta"):
        built = getattr(keras.applications, model)(weights=None, input_shape=(*sizes, channels))
    assert_same_weights(built, report)


@pytest.mark.keras
@pytest.mark.parametrize(
    ("model", "name", "width"),
    [
        *(("MobileNet", "mobilenet_v1", width) for width in (0.25, 0.5, 0.75)),
        *(("MobileNetV2", "mobilenet_v2", width) for width in (0.35, 0.5, 0.75, 1.3, 1.4)),
    ],
)
def test_narrow_and_wide_mobilenets_are_those_of_keras(keras, model, name, width):
    with keras.device("meta"):
        built = getattr(keras.applications, model)(weights=None, alpha=width)
    assert_same_weights(built, archcalc.analyze(archcalc.load(name, parameters={"width": width})))


@pytest.mark.parametrize(
    ("width", "millions", "macs"),
    [(0.35, "1.66", 59), (0.5, "1.95", 97), (0.75, "2.61", 209), (1, "3.47", 300), (1.3, "5.34", 509), (1.4, "6.06", 582)],
)  # fmt: skip
def test_tf_slim_s_table_of_mobilenet_v2_leaves_normalisation_out(width, millions, macs):
    """TensorFlow's research/slim/nets/mobilenet/README.md, whose MACs are cut and not rounded."""
    report = archcalc.analyze(archcalc.load("mobilenet_v2", parameters={"width": width}))
    (figure,) = archcalc.reconcile(report, ["tf_slim"])
    assert f"{figure.value / 1e6:.2f}" == millions
    assert report.totals.macs // 10**6 == macs
