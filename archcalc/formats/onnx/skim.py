"""An ONNX file without its weights: the protobuf wire format walked, and long tensor contents left where they are.

Only what is needed to leave them out is known of the format here: the rest of the file goes on to the `onnx`
package byte by byte. So a file of any size costs memory for its graph alone. Sources: onnx.proto;
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import NamedTuple

from archcalc.ground.errors import ArchcalcError, visible

KEPT = 1 << 16
"""The longest field of a tensor that is kept, in bytes: shapes, indices and scalars are shorter."""
VARINT, BYTES = 0, 2
FIXED = {1: 8, 5: 4}
LONGEST_VARINT = 63
"""Wire types: a number of seven bits a byte, a length and as many bytes, a fixed number of bytes."""


class Message(NamedTuple):
    """What is known of a message: the fields that hold messages, and those that hold the numbers of a tensor."""

    inner: Mapping[int, str] = {}
    numbers: frozenset[int] = frozenset()


MESSAGES = {
    "model": Message({7: "graph", 25: "function"}),
    "graph": Message({1: "node", 5: "tensor", 15: "sparse"}),
    "function": Message({7: "node"}),
    "node": Message({5: "attribute"}),
    "attribute": Message({5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"}),
    "sparse": Message({1: "tensor", 2: "tensor"}),
    "tensor": Message(numbers=frozenset({4, 5, 6, 7, 9, 10, 11})),
}
"""Field numbers of onnx.proto: a tensor's numbers are float_data, int32_data, string_data, int64_data, raw_data,
double_data and uint64_data."""


def skim(path: Path) -> bytes:
    """Return a model as its file has it, without the long contents of its tensors.

    Raises:
        ArchcalcError: the file cannot be read, is no protobuf message, or its graph is too large.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ArchcalcError(f"{visible(str(path))}: is not a regular file")
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return b"".join(_fields(data, 0, len(data), "model"))
    except OSError as error:
        raise ArchcalcError(f"{visible(str(path))}: {error.strerror}") from None
    except (IndexError, ValueError, RecursionError):
        raise ArchcalcError(
            f"{visible(str(path))}: is no ONNX model", hint="is the file complete, and was it saved as ONNX?"
        ) from None


def _fields(data: mmap, start: int, end: int, kind: str) -> list[bytes]:
    """Return the fields of the message between two positions, in pieces, long ones inside it looked through."""
    inner, numbers = MESSAGES[kind]
    pieces: list[bytes] = []
    position = copied = start
    while position < end:
        tag, body = _varint(data, position)
        field, after = tag >> 3, _end(data, tag, body)
        if after - body > KEPT and (field in inner or field in numbers):
            pieces.append(data[copied:position])
            if field in inner:
                length, content = _varint(data, body)
                message = _fields(data, content, content + length, inner[field])
                pieces += (data[position:body], _varint_of(sum(map(len, message))), *message)
            copied = after
        position = after
    if position != end:
        raise ValueError
    pieces.append(data[copied:end])
    return pieces


def _end(data: mmap, tag: int, body: int) -> int:
    """Return where a field ends that begins with `tag`."""
    wire = tag & 7
    if wire == BYTES:
        length, content = _varint(data, body)
        return content + length
    if wire == VARINT:
        return _varint(data, body)[1]
    if wire in FIXED:
        return body + FIXED[wire]
    raise ValueError


def _varint(data: mmap, position: int) -> tuple[int, int]:
    """Return the number that begins at a position, seven bits a byte, and where it ends."""
    number = shift = 0
    while True:
        byte = data[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
        if shift > LONGEST_VARINT:
            raise ValueError


def _varint_of(number: int) -> bytes:
    """Return a number as bytes of seven bits."""
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
