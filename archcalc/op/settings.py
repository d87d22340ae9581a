"""The settings that an op declares, one function a kind: how a value is read, checked and described.

Each kind takes what a spec or a Python call can hold (numbers, words, lists) and returns the one
form that the op's arithmetic uses. A value that does not fit raises a one-line fact.
"""

from __future__ import annotations

import re
from typing import Any

from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, list_names, nearest
from archcalc.op.setting import REQUIRED, Schema, Setting

EXPRESSION: Schema = {"type": "string", "description": "an expression over the parameters"}
"""What a spec may write in place of a number."""
SIZED: Schema = {"type": "string", "pattern": r"^\s*\d+(\s*[x×]\s*\d+)+\s*$"}
"""A size in one word, such as 3x5."""


FEW = 8
"""The most words to choose from that the fact of a message lists; more stand in its hint."""
LONGEST_TEXT = 100
"""The most characters of a setting that is a text."""


def count(symbol: str, help: str, *, default: object = REQUIRED, least: int = 1, fades: bool = False) -> Any:
    """A whole number of at least `least`."""

    def parse(value: object) -> int:
        return whole(value, least)

    schema = {"type": "integer", "minimum": least}
    return Setting("count", parse, schema, symbol, help, default, fades)


def size(symbol: str, help: str, *, default: object = REQUIRED, least: int = 1, fades: bool = False) -> Any:
    """A number for every axis, or one an axis: `3`, `3x5`, `[3, 5]`. Becomes a tuple."""

    def parse(value: object) -> tuple[int, ...]:
        return extents(value, least)

    items = {"type": "integer", "minimum": least}
    schema = {
        "anyOf": [
            items,
            _listing(items),
            SIZED,
        ]
    }
    return Setting("size", parse, schema, symbol, help, default, fades)


def padding(symbol: str, help: str, *, default: object = 0, words: tuple[str, ...] = ()) -> Any:
    """Padding: a number, one an axis, before/after pairs, or one of `words`. Becomes pairs or a word."""

    def parse(value: object) -> str | tuple[tuple[int, int], ...]:
        if isinstance(value, str) and value in words:
            return ((0, 0),) if value == "valid" else value
        return _pairs(value, words)

    item = {"type": "integer", "minimum": 0}
    pair = {"type": "array", "items": {"anyOf": [item, EXPRESSION]}, "minItems": 2, "maxItems": 2}
    schema = {
        "anyOf": [
            item,
            _listing(item, pair),
            SIZED,
            *([{"enum": list(words)}] if words else []),
        ]
    }
    return Setting("padding", parse, schema, symbol, help, default)


def _listing(*items: Schema) -> Schema:
    """Return the schema of a list with an item for each axis."""
    return {"type": "array", "items": {"anyOf": [*items, EXPRESSION]}, "minItems": 1, "maxItems": limits.AXES}


def flag(help: str, *, default: object = REQUIRED) -> Any:
    """True or false."""

    def parse(value: object) -> bool:
        if isinstance(value, bool):
            return value
        raise ArchcalcError(
            f"must be true or false, not {show(value)}",
            hint="write true or false: other words (yes, no, on, off) mean different things to different YAML readers",
        )

    return Setting("flag", parse, {"type": "boolean"}, "", help, default)


