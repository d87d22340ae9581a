"""The libraries that run networks on this machine, where they are installed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, get_args

from archcalc.analysis.report import Report
from archcalc.ground.errors import ArchcalcError

Library = Literal["pytorch", "onnxruntime"]
"""What runs networks; the first one that is installed does unless another one is named."""


class Runtime(NamedTuple):
    """A library that runs networks.

    `prepare` returns what runs a network once; `profile` the microseconds of its layers in so many runs, None where the
    library says nothing of single layers.
    """

    title: str
    prepare: Callable[[Report], Callable[[], object]]
    profile: Callable[[Report, int], Mapping[str, float]] | None = None


def find_runtime(library: Library | None = None) -> Runtime | None:
    """Return the library of this name, or the first one that is installed; None where none is.

    Raises:
        ArchcalcError: the one that is named is not installed.
    """
    for name in get_args(Library) if library is None else (library,):
        if found := FOUND[name]():
            return found
    if library is not None:
        raise ArchcalcError(f"{TITLES[library]} is not installed", hint=INSTALL[library])
    return None


def need_runtime(library: Library | None) -> Runtime:
    """Return the library of this name, or the first one that is installed.

    Raises:
        ArchcalcError: it is not installed, or none is.
    """
    if found := find_runtime(library):
        return found
    raise ArchcalcError(
        "to run a network takes PyTorch or ONNX Runtime, and neither is installed",
        hint=" or ".join(INSTALL.values()),
    )


def _find_pytorch() -> Runtime | None:
    from archcalc.formats.pytorch import runtime

    return Runtime(f"PyTorch {runtime.version()}", runtime.prepare) if runtime.is_installed() else None


def _find_onnxruntime() -> Runtime | None:
    from archcalc.formats.onnx import runtime

    if not runtime.is_installed():
        return None
    return Runtime(f"ONNX Runtime {runtime.version()}", runtime.prepare, runtime.profile)


FOUND: Mapping[Library, Callable[[], Runtime | None]] = {
    "pytorch": _find_pytorch,
    "onnxruntime": _find_onnxruntime,
}
TITLES: Mapping[Library, str] = {"pytorch": "PyTorch", "onnxruntime": "ONNX Runtime"}
INSTALL: Mapping[Library, str] = {
    "pytorch": "pip install 'archcalc[pytorch]'",
    "onnxruntime": "pip install 'archcalc[runtime]'",
}
