"""What the values of options are: words, whole numbers, and what to write in place of others."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import click

from archcalc.ground.errors import ArchcalcError, nearest, visible
from archcalc.ground.limits import MAGNITUDE
from archcalc.ground.quantity import size

CALLED = {
    **dict.fromkeys(("fp64", "f64", "double"), "float64"),
    **dict.fromkeys(("fp32", "f32", "float", "single"), "float32"),
    **dict.fromkeys(("fp16", "f16", "half"), "float16"),
    **dict.fromkeys(("bf16", "brain"), "bfloat16"),
    **dict.fromkeys(("i8", "s8", "uint8", "byte", "q8"), "int8"),
    **dict.fromkeys(("amp", "mixed", "amp-fp16", "amp-half"), "amp-float16"),
    **dict.fromkeys(("amp-bf16", "bf16-mixed"), "amp-bfloat16"),
}
"""What other programs call types."""
FORMS = {"text": "table", "txt": "table", "md": "markdown", "tex": "latex", "excel": "csv", "web": "html"}
"""What people call formats of a page."""


class Word(click.Choice):  # type: ignore[type-arg]  # generic only since click 8.2
    """One word out of several; of another one it is said which is meant, by what it is `called` elsewhere or looks like."""

    def __init__(self, choices: Sequence[str], called: Mapping[str, str] | None = None) -> None:
        super().__init__(choices)
        self.called = called or {}

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word, or refuse what is none of them."""
        text = str(value)
        if text not in self.choices:
            own = self.called.get(text.lower())
            hint = f"did you mean {own}?" if own else nearest(text, self.choices)
            self.fail(
                f"{visible(text)!r} is not one of {', '.join(self.choices)}{f'; {hint}' if hint else ''}",
                param,
                ctx,
            )
        return text


class Whole(click.ParamType):  # type: ignore[explicit-any, type-arg]  # generic only since click 8.3
    """A whole number in ASCII digits, of at least `least`."""

    name = "number"

    def __init__(self, least: int = 1) -> None:
        self.least = least

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number, or refuse what is none."""
        text = str(value)
        number = _read_digits(text)
        if number is None or not self.least <= number <= MAGNITUDE:
            hint = self.hint(text)
            self.fail(
                f"{visible(text)!r} is no whole number from {self.least} to 10^18{hint and f'; {hint}'}",
                param,
                ctx,
            )
        return number

    def hint(self, text: str) -> str:
        """Return how to write what is no whole number; nothing where that is not known."""
        plain = re.sub(r"[\s,_']|\.0*$", "", text)
        number = _read_digits(plain)
        return f"write {plain}" if number is not None and self.least <= number <= MAGNITUDE else ""


DIGITS = 19
"""As many as 10^18 has; longer numbers are larger."""


def _read_digits(text: str) -> int | None:
    """Return the number that ASCII digits write, a larger one than any where they are very many; None where it is none."""
    if not (text.isascii() and text.isdigit()):
        return None
    return int(text) if len(text) <= DIGITS else MAGNITUDE + 1


class Size(click.ParamType):  # type: ignore[explicit-any, type-arg]  # generic only since click 8.3
    """An amount of memory: a number and a unit of bytes, as it is written."""

    name = "size"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return it as it is written, or refuse what is none, and numbers so small that their unit was forgotten."""
        text = str(value).strip()
        try:
            amount = size(text)
        except ArchcalcError as error:
            hint = f"; {error.hint}" if error.hint else ""
            self.fail(f"{visible(error.fact)}{visible(hint)}", param, ctx)
        if not amount:
            self.fail(f"{text} is no memory: write such as 24GiB", param, ctx)
        if text.isdigit() and amount < UNITLESS:
            self.fail(f"{text} bytes? write {text}GiB, or {text}B where bytes are meant", param, ctx)
        return text


UNITLESS = 10_000
"""Numbers below this had a unit that was forgotten, or are the name of a device."""


class Elements(Whole):
    """A whole number of elements along an axis."""

    def hint(self, text: str) -> str:
        """Return how to write what states several axes, or a sum."""
        first, *others = re.split(r"\s*[x×,]\s*", text.strip("()[] "))
        if others and first.isdigit() and all(other.isdigit() for other in others):
            return f"it is about one axis, such as {others[-1]}"
        if text.lower() == "same":
            return "--output SIZE asks which padding makes SIZE"
        if re.fullmatch(r"[0-9\s.+*/()-]+", text) and re.search(r"[0-9)]\s*[-+*/]+\s*[0-9(]", text):
            return f"archcalc explain '{visible(text)}' works sums out"
        return super().hint(text)
