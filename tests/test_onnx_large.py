"""Large ONNX files: memory is that of the graph, whatever the weights take; a process is asked for its peak.

Weights are holes in sparse files. How long it takes is the benchmark's business.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

onnx = pytest.importorskip("onnx", reason="ONNX is not installed")

pytestmark = pytest.mark.onnx

BENCHMARKS = Path(__file__).with_name("benchmarks")
MIB = 1 << 20
CHILD = """
import sys, archcalc
totals = archcalc.analyze(archcalc.load(sys.argv[1])).totals
status = open("/proc/self/status").read()  # ru_maxrss would hold the peak of whoever started this
print(totals.params, totals.macs, int(status.partition("VmHWM:")[2].split()[0]) * 1024)
"""


def asked(path):
    """Return parameters, multiply-accumulates and the peak memory of a process that reads a file, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD, path], capture_output=True, check=True, encoding="utf-8"
    )
    return tuple(map(int, done.stdout.split()))


@pytest.fixture
def files(monkeypatch):
    """Return the module that writes the benchmark's files."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import onnx_files

    return onnx_files


@pytest.fixture
def usual(onnx_file):
    """Return what a process takes that reads next to nothing."""
    return asked(onnx_file([("Relu", "x", "y")], {"x": [1, 1]}))[2]


@pytest.mark.slow
@pytest.mark.parametrize(("size", "outside"), [(600_000_000, False), (2_000_000_000, True)])
def test_weights_take_no_memory(files, usual, tmp_path, size, outside):
    path = tmp_path / "heavy.onnx"
    files.save_heavy(size, path, outside=outside)
    weight = path.with_suffix(".bin") if outside else path
    assert weight.stat().st_size >= size
    params, macs, peak = asked(path)
    assert (params, macs) == (size // 4, size // 4)
    assert peak < usual + 10 * MIB


@pytest.mark.parametrize("nodes", [10_000, pytest.param(50_000, marks=pytest.mark.slow)])
def test_memory_is_a_small_multiple_of_the_graph(files, usual, tmp_path, nodes):
    """Fifty thousand nodes in 7 MB: three kilobytes a node, in Python, with their report."""
    path = tmp_path / "nodes.onnx"
    files.save_residual(nodes, path)
    params, macs, peak = asked(path)
    assert (params, macs) == (nodes // 3 * 8 * 8, nodes // 3 * 8 * 8 * 8 * 8)
    assert peak < usual + 30 * path.stat().st_size
