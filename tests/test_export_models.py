"""Models that PyTorch exported are written as what they compute, with the weights of the file."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from values import FRAMEWORKS, assert_alike, assert_written

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.onnx.read import read
from archcalc.formats.onnx.runtime import Session
from archcalc.op.site import Site

pytest.importorskip("onnx", reason="ONNX is not installed")
pytest.importorskip("onnxruntime", reason="ONNX Runtime is not installed")
torch = pytest.importorskip("torch", reason="PyTorch is not installed")
from models import MODELS, inputs_of, made  # noqa: E402  (only where PyTorch is installed)

pytestmark = [pytest.mark.onnx, pytest.mark.torch]
QUICK = ("shufflenet_v2", "swin", "gpt_tied", "beit", "pyramid")
UNSAID = {
    ("keras", "super_resolution"): "depth_to_space",
    ("keras", "crnn"): "lstm",
    ("keras", "gru"): "gru",
    ("keras", "elman"): "rnn",
}
"""What a framework has no layer for."""


def each():
    """Return every model for each framework: a few that run by default, and the others."""
    for to in FRAMEWORKS:
        for name in MODELS:
            marks = [pytest.mark.keras] if to == "keras" else []
            marks += [] if name in QUICK else [pytest.mark.slow]
            yield pytest.param(to, name, marks=marks)


def test_there_are_enough():
    assert len(MODELS) >= 60


@pytest.mark.parametrize(("to", "name"), [*each()])
@pytest.mark.filterwarnings("ignore")  # the exporter warns of itself
def test_an_exported_model_is_written_as_what_it_computes(to, name, tmp_path):
    path = tmp_path / f"{name}.onnx"
    model, inputs = made(name), inputs_of(name)
    torch.onnx.export(model, inputs, path, dynamo=False, opset_version=18)
    report, reading = archcalc.analyze(archcalc.load(path)), read(path)
    run = Session(path, {row.name: row.output_shape for row in report.inputs}, seed=0)
    if (to, name) in UNSAID:
        with pytest.raises(ArchcalcError, match=f"^{UNSAID[to, name]} "):
            archcalc.export(report, to=to)
        return
    entering = [np.asarray(run.inputs[row.name], np.float32) for row in report.inputs]
    found = assert_written(report, to, entering, partial(from_file, reading, run))
    theirs = [run.values[reading.tensors[place]] for place in report.run.outputs]
    assert_alike(found, theirs)


def from_file(reading, run, layer, place):
    """Return a layer's tensors with the numbers that the file has."""
    shapes = layer.op.tensors(Site(layer.at.xs))
    return {
        name: run.constant(it).reshape(shapes[name]) for name, it in reading.weights.get(place, {}).items()
    }
