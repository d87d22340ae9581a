"""A device's file: its values with their units, each with where it comes from, and what a time model needs."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping as Table
from fractions import Fraction
from functools import partial
from typing import NamedTuple, TypeVar, get_args

from archcalc.analysis.timing.device import (
    Device,
    DeviceKind,
    MeasuredError,
    Mode,
    NumberType,
    Origin,
    Stated,
)
from archcalc.formats.language.device_constants import read_constant, read_layers, read_number
from archcalc.formats.language.sections import check_keys, mapping, section, text, word_of
from archcalc.formats.language.tree import Listing, Mapping, Scalar, Tree
from archcalc.formats.language.yaml import read
from archcalc.ground import quantity
from archcalc.ground.errors import ArchcalcError, Problems, SourceText, nearest
from archcalc.ground.limits import MAGNITUDE
from archcalc.ground.measures import BYTE_RATES, FREQUENCIES, POWERS, WORK_RATES, measure

ORIGINS: tuple[Origin, ...] = get_args(Origin)
KINDS: tuple[DeviceKind, ...] = get_args(DeviceKind)
MODES: tuple[Mode, ...] = get_args(Mode)
NUMBER_TYPES: tuple[NumberType, ...] = get_args(NumberType)
Read = Callable[[str], int | Fraction]
"""What reads a quantity in base units."""


def _bytes(written: str) -> int:
    """Return bytes, which need a unit: 80 alone is hardly meant."""
    if written.strip().isdigit():
        raise ArchcalcError(f"'{written}' has no unit", hint=f"write {written.strip()} GB, or MiB, kB, B")
    return quantity.size(written)


RATE: Read = partial(measure, units=WORK_RATES)
VALUES: dict[str, Read] = {
    "bandwidth": partial(measure, units=BYTE_RATES),
    "memory": _bytes,
    "flash": _bytes,
    "cache": _bytes,
    "cores": quantity.count,
    "clock": partial(measure, units=FREQUENCIES),
    "power": partial(measure, units=POWERS),
}
"""What reads each value beside the peaks."""
NEEDED = ("title", "kind", "bandwidth", "peaks")
KEYS = ("title", "kind", "sources", *VALUES, "peaks", "constants", "errors")
ERROR_KEYS = ("mode", "dtype", "batch", "error", "networks", "source")
MOST_VALUES = 10_000
"""The most values of a file: a device has some dozens."""
LEAST = Fraction(1, 1000)
"""The least amount that is believed, in base units."""
Word = TypeVar("Word", bound=str)


class DeviceFile(NamedTuple):
    """A device as its file states it; `borrowed` names another one whose constants hold for it, None where none does."""

    device: Device
    borrowed: Scalar | None


def read_device_file(name: str, source: SourceText) -> DeviceFile:
    """Return the device of this name that a text describes.

    Raises:
        ArchcalcError: the text is no YAML or no device; all that is wrong in it, each with its place.
    """
    if not source.text.strip():
        raise ArchcalcError(f"{source.name}: is empty", hint="archcalc schema device says what a device has")
    root = read(source)
    if root.size > MOST_VALUES:
        raise ArchcalcError(
            f"a device has more than {MOST_VALUES:,} values",
            place=root.place(),
            hint="it is data of one device",
        )
    return _Reader(mapping(root, "a device")).file(name)


class _Constants(NamedTuple):
    """What a time model needs, who says so, and where it comes from."""

    values: Table[NumberType, Table[str, float]] = {}
    source: str = ""
    origin: Origin = "fitted"
    layers: tuple[str, ...] = ()


class _Reader:
    """Reads a device's document, and notes all that is wrong in it."""

    def __init__(self, root: Mapping) -> None:
        self.root = root
        self.problems = Problems()
        self.sources: dict[str, str] = {}

    def file(self, name: str) -> DeviceFile:
        """Return what the file says, or raise all that was noted."""
        root, noted = self.root, self.problems.noted
        with noted():
            check_keys(root, KEYS, "a device")
        self._check_needed()
        with noted():
            entries = section(root, "sources")
            self.sources = {key: text(entries, key) for key in entries.keys}
        title, kind = "", None
        with noted():
            title = text(root, "title")
        with noted():
            kind = word_of(root, "kind", KINDS)
        values = {key: self._value(root, key, reads) for key, reads in VALUES.items()}
        peaks = self._peaks()
        given = root.entries.get("constants")
        borrowed = given if isinstance(given, Scalar) and given.value is not None else None
        constants = self._constants(given) if given and not borrowed else _Constants()
        errors = self._errors()
        self.problems.raise_noted()
        bandwidth = values.pop("bandwidth")
        if kind is None or bandwidth is None:  # which was noted where they are not there
            raise ArchcalcError("a device needs its kind and its bandwidth", place=root.place())
        device = Device(
            name,
            title,
            kind,
            peaks,
            bandwidth,
            **values,
            constants=constants.values,
            constants_from=name if constants.values else "",
            constants_source=constants.source,
            constants_origin=constants.origin,
            constants_layers=constants.layers,
            errors=errors,
        )
        return DeviceFile(device, borrowed)

    def _check_needed(self) -> None:
        """Note what every device has and this one has not."""
        for key in NEEDED:
            if key not in self.root.entries:
                self._note(f"a device needs '{key}'", self.root, f"{', '.join(NEEDED)} are needed")

    def _note(self, fact: str, at: Tree, hint: str | None = None) -> None:
        self.problems.note(ArchcalcError(fact, place=at.place(), hint=hint))

    def _value(self, body: Mapping, key: str, reads: Read) -> Stated | None:
        """Return the value under a key, in base units, where there is one and it is right."""
        tree = body.entries.get(key)
        if tree is None:
            return None
        with self.problems.noted():
            entry = mapping(tree, f"'{key}'")
            check_keys(entry, ("value", "from", "source"), f"'{key}'")
            origin = word_of(entry, "from", ORIGINS)
            written = text(entry, "value")
            if origin is None or not written:
                raise ArchcalcError(
                    f"'{key}' needs its value and where that is from",
                    place=tree.place(),
                    hint=f"{key}: {{value: …, from: {' or '.join(ORIGINS)}, source: …}}",
                )
            return Stated(_amount(entry.entries["value"], written, reads), origin, self._source(entry, key))
        return None

    def _source(self, entry: Mapping, key: str) -> str:
        """Return who says something: what stands there, or what `sources` have under that word."""
        stated = text(entry, "source").strip()
        if not stated:
            raise ArchcalcError(
                f"'{key}' has no source",
                place=entry.place(),
                hint="say which data sheet, or what was measured",
            )
        if stated in self.sources:
            return self.sources[stated]
        if " " not in stated and (alike := nearest(stated, self.sources)):
            raise ArchcalcError(
                f"no source is called '{stated}'", place=entry.entries["source"].place(), hint=alike
            )
        return stated

    def _peaks(self) -> dict[NumberType, Stated]:
        """Return the peaks by number type."""
        body = None
        with self.problems.noted():
            body = section(self.root, "peaks")
            check_keys(body, NUMBER_TYPES, "'peaks'")
        if body is None:
            return {}
        if "peaks" in self.root.entries and not body.entries:
            self._note("'peaks' has no number type", self.root.entries["peaks"], f"such as {NUMBER_TYPES[1]}")
        stated = {dtype: self._value(body, dtype, RATE) for dtype in NUMBER_TYPES}
        return {dtype: peak for dtype, peak in stated.items() if peak is not None}

    def _constants(self, given: Tree) -> _Constants:
        """Return the constants by number type, and what they were fitted to."""
        with self.problems.noted():
            body = mapping(given, "'constants'")
            check_keys(body, ("from", "source", "layers", *NUMBER_TYPES), "'constants'")
            origin = word_of(body, "from", ORIGINS)
            if origin is None:
                raise ArchcalcError(
                    "'constants' need where they are from",
                    place=body.place(),
                    hint=f"from: {' or '.join(ORIGINS)}",
                )
            values = {
                dtype: dict(map(read_constant, tree.keys.values(), tree.entries.values()))
                for dtype in NUMBER_TYPES
                if (tree := section(body, dtype)).entries
            }
            return _Constants(values, self._source(body, "constants"), origin, read_layers(body))
        return _Constants()

    def _errors(self) -> tuple[MeasuredError, ...]:
        """Return what was measured."""
        tree = self.root.entries.get("errors")
        if tree is None:
            return ()
        if not isinstance(tree, Listing):
            self._note(f"'errors' must be a list, not {tree.noun}", tree, "write '- {mode: …}', one a line")
            return ()
        found = []
        for item in tree.items:
            with self.problems.noted():
                found.append(self._error(mapping(item, "an error")))
        return tuple(found)

    def _error(self, body: Mapping) -> MeasuredError:
        check_keys(body, ERROR_KEYS, "an error")
        missing = [key for key in ERROR_KEYS if key not in body.entries]
        if missing:
            raise ArchcalcError(
                f"an error needs '{missing[0]}'", place=body.place(), hint=", ".join(ERROR_KEYS)
            )
        mode, dtype = word_of(body, "mode", MODES), word_of(body, "dtype", NUMBER_TYPES)
        batches = body.entries["batch"]
        ends = batches.items if isinstance(batches, Listing) else [batches, batches]
        if mode is None or dtype is None or len(ends) != 2:
            raise ArchcalcError("'batch' is one number, or two: [1, 64]", place=batches.place())
        least, most = (_whole(each, "batch") for each in ends)
        if least > most:
            raise ArchcalcError(f"'batch' rises: [{most}, {least}]", place=batches.place())
        error = read_number(body.entries["error"], "error")
        if error < 0:
            raise ArchcalcError("'error' is a fraction, not below 0", place=body.entries["error"].place())
        networks = _whole(body.entries["networks"], "networks")
        return MeasuredError(mode, dtype, least, most, error, networks, self._source(body, "error"))


def _amount(at: Tree, written: str, reads: Read) -> float:
    """Return a quantity in base units, which is something and finite."""
    try:
        amount = reads(written)
    except ArchcalcError as error:
        raise ArchcalcError(error.fact, place=at.place(), hint=error.hint) from None
    if not LEAST <= amount <= MAGNITUDE:
        fact = (
            f"'{written}' must be more than 0"
            if amount < LEAST
            else f"'{written}' is too large: the most is 10^18"
        )
        raise ArchcalcError(fact, place=at.place())
    return float(amount)


def _whole(tree: Tree, key: str) -> int:
    value = tree.value if isinstance(tree, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ArchcalcError(f"'{key}' must be a whole number from 1, not {tree.noun}", place=tree.place())
    return value
