"""archcalc and its rivals: how each is asked for a network's parameters and work.

    echo resnet50 | python tests/benchmarks/tools.py torchinfo /tmp 0

A process of this file is the short script that one writes with a tool. It answers every line on standard
input, `resnet50` or the number of layers of a chain of convolutions, with the seconds that a call took,
the parameters, and the tool's figure. The network is built before the clock starts.

    tools.py TOOL FOLDER SECONDS    the median of as many calls as fit into SECONDS, at least one
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

Call = Callable[[], tuple[int, int]]
"""One analysis: parameters, and multiply-accumulates by the tool's own rules."""


class Tool(NamedTuple):
    """How a tool is called, from which packages, and what it is given.

    `ready` takes a network and a folder for files and returns the call to be measured. `folded` is how many
    parameters of ResNet-50 the tool does not see.
    """

    ready: Callable[[str, Path], Call]
    packages: tuple[str, ...]
    title: str
    folded: int = 0

    @property
    def missing(self) -> list[str]:
        """The packages that are not installed."""
        return [name for name in self.packages if not find_spec(name.replace("-", "_"))]

    @property
    def heading(self) -> str:
        """The title with the version of the package in it."""
        return self.title.format(version(self.packages[0]))


def chain_spec(layers: int) -> str:
    """Return the spec of a chain of convolutions, no two lines alike."""
    lines = [f"  - conv: {{name: c{i}, out: 8, kernel: 3, padding: 1}}" for i in range(layers)]
    return "name: chain\ninput: 8x8x8\nlayers:\n" + "\n".join(lines) + "\n"


def spec(network: str, folder: Path) -> str:
    """Return what archcalc calls a network: its name, or the path of a spec."""
    if network == "resnet50":
        return network
    path = folder / f"chain{network}.yaml"
    path.write_text(chain_spec(int(network)), encoding="utf-8")
    return str(path)


def archcalc_whole(network: str, folder: Path) -> Call:
    """Load the spec and analyze the network: YAML to report."""
    import archcalc

    path = spec(network, folder)

    def call() -> tuple[int, int]:
        totals = archcalc.analyze(archcalc.load(path)).totals
        return totals.params, totals.macs

    return call


def archcalc_analysis(network: str, folder: Path) -> Call:
    """Analyze a network that is loaded already, as the rivals' models are built already."""
    import archcalc

    loaded = archcalc.load(spec(network, folder))

    def call() -> tuple[int, int]:
        totals = archcalc.analyze(loaded).totals
        return totals.params, totals.macs

    return call


def torchinfo_summary(network: str, folder: Path) -> Call:
    """Summarize a model whose arrays are never allocated."""
    from torch_networks import built
    from torchinfo import summary

    model, x = built(network, "meta")

    def call() -> tuple[int, int]:
        found = summary(model, input_data=x, device="meta", verbose=0)
        return found.total_params, found.total_mult_adds

    return call


def fvcore_analysis(network: str, folder: Path) -> Call:
    """Trace a model on the CPU: fvcore's trace of one on the meta device fails."""
    from fvcore.nn import FlopCountAnalysis, parameter_count
    from torch_networks import built

    model, x = built(network, "cpu")

    def call() -> tuple[int, int]:
        analysis = FlopCountAnalysis(model, x)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return parameter_count(model)[""], analysis.total()

    return call


def torch_counter(network: str, folder: Path) -> Call:
    """Count what a model's forward pass dispatches; its arrays are never allocated."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode
    from torch_networks import built

    model, x = built(network, "meta")

    def call() -> tuple[int, int]:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(x)
        return sum(p.numel() for p in model.parameters()), counter.get_total_flops()

    return call


def onnx_profile(network: str, folder: Path) -> Call:
    """Read and profile an ONNX file, which is written before."""
    import onnx_tool

    path = folder / f"{network}.onnx"
    if not path.exists():
        (export if network == "resnet50" else save_chain)(network, path)

    def call() -> tuple[int, int]:
        graph = onnx_tool.Model(str(path)).graph
        graph.shape_infer(None)
        graph.profile()
        return graph.params, int(graph.macs[0])

    return call


def export(network: str, path: Path) -> None:
    """Write a model as PyTorch exports it, with batch normalisation folded into the convolutions."""
    import torch
    from torch_networks import built

    model, x = built(network, "cpu")
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_()  # the export would share biases that are equal
    torch.onnx.export(model, (x,), str(path), dynamo=False)


def save_chain(network: str, path: Path) -> None:
    """Write a chain of convolutions; PyTorch would take minutes to export thousands."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight, bias = np.zeros((8, 8, 3, 3), np.float32), np.zeros(8, np.float32)
    nodes, arrays = [], []
    for i in range(int(network)):
        nodes.append(
            helper.make_node("Conv", [f"x{i}", f"w{i}", f"b{i}"], [f"x{i + 1}"], f"c{i}", pads=[1] * 4)
        )
        arrays += [numpy_helper.from_array(weight, f"w{i}"), numpy_helper.from_array(bias, f"b{i}")]
    ends = [helper.make_tensor_value_info(x, TensorProto.FLOAT, (1, 8, 8, 8)) for x in ("x0", f"x{network}")]
    onnx.save(helper.make_model(helper.make_graph(nodes, "chain", ends[:1], ends[1:], arrays)), path)


TOOLS = {
    "archcalc": Tool(archcalc_whole, ("archcalc",), "archcalc {}, YAML to report"),
    "analysis": Tool(archcalc_analysis, ("archcalc",), "archcalc {}, analysis alone"),
    "torch": Tool(torch_counter, ("torch",), "torch {}, FlopCounterMode on the meta device"),
    "torchinfo": Tool(torchinfo_summary, ("torchinfo", "torch"), "torchinfo {} on the meta device"),
    "fvcore": Tool(fvcore_analysis, ("fvcore", "torch"), "fvcore {}"),
    "onnx_tool": Tool(onnx_profile, ("onnx-tool", "onnx", "torch"), "onnx-tool {}, ONNX file", 53_120 // 2),
}
"""By the names of archcalc's profiles, so that `archcalc reconcile` says which figure each should print."""


def command(name: str, folder: Path, seconds: float = 0) -> list[str]:
    """Return the command that runs this file for a tool."""
    return [sys.executable, "-W", "ignore", __file__, name, str(folder), str(seconds)]


def main() -> None:
    """Answer every line."""
    tool, folder, seconds = TOOLS[sys.argv[1]], Path(sys.argv[2]), float(sys.argv[3])
    network = call = None
    for line in sys.stdin:
        if call is None or line.strip() != network:
            network = line.strip()
            call = tool.ready(network, folder)
        durations: list[float] = []
        while not durations or sum(durations) < seconds:
            start = time.perf_counter()
            params, figure = call()
            durations.append(time.perf_counter() - start)
        middle = sorted(durations)[len(durations) // 2]
        print(json.dumps([middle, params, int(figure)]), flush=True)


if __name__ == "__main__":
    main()
