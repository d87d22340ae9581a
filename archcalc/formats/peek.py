"""The first bytes of a file, and the names in it where it is a zip archive: enough to tell what it is."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

HEAD = 4096
"""How much of the beginning is looked at, in bytes."""
TAIL = 1 << 16
"""How far from the end a zip archive's directory may be announced; its comment has a size of 16 bits."""
DIRECTORY = 1 << 22
"""How much of a zip archive's directory is looked through, in bytes."""


class Peek:
    """What a file looks like from outside; one that cannot be read looks empty."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head = self._read(0, HEAD)

    def has_line(self, line: bytes) -> bool:
        """Tell whether a line among the first bytes is, but for blanks behind it, this one."""
        return any(each.rstrip() == line for each in self.head.split(b"\n"))

    def has_entry(self, name: str) -> bool:
        """Tell whether the file is a zip archive that holds an entry of this name, in whatever folder."""
        return any(f"/{entry}".endswith(f"/{name}") for entry in self.entries)

    @cached_property
    def entries(self) -> frozenset[str]:
        """The names of a zip archive's entries; none of another file."""
        if not self.head.startswith(b"PK"):
            return frozenset()
        try:
            return frozenset(_names(self._read(self._directory(), DIRECTORY)))
        except struct.error:
            return frozenset()

    def _directory(self) -> int:
        """Return where the directory of a zip archive begins. Source: PKWARE's APPNOTE, 4.3.14 to 4.3.16."""
        size = self.path.stat().st_size
        tail = self._read(max(0, size - TAIL), TAIL)
        large = tail.rfind(b"PK\x06\x07")
        if large >= 0:
            (record,) = struct.unpack_from("<Q", tail, large + 8)
            return int(struct.unpack_from("<Q", self._read(record, 56), 48)[0])
        return int(struct.unpack_from("<I", tail, tail.rfind(b"PK\x05\x06") + 16)[0])

    def _read(self, start: int, size: int) -> bytes:
        try:
            # Unbuffered and not blocking, so that a pipe without a writer cannot hang the program.
            with open(self.path, "rb", buffering=0, opener=open_without_waiting) as file:
                return _stretch(file, start, size)
        except (OSError, ValueError, OverflowError):
            return b""


def open_without_waiting(path: str, flags: int) -> int:
    """Open a file so that nothing waits for another program: an opener for `open`."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _stretch(file: BinaryIO, start: int, size: int) -> bytes:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        return b""
    file.seek(start)
    return file.read(size) or b""


def _names(directory: bytes) -> Iterator[str]:
    """Yield the names in a zip archive's directory. Source: PKWARE's APPNOTE, 4.3.12."""
    place = 0
    while directory.startswith(b"PK\x01\x02", place) and place + 46 <= len(directory):
        name, extra, comment = struct.unpack_from("<HHH", directory, place + 28)
        yield directory[place + 46 : place + 46 + name].decode(errors="replace")
        place += 46 + name + extra + comment
