"""What several test files need: a network from a text, one op on its own, the command line run and heard."""

from __future__ import annotations

import gc
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings
from known import FEW, NAMES, read_once
from quick import Clock, list_few

import archcalc
from archcalc.commands.cli import main
from archcalc.formats import specs
from archcalc.formats.language.read import Document
from archcalc.ground.collector import pause_collector
from archcalc.ground.errors import SourceText
from archcalc.ground.limits import LIMITS
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents
from archcalc.ops import REGISTRY
from archcalc.questions.calibrate import calibrate as asked

settings.register_profile("patient", deadline=None, database=None, derandomize=True, max_examples=40)
settings.register_profile("thorough", deadline=None, database=None, derandomize=True, max_examples=100)
settings.register_profile("restless", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "patient"))
"""The same examples in every run, more of them in that of CI; `restless` draws a thousand new ones for each property."""

USUAL_THREADS = os.environ.get("OMP_NUM_THREADS")
os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Tests run side by side, one for each core: threads beside them, of NumPy's OpenBLAS or PyTorch, only get in the way."""


@pytest.fixture(scope="session", autouse=True)
def _own_specs_are_read_once():
    own, read = specs.own_folder(), specs.document_in
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            specs, "document_in", lambda path: read_once(path) if path.parent == own else read(path)
        )
        yield


@pytest.fixture(scope="session")
def network():
    """Return a function that makes a network of a spec's text."""

    def made(text, **parameters):
        return Document(SourceText("spec.yaml", text)).network(None, parameters)

    return made


@pytest.fixture(scope="session")
def report_of():
    """Return a function that analyses a spec's text, or one variant of it."""

    def analysed(text, variant=None, parameters=None, **conditions):
        made = Document(SourceText("net.yaml", text)).network(variant, parameters)
        return archcalc.analyze(made, **conditions)

    return analysed


@pytest.fixture(scope="session")
def row_of():
    """Return a function that analyses a single op on its own; shapes are written without the batch."""

    def row(op, *shapes, **conditions):
        sources = [Node(f"x{i}", REGISTRY["input"](shape=extents(shape))) for i, shape in enumerate(shapes)]
        node = Node("op", op, tuple(range(len(sources))))
        return archcalc.analyze(Network("alone", (*sources, node)), **conditions).rows[-1]

    return row


@pytest.fixture(scope="session")
def builder_of():
    """Return a function that reads an ONNX file and returns what was built: its layers, and what its names stand for."""

    def built(path, input=None, batch=None):
        from archcalc.formats.onnx.read import _gone_through

        return _gone_through(path, input, batch).builder

    return built


@pytest.fixture(scope="session")
def tensors_beside_a_run(builder_of):
    """Return a function that gives the shape of every tensor in an ONNX file, and what it is in ONNX Runtime.

    A single number is a row of one here: archcalc has no tensors without axes.
    """

    def beside(path, input=None, batch=None):
        from archcalc.formats.onnx.graph import read_graph
        from archcalc.formats.onnx.runtime import Session

        found = builder_of(path, input, batch).tensors
        run = Session(path, {name: found[name].shape for name in read_graph(path).inputs}, seed=0)
        return {
            name: (found[name].shape or (1,) if name in found else None, value.shape or (1,))
            for name, value in run.values.items()
        }

    return beside


@pytest.fixture
def few_of_ours(tmp_path_factory, monkeypatch):
    """Leave archcalc a few of its own networks, for a test of how they are listed: to analyse all takes seconds."""
    folder = tmp_path_factory.mktemp("specs")
    for name in ("alexnet", "lenet5", "vgg"):
        shutil.copy(Path(__file__).parents[1] / f"specs/{name}.yaml", folder)
    monkeypatch.setattr(specs, "own_folder", lambda: folder)


