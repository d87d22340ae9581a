"""The text of a spec's file, or of standard input, within the bounds of what may be read."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from archcalc.formats.peek import open_without_waiting
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, visible


def check_length(name: str, length: int) -> None:
    """Raise a fact where a spec is longer than the limit."""
    if length > limits.FILE_BYTES.value:
        raise ArchcalcError(
            f"{visible(name)}: is larger than {limits.FILE_BYTES.value:,} bytes", hint=limits.FILE_BYTES.hint
        )


def contents(path: Path) -> bytes:
    """Return a regular file's bytes, within the limit."""
    try:
        # Unbuffered and not blocking, so that a pipe without a writer cannot hang the program.
        with open(path, "rb", buffering=0, opener=open_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ArchcalcError(
                    f"{visible(str(path))}: is not a regular file", hint="use - to read standard input"
                )
            return _read(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ArchcalcError(f"{visible(str(path))}: {reason}") from None


def standard_input() -> bytes:
    """Return what comes on standard input, within the limit."""
    if sys.stdin is None:
        raise ArchcalcError("standard input is closed")
    return _read(sys.stdin.buffer)


CHUNK = 1024 * 1024
"""How much is read at once, in bytes: a read sets aside what it asks for, and may return less."""


def _read(file: BinaryIO) -> bytes:
    """Return everything up to the end, or just more than the limit."""
    wanted = limits.FILE_BYTES.value + 1
    data = bytearray()
    while chunk := file.read(min(CHUNK, wanted - len(data))):
        data += chunk
    return bytes(data)


BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(name: str, data: bytes) -> str:
    """Return a spec's text: UTF-8, or UTF-16 with its byte order mark."""
    check_length(name, len(data))
    encoding = next((coding for bom, coding in BOMS if data.startswith(bom)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ArchcalcError(
            f"{visible(name)}: line {line} is not {encoding.upper()} text", hint="save the file as UTF-8"
        ) from None
    if "\0" in text:
        raise ArchcalcError(f"{visible(name)}: is a binary file, not a spec")
    return text


def own_folder() -> Path:
    """Return where archcalc's own specs are: in the package once installed, at the top of a checkout."""
    package = Path(__file__).parents[2]
    installed = package / "specs"
    return installed if installed.is_dir() else package.parent / "specs"
