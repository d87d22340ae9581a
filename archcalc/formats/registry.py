"""The formats that a network can be exported to: a registry, filled by a module each that is imported when needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.ground.errors import ArchcalcError, nearest

Write = Callable[[Report, int | None], str | bytes]


class Target(NamedTuple):
    """A format: what writes a network in it, what it is, and how files of it are called."""

    write: Write
    suffix: str
    help: str


MODULES = {
    "spec": "archcalc.formats.language.write",
    "onnx": "archcalc.formats.onnx.write",
    "pytorch": "archcalc.formats.pytorch.write",
    "keras": "archcalc.formats.keras.write",
    "mermaid": "archcalc.formats.pictures.mermaid",
    "dot": "archcalc.formats.pictures.dot",
}
"""Every target by its name, and the module that registers it."""
SUFFIXES = {".yaml": "spec", ".yml": "spec", ".onnx": "onnx", ".mmd": "mermaid", ".dot": "dot", ".gv": "dot"}
"""The target that a file's suffix stands for; .py stands for none, because there are several."""

TARGETS: dict[str, Target] = {}
"""The targets whose modules have been imported."""


def target(name: str, *, suffix: str, help: str) -> Callable[[Write], Write]:
    """Register a function as what writes the target `name`; its last argument is how many levels of blocks to show."""

    def register(write: Write) -> Write:
        TARGETS[name] = Target(write, suffix, help)
        return write

    return register


def find(name: str) -> Target:
    """Return the target of this name.

    Raises:
        ArchcalcError: there is none.
    """
    if name not in MODULES:
        raise ArchcalcError(
            f"there is no target '{name}'",
            hint=nearest(name, list(MODULES)) or f"choose one of {', '.join(MODULES)}",
        )
    import_module(MODULES[name])
    return TARGETS[name]


def of_suffix(file: str | None) -> str:
    """Return the target that a file's suffix stands for.

    Raises:
        ArchcalcError: it stands for none, or for several.
    """
    name = (file or "").lower()
    found = next((target for suffix, target in SUFFIXES.items() if name.endswith(suffix)), None)
    if found is None:
        raise ArchcalcError("which format is not said", hint=f"--to {', '.join(MODULES)}")
    return found


def export(report: Report, *, to: str, depth: int | None = None) -> str | bytes:
    """Return a network as it was run in another format: text, or bytes of a format that is no text.

    Args:
        report: what `analyze` returned.
        to: the target, such as "spec" or "mermaid".
        depth: how many levels of blocks a drawing shows; what fits unless told.

    Raises:
        ArchcalcError: there is no such target, or it cannot say what the network holds.
    """
    return find(to).write(report, depth)