@pytest.fixture
def onnx_file(tmp_path):
    """Return a function that writes an ONNX file and returns where it is.

    Nodes are operator, inputs and outputs as words, and attributes; inputs are the sizes of data by name; weights are
    arrays, or shapes that zeros fill.
    """

    def written(nodes, inputs, weights=None, outputs="y", *, opset=21, name="model.onnx", **more):
        import numpy as np
        from onnx import TensorProto, helper, numpy_helper, save

        made = [
            helper.make_node(operator, takes.split(), gives.split(), **dict(*attributes))
            for operator, takes, gives, *attributes in nodes
        ]
        arrays = {
            key: np.zeros(value, np.float32) if isinstance(value, tuple) else np.asarray(value)
            for key, value in (weights or {}).items()
        }
        graph = helper.make_graph(
            made,
            "graph",
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, sizes) for key, sizes in inputs.items()],
            [helper.make_tensor_value_info(key, TensorProto.FLOAT, None) for key in outputs.split()],
            [numpy_helper.from_array(array, key) for key, array in arrays.items()],
        )
        imports = [helper.make_opsetid("", opset), helper.make_opsetid("com.example", 1)]
        save(helper.make_model(graph, opset_imports=imports, ir_version=10, **more), tmp_path / name)
        return tmp_path / name

    return written


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keep the collector of garbage from walking, again and again, over thousands of tests, which all live on."""
    with pause_collector():
        collected = yield
    gc.freeze()
    return collected


def pytest_generate_tests(metafunc):
    """Run a test that takes `each_network` for every known network; all but a few are slow."""
    if "each_network" in metafunc.fixturenames:
        each = [pytest.param(name, marks=() if name in FEW else pytest.mark.slow) for name in NAMES]
        metafunc.parametrize("each_network", each)


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="Write tests/golden and tests/errors anew.")


HEARD = (
    "ARCHCALC_PATH",
    *(limit.variable for limit in LIMITS),
    "COLUMNS",
    "FORCE_COLOR",
    "LINES",
    "NO_COLOR",
    "TTY_COMPATIBLE",
    "TTY_INTERACTIVE",
)
"""The environment variables that the program or its libraries listen to."""


class Outcome(NamedTuple):
    """What a run of the command line left behind."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(monkeypatch, capsys):
    """Return a function that runs the command line in this process, piped, as a shell would."""

    def ran(*args, stdin="", **environment):
        with monkeypatch.context() as patch:
            for name in HEARD:
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                patch.setenv(name, str(value))
            patch.setattr(sys, "argv", ["archcalc", *map(str, args)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            with pytest.raises(SystemExit) as end:
                main()
        return Outcome(end.value.code or 0, *capsys.readouterr())

    return ran


@pytest.fixture
def few(monkeypatch):
    """Let calibrate time three things alone, by a clock of their own."""
    clock, measure = Clock(), asked.calibrate
    trials = list_few(clock)
    monkeypatch.setattr(asked, "list_trials", lambda runtime: trials)
    monkeypatch.setattr(asked, "calibrate", lambda *given, **how: measure(*given, **how, clock=clock))
    return trials


@pytest.fixture
def shell(tmp_path):
    """Return a function that runs a line in bash, in an empty folder, with `archcalc` on the path."""
    programs = tmp_path / ".bin"
    programs.mkdir()
    program = programs / "archcalc"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m archcalc "$@"\n')
    program.chmod(0o755)
    own = (
        *HEARD,
        "PYTHONUNBUFFERED",
    )  # with that Python writes at once, and no output is left to fail at the end
    kept = {name: value for name, value in os.environ.items() if name not in own}
    clean = {
        **kept,
        "HOME": str(tmp_path),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(archcalc.__file__).parents[1]),
    }
    if USUAL_THREADS is None:  # as a user has it
        del clean["OMP_NUM_THREADS"]

    def ran(line, *, together=False, **environment):
        done = subprocess.run(
            ["bash", "-c", line],  # noqa: S607  # whichever bash there is
            cwd=tmp_path,
            env=clean | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if together else subprocess.PIPE,
            check=False,
            encoding="utf-8",
        )
        return Outcome(done.returncode, done.stdout, done.stderr or "")

    return ran
