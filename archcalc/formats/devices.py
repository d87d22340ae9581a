"""Devices as files: what they can do, a YAML file each, found by name or path.

    title: NVIDIA H100 SXM5 80 GB            kind: gpu, cpu or microcontroller
    sources: {sheet: …}                      what several values may name as their source
    bandwidth: {value: 3.35 TB/s, from: data sheet, source: sheet}
    memory, flash, cache, cores, clock, power: likewise, where they are known
    peaks: {float16: {value: …}}             dense operations a second by number type, a multiply-add being two
    constants: {from: fitted, source: …, float16: {start: 2.0, …}}     what a time model needs; or the name of the device
                                             whose constants hold here, too
    errors:                                  what was measured
      - {mode: graph, dtype: float16, batch: [1, 64], error: 0.08, networks: 40, source: …}

A device is data: no other file is read for it but the device whose constants it names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from archcalc.analysis.timing.device import Device
from archcalc.formats.language.contents import contents, decode
from archcalc.formats.language.device import DeviceFile, read_device_file
from archcalc.formats.language.tree import Scalar
from archcalc.formats.specs import SUFFIXES, extra_folders, normal
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, CallError, SourceText, nearest, visible

OWN = Path(__file__).parents[1] / "data" / "devices"
FOLDER = "devices"
"""Where devices lie in a folder of ARCHCALC_PATH, and in the user's own for archcalc."""


def list_devices() -> list[str]:
    """Return the names of all devices, in alphabetical order.

    Raises:
        ArchcalcError: a folder cannot be read.
    """
    return sorted({normal(path.stem) for folder in _folders() for path in _files(folder)})


def find_devices(name: str) -> list[Path]:
    """Return the files of a name, case and `-` for `_` aside: somebody's own before archcalc's.

    Raises:
        ArchcalcError: a folder cannot be read.
    """
    return [path for folder in _folders() for path in _files(folder) if normal(path.stem) == normal(name)]


def load_devices(complain: Callable[[ArchcalcError], None]) -> Iterator[tuple[Device, str]]:
    """Yield every device that has a name, in the order of the names, and the file that it is read from.

    Errors of files are handed to `complain`, and their devices left out.

    Raises:
        ArchcalcError: a folder cannot be read.
    """
    for name in list_devices():
        try:
            yield read_device(name), name_file(find_devices(name)[0])
        except ArchcalcError as error:
            complain(error)


def is_path(device: str) -> bool:
    """Tell whether a device is given by the path of its file, and not by its name."""
    return os.sep in device or device.endswith(SUFFIXES)


def read_device(device: str | Path) -> Device:
    """Return a device by its name, or by the path of its file; of several of a name the first of `find_devices`.

    Raises:
        ArchcalcError: there is no such device, its file cannot be read, or something is wrong in it.
    """
    limits.check()
    is_file = isinstance(device, Path) or is_path(device)
    path = Path(device) if is_file else _find(str(device))
    read, borrowed = _read(path)
    return read if borrowed is None else _with_constants(read, path, borrowed)


def where(device: str) -> str:
    """Return what to call the file that `read_device` reads."""
    return name_file(Path(device) if is_path(device) else _find(device))


def user_folder() -> Path:
    """Return where a user's own devices lie, and where archcalc writes one: it need not be there.

    Raises:
        ArchcalcError: nothing says where the user's configuration is.
    """
    stated = os.environ.get("XDG_CONFIG_HOME")
    try:
        configuration = Path(stated) if stated else Path.home() / ".config"
    except RuntimeError:
        raise ArchcalcError("you have no home folder", hint="XDG_CONFIG_HOME may name one") from None
    return configuration / "archcalc" / FOLDER


def _folders() -> list[Path]:
    """Return the folders that may hold devices: those of ARCHCALC_PATH, the user's own where there is one, archcalc's own."""
    named = [folder / FOLDER for folder in extra_folders()]
    try:
        return [*named, user_folder(), OWN]
    except ArchcalcError:
        return [*named, OWN]


def _files(folder: Path) -> list[Path]:
    """Return the files of devices in a folder, which need not be there."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ArchcalcError(f"{visible(str(folder))}: {error.strerror}") from None


def _find(name: str) -> Path:
    """Return the file of a name."""
    found = find_devices(name)
    if not found:
        raise CallError(
            f"there is no device called '{visible(name)}'", hint=_hint(normal(name), list_devices())
        )
    return found[0]


def _hint(name: str, known: list[str]) -> str:
    """Return what may have been meant by a name that no device has: what it is a part of, or the most like it."""
    whole = [each for each in known if name and name in each]
    if whole:
        return f"did you mean {' or '.join(whole)}?"
    return nearest(name, known) or f"choose from {', '.join(known)}; a path ends in .yaml"


def _read(path: Path) -> DeviceFile:
    """Return what a file says of a device, which is called as the file is."""
    source = SourceText(name_file(path), decode(str(path), contents(path)))
    return read_device_file(normal(path.stem), source)


def name_file(path: Path) -> str:
    """Return what to call a file in messages: one of archcalc's own by its place in the package."""
    return f"archcalc/data/devices/{path.name}" if path.parent == OWN else str(path)


def _with_constants(device: Device, path: Path, borrowed: Scalar) -> Device:
    """Return a device with the constants of the one that it names."""
    found = find_devices(borrowed.text)
    other = next((each for each in found if not _is_same(each, path)), None)
    if other is None:
        hint = "write the constants out" if found else nearest(normal(borrowed.text), list_devices())
        fact = (
            f"'{device.name}' takes its own constants"
            if found
            else f"there is no device called {borrowed.noun}"
        )
        raise ArchcalcError(fact, place=borrowed.place(), hint=hint)
    lender, further = _read(other)
    if further is not None or not lender.constants:
        fact = f"{borrowed.noun} has no constants{' of its own' if further else ''}"
        hint = f"it takes those of {further.noun}: name that here" if further else None
        raise ArchcalcError(fact, place=borrowed.place(), hint=hint)
    return device._replace(
        constants=lender.constants,
        constants_from=lender.name,
        constants_source=lender.constants_source,
        constants_origin=lender.constants_origin,
        constants_layers=lender.constants_layers,
    )


def _is_same(one: Path, other: Path) -> bool:
    """Tell whether two paths are of one file."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other