def number(
    symbol: str,
    help: str,
    *,
    default: object = REQUIRED,
    above: float | None = None,
    within: tuple[float, float] | None = None,
) -> Any:
    """A decimal number, greater than `above` or `within` two bounds where those are given."""

    def parse(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124  # NaN
            raise ArchcalcError(f"must be a number, not {show(value)}")
        try:
            amount = float(value)
        except OverflowError:
            raise ArchcalcError(f"is too large for a decimal number: {show(value)}") from None
        if above is not None and not value > above:
            raise ArchcalcError(f"must be greater than {above:g}, not {show(value)}")
        if within is not None and not within[0] <= value <= within[1]:
            is_percent = within == (0, 1) and 1 < value <= 100
            raise ArchcalcError(
                f"must be from {within[0]:g} to {within[1]:g}, not {show(value)}",
                hint=f"{value:g} percent are {value / 100:g}" if is_percent else None,
            )
        return amount

    schema: dict[str, object] = {"type": "number"} | ({} if above is None else {"exclusiveMinimum": above})
    if within is not None:
        schema |= {"minimum": within[0], "maximum": within[1]}
    return Setting("number", parse, schema, symbol, help, default)


def choice(options: tuple[str, ...], help: str, *, default: object = REQUIRED) -> Any:
    """One word out of `options`."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value in options:
            return value
        hint = nearest(value, options) if isinstance(value, str) else None
        if len(options) <= FEW:
            raise ArchcalcError(f"must be {' or '.join(options)}, not {show(value)}", hint=hint)
        raise ArchcalcError(f"cannot be {show(value)}", hint=hint or list_names("what it can be", options))

    return Setting("choice", parse, {"enum": list(options)}, "", help, default)


def words(help: str, *, default: object = REQUIRED) -> Any:
    """A short text."""

    def parse(value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ArchcalcError(f"must be a text, not {show(value)}")
        if len(value) > LONGEST_TEXT:
            raise ArchcalcError(f"has {len(value):,} characters; the most are {LONGEST_TEXT}")
        return value

    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}
    return Setting("words", parse, schema, "", help, default)


def axis(help: str, *, default: object = REQUIRED) -> Any:
    """An axis, counted with the batch as axis 0 or, where negative, from the end."""

    def parse(value: object) -> int:
        return whole(value, -limits.AXES)

    return Setting("axis", parse, _AXIS, "", help, default)


def axes(help: str, *, default: object = REQUIRED) -> Any:
    """One axis or a list of them, counted as in `axis`. Becomes a tuple."""

    def parse(value: object) -> tuple[int, ...]:
        return extents(value, -limits.AXES)

    return Setting("axes", parse, {"anyOf": [_AXIS, _listing(_AXIS)]}, "", help, default)


_AXIS: Schema = {"type": "integer", "minimum": -limits.AXES}


def table(help: str, *, default: object = REQUIRED) -> Any:
    """A list of lists of whole numbers."""

    def parse(value: object) -> tuple[tuple[int, ...], ...]:
        if not isinstance(value, list | tuple) or not value:
            raise ArchcalcError(f"must be a list of lists, not {show(value)}")
        rows = []
        for row in value:
            if not isinstance(row, list | tuple) or not row:
                raise ArchcalcError(f"must be a list of lists, but holds {show(row)}")
            rows.append(tuple(whole(item, 0) for item in row))
        return tuple(rows)

    items = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1}
    return Setting("table", parse, {"type": "array", "items": items}, "", help, default)


def whole(value: object, least: int) -> int:
    """Return `value` if it is a whole number of at least `least`.

    Raises:
        ArchcalcError: it is something else, such as a decimal, a word or a truth value.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        hint = "// divides and drops the rest" if isinstance(value, float) else None
        raise ArchcalcError(f"must be a whole number, not {show(value)}", hint=hint)
    if value < least:
        raise ArchcalcError(f"must be at least {least}, not {show(value)}")
    return value


def extents(value: object, least: int = 1) -> tuple[int, ...]:
    """Return the numbers of a size: `3`, `3x224x224`, `[3, 224, 224]`.

    Raises:
        ArchcalcError: a part is no whole number of at least `least`, or there are too many.
    """
    if isinstance(value, str):
        parts = value.replace("×", "x").lower().split("x")
        if not all(part.strip().isascii() and part.strip().isdigit() for part in parts):
            raise ArchcalcError(
                f"must be a size such as 3, 3x5 or [3, 5], not {show(value)}", hint=_hint_for_size(value)
            )
        value = [_digits(part) for part in parts]
    items = value if isinstance(value, list | tuple) else [value]
    if not 1 <= len(items) <= limits.AXES:
        raise ArchcalcError(f"must have 1 to {limits.AXES} numbers, not {len(items)}")
    return tuple(whole(item, least) for item in items)


LIKE_A_SIZE = r"(?i:(?:torch\.Size|TensorShape)?[\s()\[\]{}]*[0-9]+(?:[\s,;*x×()\[\]{}:/|-]+[0-9]*)*)"
"""What other programs, and people, write in place of 3x5: (3, 5), [3, 5], 3*5, torch.Size([3, 5])."""


OPEN_BATCH = r"(?i:[\s()\[]*(?:none|null|batch|n|b|\?|-1)\s*[x×,*\s]\s*(?=[0-9]))"
"""What other programs write for a batch of any size, before the sizes of a sample."""


def _hint_for_size(text: str) -> str | None:
    """Return how to write a text that was meant as a size."""
    if re.match(r"\s*\[\s*\[", text):
        return "values, and no sizes, go to archcalc explain LAYER --on VALUES"
    if batch := re.match(OPEN_BATCH, text):
        return f"leave the batch out: write {'x'.join(re.findall('[0-9]+', text[batch.end() : LONGEST]))}"
    numbers = re.findall("[0-9]+", text[:LONGEST])
    like = re.fullmatch(LIKE_A_SIZE, text[:LONGEST].strip())
    if like is None or not 1 < len(numbers) <= limits.AXES:
        return None
    return f"write {'x'.join(numbers)}"


def _digits(text: str) -> int:
    if len(text) > limits.DIGITS:
        raise ArchcalcError(f"holds a number of {len(text)} digits; the most is {limits.DIGITS}")
    return int(text)


def _pairs(value: object, words: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list | tuple):
        try:
            return tuple((extent, extent) for extent in extents(value, 0))
        except ArchcalcError as error:
            known = f"{', '.join(words)} or " if words else ""
            hint = (nearest(value, words) if isinstance(value, str) else None) or error.hint
            raise ArchcalcError(error.fact.replace("must be ", f"must be {known}", 1), hint=hint) from None
    if not 1 <= len(value) <= limits.AXES:
        raise ArchcalcError(f"must have 1 to {limits.AXES} entries, not {len(value)}")
    pairs = []
    for item in value:
        both = item if isinstance(item, list | tuple) else (item, item)
        if len(both) != 2:
            raise ArchcalcError(f"must be pairs of before and after, but holds {show(item)}")
        pairs.append((whole(both[0], 0), whole(both[1], 0)))
    return tuple(pairs)


LONGEST = 60
"""The longest value that a message quotes, in characters."""


def show(value: object) -> str:
    """Return a value as a person would have written it, short enough for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "nothing"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, list | tuple):
        value = f"[{', '.join(map(show, value))}]"
        return value if len(value) <= LONGEST else f"{value[: LONGEST - 3]}..."
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
