"""In which type CUDA's autocast runs ops, against the lists in the autocast_mode.h of the PyTorch that is installed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from archcalc import REGISTRY
from archcalc.op.site import Shapes
from archcalc.ops.elements.elementwise import TRUTHS

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
pytestmark = pytest.mark.torch

AT = Shapes(((2, 8, 4),), (2, 8, 4))
FUNCTIONS = REGISTRY["function"].declared["by"].schema["enum"]
CALLED = [  # kind, settings, and the functions of the program that export writes, the last of which makes the output
    ("softmax", {}, ["softmax"]),
    ("log_softmax", {}, ["log_softmax"]),
    ("cumsum", {"axis": 1}, ["cumsum"]),
    *[
        ("reduce", {"axes": [2], "by": by}, called)
        for by, called in {
            "mean": ["mean"],
            "sum": ["sum"],
            "max": ["amax"],
            "min": ["amin"],
            "prod": ["prod"],
            "norm1": ["abs", "sum"],
            "norm2": ["linalg_vector_norm"],
            "sum_squares": ["pow", "sum"],
            "log_sum_exp": ["logsumexp"],
        }.items()
    ],
    *[("function", {"by": by}, [{"square": "pow"}.get(by, by)]) for by in FUNCTIONS if by not in TRUTHS],
    ("scalar", {"by": "divide", "value": 2}, ["div"]),
    ("scalar", {"by": "divide", "value": 2, "swapped": True}, ["reciprocal", "mul"]),
    ("scalar", {"by": "power", "value": 2}, ["pow"]),
    ("scalar", {"by": "power", "value": 2, "swapped": True}, ["pow"]),
    ("scalar", {"by": "subtract", "value": 2, "swapped": True}, ["rsub"]),
    ("layernorm", {}, ["layer_norm"]),
    ("groupnorm", {"groups": 2}, ["group_norm"]),
    ("resize", {"size": 5, "mode": "linear"}, ["upsample_linear1d"]),
    ("linear", {"out": 3}, ["linear"]),
    ("prelu", {}, ["prelu"]),
    ("einsum", {"equation": "nij->ni"}, ["sum"]),
]


def list_of(name):
    """Return the functions that a list of autocast's names."""
    header = Path(torch.__file__).parent / "include/ATen/autocast_mode.h"
    found = re.search(rf"#define AT_FORALL_{name}\(_\)((?:.*\\\n)+.*)", header.read_text())
    return {*re.findall(r"_\((\w+)", found[1])}


@pytest.mark.parametrize(("kind", "settings", "called"), CALLED)
def test_an_op_runs_in_the_type_that_autocast_lists(kind, settings, called):
    """Inputs of what is on the first two lists are cast; the third makes a float32 output of inputs as they come."""
    low, full, output = map(list_of, ("LOWER_PRECISION_FP", "FP32", "FP32_SET_OPT_DTYPE"))
    op = REGISTRY[kind](**settings)
    at = AT._replace(y=op.output(AT))
    cast = "low" if called[0] in low else "float32" if called[0] in full else "as comes"
    assert op.cast(at, "cuda") == cast
    if cast == "as comes":
        assert op.widens(at, "cuda") == (called[-1] in output)
