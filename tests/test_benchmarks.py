"""The benchmark runs, and finds every tool's figures to be what `reconcile` says. What it measures is not judged."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).with_name("benchmarks")


def printed(*words):
    command = [sys.executable, BENCHMARKS, "--runs", "1", *words]
    done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "lines"),
    [
        ("process", ("25,557,032 parameters; 4,089,184,256 MACs", "| archcalc show resnet50 ")),
        ("calls", ("YAML to report", "analysis alone")),
        ("libraries", ("| show vgg16 / bare imports ", "| 10,000 layers, YAML to report / PyYAML")),
        pytest.param(
            "files",
            ("| archcalc params ", "5 times the nodes take archcalc"),
            marks=[
                pytest.mark.onnx,
                pytest.mark.skipif(not find_spec("onnx"), reason="ONNX is not installed"),
            ],
        ),
    ],
)
def test_a_part_runs_without_rivals(part, lines):
    out = printed(part, "--only", "archcalc")
    assert [line for line in lines if line not in out] == []


@pytest.mark.torch
@pytest.mark.parametrize(
    ("tool", "package"), [("torchinfo", "torchinfo"), ("fvcore", "fvcore"), ("onnx_tool", "onnx_tool")]
)
@pytest.mark.skipif(not find_spec("torch"), reason="PyTorch is not installed")
def test_a_rival_prints_what_reconcile_says(tool, package):
    """The benchmark ends with an error where the figures differ."""
    if not find_spec(package):
        pytest.skip(f"{package} is not installed")
    assert "as `reconcile` says" in printed("process", "--only", tool)


def test_a_part_that_is_not_there_is_refused():
    done = subprocess.run(
        [sys.executable, BENCHMARKS, "speed"], capture_output=True, check=False, encoding="utf-8"
    )
    assert (done.returncode, "there is no part speed" in done.stderr) == (2, True)
