"""ONNX files that are large: many nodes, or many weights, in the file or beside it.

    python tests/benchmarks files

Weights are holes in sparse files: they take neither disk nor time to write, and have their size all the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from measure import Run, duration, interleaved, progress, ratio, table

CHANNELS = 8
NODES = (10_000, 50_000)
MEGABYTE = 10**6
INSIDE, OUTSIDE = 600 * MEGABYTE, 2000 * MEGABYTE
"""Bytes of weights in the file, and beside it."""
ARCHCALC = "archcalc params"
COMMAND = [sys.executable, "-m", "archcalc", "params", "--format", "json"]
SPARED = {"onnx-tool": ("50,000 nodes", "2,000 MB beside it")}
"""What a reader is not asked for: it would take many minutes, or most of a machine's memory."""
INFERENCE = """
import sys, onnx
onnx.shape_inference.infer_shapes(onnx.load(sys.argv[1], load_external_data=False))
"""
TOOL = """
import sys, onnx_tool
graph = onnx_tool.Model(sys.argv[1]).graph
graph.shape_infer(None)
graph.profile()
"""


def save_residual(nodes: int, path: Path) -> None:
    """Write a chain of blocks: a convolution, what rectifies it, and a shortcut around both."""
    import numpy as np
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight, made, arrays, x = np.zeros((CHANNELS, CHANNELS, 1, 1), np.float32), [], [], "x"
    for i in range(nodes // 3):
        made += [
            helper.make_node("Conv", [x, f"w{i}"], [f"a{i}"], f"/block{i}/Conv"),
            helper.make_node("Relu", [f"a{i}"], [f"b{i}"], f"/block{i}/Relu"),
            helper.make_node("Add", [x, f"b{i}"], [f"c{i}"], f"/block{i}/Add"),
        ]
        arrays.append(numpy_helper.from_array(weight, f"w{i}"))
        x = f"c{i}"
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, CHANNELS, 8, 8)) for n in ("x", x)]
    onnx.save(helper.make_model(helper.make_graph(made, "chain", ends[:1], ends[1:], arrays)), path)


def save_heavy(size: int, path: Path, *, outside: bool) -> None:
    """Write a fully connected layer whose weight takes so many bytes, as the last thing in the file or beside it."""
    from onnx import TensorProto, helper

    rows = size // 4 // 1000
    weight = TensorProto(name="w", dims=[1000, rows], data_type=TensorProto.FLOAT)
    if outside:
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=f"{path.stem}.bin")
        hole(path.with_name(f"{path.stem}.bin"), b"", size)
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", (1, 1000)), ("y", (1, rows)))
    ]
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    model = helper.make_model(helper.make_graph([node], "heavy", ends[:1], ends[1:]))
    tensor = weight.SerializeToString() + (b"" if outside else b"\x4a" + varint(size))
    more = 0 if outside else size
    graph = model.graph.SerializeToString() + b"\x2a" + varint(len(tensor) + more) + tensor
    model.ClearField("graph")
    head = model.SerializeToString() + b"\x3a" + varint(len(graph) + more) + graph
    hole(path, head, more)


def hole(path: Path, head: bytes, size: int) -> None:
    """Write some bytes and so many zeros that are not written."""
    with path.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + size)


def varint(number: int) -> bytes:
    """Return a number as protobuf writes it, seven bits a byte."""
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def files(rivals: list[str], folder: Path, runs: int) -> None:
    """Print what a whole process costs that reads a large file, beside onnx's own inference and onnx-tool."""
    if not find_spec("onnx"):
        print("files is left out: pip install onnx")
        return
    made = {f"{nodes:,} nodes": folder / f"nodes{nodes}.onnx" for nodes in NODES}
    for nodes, path in zip(NODES, made.values(), strict=True):
        progress(f"files: {path.name}")
        save_residual(nodes, path)
    for size, outside, where in ((INSIDE, False, "in it"), (OUTSIDE, True, "beside it")):
        path = made[f"{size // MEGABYTE:,} MB {where}"] = folder / f"heavy{size}.onnx"
        save_heavy(size, path, outside=outside)
    readers = {ARCHCALC: COMMAND}
    if rivals:
        readers["onnx.shape_inference"] = [sys.executable, "-c", INFERENCE]
    if "onnx_tool" in rivals:
        readers["onnx-tool"] = [sys.executable, "-W", "ignore", "-c", TOOL]
    found = {
        title: interleaved(actions(title, readers, path), runs, f"files: {title}")
        for title, path in made.items()
    }
    for what, of in (("Wall time", "seconds"), ("Peak memory", "mebibytes")):
        rows = [[reader, *(cell(found[title], reader, of) for title in made)] for reader in readers]
        table(f"{what} of a process that reads an ONNX file", ("", *made), rows)
    grown = [[run.seconds for run in found[title][ARCHCALC]] for title in list(made)[:2]]
    print(f"\n{NODES[1] // NODES[0]} times the nodes take archcalc {ratio(*grown)} the time")


def actions(title: str, readers: dict[str, list[str]], path: Path) -> dict[str, Callable[[], Run]]:
    """Return what reads a file, by each reader that is asked for it."""
    asked = {name: command for name, command in readers.items() if title not in SPARED.get(name, ())}
    return {name: lambda c=command: Run([*c, str(path)]) for name, command in asked.items()}


def cell(found: dict[str, list[Run]], reader: str, of: str) -> str:
    """Write a figure of a process and its ratio to ours."""
    if reader not in found:
        return "-"
    ours, theirs = ([getattr(run, of) for run in found[name]] for name in (ARCHCALC, reader))
    figure = duration(median(theirs)) if of == "seconds" else f"{median(theirs):.0f} MiB"
    return f"{figure}, {ratio(ours, theirs)}"
