"""Finds a network by name, by path or on standard input, and loads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from archcalc.analysis.conditions import Input
from archcalc.formats.format import Format
from archcalc.formats.language.contents import decode, standard_input
from archcalc.formats.language.read import Document, check_parameters
from archcalc.formats.registry import SUFFIXES as KNOWN
from archcalc.formats.registry import format_of, read
from archcalc.formats.specs import (
    KERNELS,
    SUFFIXES,
    document_in,
    find_by_name,
    folders,
    hint_for_name,
    names,
    normal,
)
from archcalc.ground import limits
from archcalc.ground.collector import pause_collector
from archcalc.ground.errors import ArchcalcError, CallError, SourceText, visible
from archcalc.network.network import Network

INLINE = re.compile(r"\s*[\[{]|.*?(?<!\.yaml)(?<!\.yml):(\s|$)", re.DOTALL)
"""How layers are written in place of a name: they begin with [ or {, or have a colon before a blank or at the end.

Colons of names have neither behind them: net.yaml:small, C:\\nets, git:REV:PATH; or what they end is a file's name.
"""


Model = str | Path | Mapping[str, object]
"""What `load` takes."""


@pause_collector()
def load(
    model: Model,
    *,
    parameters: Mapping[str, object] | None = None,
    input: Input = None,
    batch: int | None = None,
) -> Network:
    """Load a network.

    Args:
        model: the name of a known network (case does not matter, nor `-` for `_`), the path of a spec,
            `path.yaml:variant` for one network of a family, the path of an ONNX file, "-" for standard input,
            layers such as "conv: {out: 8, kernel: 3}" or "[conv: 8, relu]", or a spec as a mapping.
        parameters: values in place of those of the spec's `parameters`.
        input: of layers, and of an ONNX file that leaves sizes of its inputs open, what they are to be, as `analyze`
            takes it.
        batch: likewise its batch.

    Raises:
        ArchcalcError: there is no such network, the file cannot be read, the spec is wrong.
    """
    if isinstance(model, Mapping):
        from archcalc.formats.language.given import loads

        return loads(model, parameters=parameters)
    check_parameters(parameters)
    if isinstance(model, str) and is_inline(model):
        from archcalc.formats.language.inline import Inline

        return Inline(model, input).network(None, parameters)
    file = foreign(str(model))
    if file is None:
        document, variant = find(str(model))
        return document.network(variant, parameters)
    path, format = file
    if parameters and format.reads:
        raise ArchcalcError("an ONNX file has no parameters to set", hint="--set is for specs")
    return read(format, path, input, batch)


def as_network(
    model: Model | Network,
    *,
    parameters: Mapping[str, object] | None = None,
    input: Input = None,
    batch: int | None = None,
) -> Network:
    """Return what is a network already, or what `load` makes of a model.

    Raises:
        ArchcalcError: as `load`; or there are parameters for a network whose own are in it already.
    """
    if not isinstance(model, Network):
        return load(model, parameters=parameters, input=input, batch=batch)
    if parameters:
        raise ArchcalcError(
            f"{model.name} is loaded already, with its parameters",
            hint="load(…, parameters=…) changes them",
        )
    return model


def foreign(model: str) -> tuple[Path, Format] | None:
    """Return the file that a model argument names and its format, unless it is a spec."""
    path, _ = (None, None) if model == "-" or is_inline(model) else as_path(model)
    format = format_of(path) if path else None
    return None if path is None or format is None or format.name == "spec" else (path, format)


def members(model: str) -> list[str]:
    """Return the networks that an argument stands for, as `load` takes them: all variants of a family's file.

    A model that cannot be found or read stands for itself, so that `load` can say why.
    """
    if is_inline(model):
        return [model]
    try:
        document, variant = find(model) if model != "-" and foreign(model) is None else (None, None)
    except ArchcalcError:
        return [model]
    if document is None or variant is not None or not document.variants:
        return [model]
    path, _ = as_path(model)
    if path is None and find_by_name(normal(model)) is None:
        path = with_suffix(Path(model))
    return [f"{path}:{name}" if path else name for name in document.variants]


def find(model: str) -> tuple[Document, str | None]:
    """Return the spec that describes `model`, and which of its variants is meant; None where it has none."""
    limits.check()
    if model == "-":
        return Document(SourceText("<stdin>", decode("<stdin>", standard_input()))), None
    path, variant = as_path(model)
    if path is not None:
        document = _document_of(path)
        return document, _variant(document, variant)
    if located := find_by_name(normal(model)):
        return located
    if is_in_folder(model):
        return document_in(with_suffix(Path(model))), None
    raise CallError(
        f"there is no network called '{visible(model)}'",
        hint=hint_for_name(model),
    )


def _variant(document: Document, name: str | None) -> str | None:
    """Return a variant's name as its spec writes it, or as it was given where there is none like it."""
    return next((known for known in document.variants if name and normal(known) == normal(name)), name)


def is_known(model: str) -> bool:
    """Tell whether a network is called so, or a file that may hold one."""
    try:
        return is_file(Path(model)) or normal(model) in map(normal, names())
    except ArchcalcError:  # a folder of specs cannot be read
        return False


def is_in_folder(model: str) -> bool:
    """Tell whether the current folder has a file of this name, with or without the suffix of a spec."""
    return bool(model) and is_file(with_suffix(Path(model)))


def is_located(model: str) -> bool:
    """Tell whether a model argument says itself where its network is: in a file, on standard input, or right here.

    Layers need a colon for that: a pattern of names, too, may begin with a bracket.
    """
    return model == "-" or as_path(model)[0] is not None or (":" in model and is_inline(model))


def is_inline(model: str) -> bool:
    """Tell whether a model argument is layers rather than the name of a network or a file; its form alone decides."""
    return INLINE.match(model) is not None


def as_path(model: str) -> tuple[Path | None, str | None]:
    """Return the file and the variant that a model argument names, if it names a file."""
    if model.lower().endswith(KNOWN):
        return Path(model), None
    path, colon, variant = model.rpartition(":")
    if colon and path.endswith(SUFFIXES):
        return Path(path), variant
    if os.sep in model and not re.fullmatch(KERNELS, model):
        return with_suffix(Path(model)), None
    return None, None


def with_suffix(path: Path) -> Path:
    """Return the file of a spec that is named without its suffix; the path as it is where there is none."""
    if not path.name:
        return path
    files = (path.with_name(f"{path.name}{suffix}") for suffix in SUFFIXES)
    return next(filter(is_file, (path, *files)), path)


def is_file(path: Path) -> bool:
    """Tell whether there is such a file; what no system can call a file is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _document_of(path: Path) -> Document:
    """Return the spec in a file that somebody named; what may have been meant is said where there is none."""
    try:
        return document_in(path)
    except ArchcalcError as error:
        if error.hint is None and not os.path.lexists(path):
            raise CallError(error.fact, hint=_hint_for_file(path)) from None
        raise


def _hint_for_file(path: Path) -> str:
    """Return what may have been meant by a file that is not there: one of archcalc's own networks, or another file."""
    families = (is_file(folder / path.name) for folder in folders())
    if any(families) or is_known(path.stem):
        return f"archcalc's own networks are called without a suffix: {visible(path.stem)}"
    from archcalc.formats.missing import hint_for_file

    return hint_for_file(path, KNOWN)
