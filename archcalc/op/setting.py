"""A declared setting of an op, and when it has a say."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from archcalc.ground.errors import ArchcalcError

Parse = Callable[[object], object]
Schema = Mapping[str, object]
MOST_WORDS = 3
"""The most values that a hint writes out as settings."""
REQUIRED = object()
"""Marks a setting that has no default."""


class Only(NamedTuple):
    """When a setting has a say: where another `setting` has one of some `values`; where there are none, any at all."""

    setting: str
    values: tuple[object, ...]

    def holds(self, value: object) -> bool:
        """Tell whether the other setting's value gives this one a say."""
        return value in self.values if self.values else value is not None

    @property
    def mend(self) -> str:
        """What to do with the other setting, so that this one has a say."""
        if not self.values:
            return f"state '{self.setting}'"
        if len(self.values) > MOST_WORDS:
            return f"choose '{self.setting}' among {', '.join(map(str, self.values))}"
        return f"write {' or '.join(f'{self.setting}: {value}' for value in self.values)}"


class Setting:
    """One declared setting of an op.

    `symbol` is its letter in formulas; a setting that `fades` leaves no trace in a derivation while
    it has its default (a dilation of 1, a single group). One that has a say `only` beside some value of another
    must not be stated elsewhere; `idle` says where else changing it changes nothing, and `mend` what to write in place
    of a value that does not fit.
    """

    __slots__ = (
        "attribute",
        "default",
        "fades",
        "help",
        "idle",
        "kind",
        "mend",
        "name",
        "only",
        "parse",
        "schema",
        "symbol",
    )

    def __init__(
        self,
        kind: str,
        parse: Parse,
        schema: Schema,
        symbol: str,
        help: str,
        default: object,
        fades: bool = False,
    ) -> None:
        self.name = ""
        self.attribute = ""
        self.kind = kind
        self.parse = parse
        self.schema = schema
        self.symbol = symbol
        self.help = help
        self.default = default if default is REQUIRED or default is None else parse(default)
        self.fades = fades
        self.only: Only | None = None
        self.idle = ""
        self.mend: str | None = None

    def __set_name__(self, owner: type, name: str) -> None:
        """Take the name of the class attribute; a trailing underscore keeps `in_` out of Python's way."""
        self.attribute = name
        self.name = name.rstrip("_")

    @property
    def required(self) -> bool:
        """Whether it has no default."""
        return self.default is REQUIRED

    def read(self, value: object) -> object:
        """Return what a value is to the op.

        Raises:
            ArchcalcError: it does not fit.
        """
        try:
            return self.parse(value)
        except ArchcalcError as error:
            raise ArchcalcError(
                f"'{self.name}' {error.fact}", hint=error.hint or self.mend, setting=self.name
            ) from None

    @property
    def verbatim(self) -> bool:
        """Whether a spec's text is meant as it stands, and never as an expression."""
        return self.kind == "words"


def check_says(declared: Mapping[str, Setting], given: Collection[str], values: Mapping[str, object]) -> None:
    """Raise a fact where a setting that is given, by name, stands beside a value that leaves it no say.

    `values` are those of all settings, by their attributes.
    """
    for name in given:
        if (only := declared[name].only) is None:
            continue
        value = values[declared[only.setting].attribute]
        if only.holds(value):
            continue
        beside = f"with '{only.setting}: {value}'" if only.values else f"without '{only.setting}'"
        raise ArchcalcError(
            f"'{name}' changes nothing {beside}",
            setting=name,
            hint=f"leave '{name}' out, or {only.mend}",
        )


def only(setting: Any, of: str, *values: object) -> Any:
    """A setting that has a say only where the setting `of` has one of some values, or any where none are given."""
    setting.only = Only(of, values)
    return setting


def idle(setting: Any, where: str) -> Any:
    """A setting of which it is known, and said, `where` it changes nothing."""
    setting.idle = where
    return setting


def mending(setting: Any, mend: str) -> Any:
    """A setting for which it is said what to write in place of a value that does not fit."""
    setting.mend = mend
    return setting
