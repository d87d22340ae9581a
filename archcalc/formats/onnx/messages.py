"""The classes of ONNX's protobuf messages, without the rest of the `onnx` package.

That takes NumPy and a quarter of a second to load, most files need nothing of it, and it is asked for where it is
needed. Its module of messages depends on protobuf alone, and is the one that the package itself uses when it is
loaded later.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Protocol

from archcalc.ground.errors import ArchcalcError

NAME = "onnx.onnx_ml_pb2"
INSTALL = "pip install 'archcalc[onnx]'"


class Proto(Protocol):
    """A message of a file, or one of ONNX's own objects: its fields are what onnx.proto says, and mypy cannot know."""

    def __getattr__(self, name: str) -> Any: ...


def messages() -> Proto:
    """Return the module of messages.

    Raises:
        ArchcalcError: the `onnx` package is not installed.
    """
    if NAME in sys.modules:
        return sys.modules[NAME]
    package = find_spec("onnx")
    if package is None or package.origin is None:
        raise ArchcalcError("reading ONNX files takes the onnx package", hint=INSTALL)
    spec = spec_from_file_location(NAME, Path(package.origin).with_name("onnx_ml_pb2.py"))
    if spec is None or spec.loader is None:
        raise ArchcalcError("the onnx package has no messages", hint=INSTALL)
    module = module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    return module
