"""A network as an ONNX model with placeholders for weights, which every program that runs ONNX can run."""

from __future__ import annotations

from archcalc.analysis.report import Report
from archcalc.formats.onnx.elements import write as elements
from archcalc.formats.onnx.inputs import write as inputs
from archcalc.formats.onnx.model import write_model
from archcalc.formats.onnx.norms import write as norms
from archcalc.formats.onnx.protos import serialise
from archcalc.formats.onnx.shapes import write as shapes
from archcalc.formats.onnx.weights import write as weights
from archcalc.formats.onnx.windows import write as windows
from archcalc.formats.onnx.write_table import REFUSED, TABLE
from archcalc.formats.registry import writer

__all__ = ["REFUSED", "TABLE", "elements", "inputs", "norms", "onnx", "shapes", "weights", "windows"]


@writer("onnx")
def onnx(report: Report, depth: int | None) -> bytes:
    """Return the bytes of an ONNX model in which every layer is a node of its name.

    The file holds no weights: each is made of one number when the model is loaded, so that numbers neither grow
    nor vanish on their way through the network.

    Raises:
        ArchcalcError: the onnx package is missing, or the network holds a layer that no ONNX file can hold.
    """
    text = "\n".join(filter(None, (report.title, report.source)))
    return serialise(write_model(report), name=report.name, text=text, dtype=report.dtype)
