"""The options that say on which device a network runs, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict, get_args

import click

import archcalc
from archcalc.analysis.timing.device import Mode
from archcalc.commands.completions import complete_device
from archcalc.commands.telling import tell_device
from archcalc.commands.values import Word

if TYPE_CHECKING:
    from click.decorators import FC

    from archcalc.analysis.timing.device import Placement

MODES = get_args(Mode)


class PlaceOptions(TypedDict):
    """Where a network runs and how; None where nothing is said."""

    device: str | None
    mode: Mode | None


def device_options(command: FC) -> FC:
    """Add --device and --mode."""
    command = click.option(
        "--mode",
        type=Word(MODES, {"cudagraph": "graph", "compile": "fused", "compiled": "fused"}),
        help="How it runs there: graph, as one graph that is replayed; eager, called layer by layer; fused, compiled.  "
        "[default: as it was measured]",
    )(command)
    return click.option(
        "--device",
        metavar="NAME|PATH",
        shell_complete=complete_device,
        help="What it runs on, for figures of time: archcalc devices lists them; or the path of a file.",
    )(command)


LIBRARIES = ("pytorch", "onnxruntime")


def runtime_option(purpose: str) -> Callable[[FC], FC]:
    """Return what adds --runtime."""
    return click.option(
        "--runtime",
        type=Word(LIBRARIES, {"torch": "pytorch", "ort": "onnxruntime"}),
        help=f"{purpose}  [default: PyTorch, or else ONNX Runtime, where installed]",
    )


def find_placement(device: str | None, mode: Mode | None) -> Placement | None:
    """Return where a network runs and how, as --device and --mode say; None where they say nothing."""
    if device is None:
        if mode is not None:
            raise click.UsageError(f"--mode {mode} needs --device NAME|PATH")
        return None
    tell_device(device)
    return archcalc.place(device, mode)
