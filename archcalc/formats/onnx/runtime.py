"""An ONNX file really run, by ONNX Runtime: the value of every tensor in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archcalc.analysis.report import Report
from archcalc.formats.onnx.graph import read_graph
from archcalc.formats.onnx.messages import Proto
from archcalc.formats.onnx.tensors import FLOATS, Constant
from archcalc.ground.errors import ArchcalcError, visible

if TYPE_CHECKING:
    from archcalc.formats.onnx.tensors import Array

INSTALL = "pip install 'archcalc[runtime]'"
MOST_WORDS = 2
"""Integers that go in are below this: few enough to be words of any vocabulary."""


def is_installed() -> bool:
    """Tell whether ONNX Runtime is there."""
    from importlib.util import find_spec

    return find_spec("onnxruntime") is not None


class Session:
    """The values of a file's tensors by name, for random inputs of given shapes."""

    def __init__(self, path: Path, shapes: Mapping[str, Sequence[int]], seed: int) -> None:
        graph = read_graph(path)
        model = _whole(path)
        self.inputs = {
            name: _noise(shapes[name], dtype, (seed, number))
            for number, (name, (_, dtype)) in enumerate(graph.inputs.items())
        }
        self._initializers = {tensor.name: tensor for tensor in model.graph.initializer}
        self.values: dict[str, Array] = {**self.inputs, **_compute(model, self.inputs)}

    def constant(self, tensor: Constant) -> Array:
        """Return the numbers of a constant, as the network takes them."""
        from numpy import asarray, float32
        from onnx import numpy_helper

        root = self._initializers.get(tensor.root)
        if root is None and tensor.root not in self.values:
            return asarray(tensor.value, float32)  # it was worked out, or is nowhere in the file
        array: Array = self.values[tensor.root] if root is None else numpy_helper.to_array(root)
        for step in tensor.steps or ():
            array = step(array)
        return array.astype(float32)


def _whole(path: Path) -> Proto:
    """Return a model with all its weights."""
    import onnx

    try:
        return onnx.load(path)
    except Exception as error:  # noqa: BLE001  # protobuf's and onnx's own errors share no base
        raise ArchcalcError(f"{visible(str(path))}: cannot be loaded whole: {visible(str(error))}") from None


def _compute(model: Proto, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Return the output of every node of the main graph."""
    import onnxruntime
    from onnx import ValueInfoProto

    known = {value.name for value in model.graph.output}
    names = [name for node in model.graph.node for name in node.output if name and name not in known]
    model.graph.output.extend(ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        wanted = [value.name for value in session.get_outputs()]
        return dict(zip(wanted, session.run(wanted, dict(inputs)), strict=True))
    except Exception as error:  # noqa: BLE001  # what its C++ code raises is not documented
        raise ArchcalcError(f"ONNX Runtime does not run the file: {visible(str(error).strip())}") from None


def _noise(shape: Sequence[int], dtype: int, seed: Sequence[int]) -> Array:
    """Return random numbers of a type: between -1 and 1, or 0 and 1 where they are integers or truths."""
    from numpy.random import default_rng
    from onnx import helper

    generator = default_rng(seed)
    kind = helper.tensor_dtype_to_np_dtype(dtype)
    if dtype in FLOATS:
        return generator.uniform(-1, 1, shape).astype(kind)
    return generator.integers(0, MOST_WORDS, shape).astype(kind)


def version() -> str:
    """Return the version of ONNX Runtime."""
    import onnxruntime

    return str(onnxruntime.__version__)


def prepare(report: Report) -> Callable[[], object]:
    """Return what runs a network once, on random numbers, at the batch of its report.

    Raises:
        ArchcalcError: ONNX cannot say a layer, or ONNX Runtime does not run the network.
    """
    return _open(report)[1]


def profile(report: Report, runs: int) -> dict[str, float]:
    """Return the median microseconds of the layers of a network, as ONNX Runtime's profiler tells them.

    A node that several layers were fused into has the name of one of them, the others have none.

    Raises:
        ArchcalcError: ONNX cannot say a layer, or ONNX Runtime does not run the network.
    """
    from json import loads
    from statistics import median
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        session, run = _open(report, str(Path(folder, "profile")))
        for _ in range(runs + 1):
            run()
        events = loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    taken: dict[str, list[float]] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith(NODE):
            name = event["name"].removesuffix(NODE).removesuffix(BLOCKED).removeprefix(FUSED)
            taken.setdefault(name, []).append(float(event["dur"]))
    return {row.name: median(taken[row.name]) for row in report.rows if row.name in taken}


NODE, BLOCKED, FUSED = "_kernel_time", "_nchwc", "fused "
"""What the profiler adds to a node's name, and the optimiser where it lays channels out in blocks or makes one node of two."""


def _open(report: Report, profile: str | None = None) -> tuple[Proto, Callable[[], object]]:
    """Return a session of a network, which may write a profile into a file so called, and what runs it once."""
    import onnxruntime
    from numpy import float32
    from numpy.random import default_rng

    from archcalc.formats.onnx.write import onnx

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = profile
    random = default_rng(0)
    shapes = {row.name: row.output_shape for row in report.inputs}
    inputs = {name: random.random(shape, dtype=float32) for name, shape in shapes.items()}
    content = onnx(report, None)
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        session.run(None, inputs)
    except Exception as error:  # noqa: BLE001  # what its C++ code raises is not documented
        raise ArchcalcError(f"ONNX Runtime does not run the network: {visible(str(error).strip())}") from None
    return session, lambda: session.run(None, inputs)
