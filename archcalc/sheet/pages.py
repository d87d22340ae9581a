"""What Python asks of a thing that has a page: a text, plain data, a data frame, a table in a notebook.

A thing does not know its page, which is made in a room above it: the page is named here, registers itself, and is
imported when it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.sheet.renderers import MODULES, render
from archcalc.sheet.sheet import Sheet

if TYPE_CHECKING:
    from pandas import DataFrame

Shown = TypeVar("Shown")
Build = Callable[[Shown, str], Sheet]
"""What makes the page of a thing, as it is for a format."""


class Page(NamedTuple):
    """The command that shows a page, and the module that makes it."""

    command: str
    module: str


PAGES = {
    "Report": Page("show", "archcalc.views.layers"),
    "Explanation": Page("explain", "archcalc.views.explanation"),
    "StepExplanation": Page("explain", "archcalc.views.step"),
    "TimeExplanation": Page("explain", "archcalc.views.duration"),
    "Worked": Page("explain", "archcalc.views.worked"),
    "Unfolding": Page("explain", "archcalc.views.unfolded"),
    "Contrast": Page("compare", "archcalc.views.comparison"),
}
"""The page of each class of things, by the name of the class."""

_BUILDERS: dict[str, Build[object]] = {}


def page_of(name: str) -> Callable[[Build[Shown]], Build[Shown]]:
    """Register a function as what makes the page of the things of a class."""

    def register(build: Build[Shown]) -> Build[Shown]:
        _BUILDERS[name] = cast("Build[object]", build)
        return build

    return register


class Paged:
    """Something that has a page."""

    __slots__ = ()

    def table(self, format: str = "table") -> str:
        """Return the page as text: as a terminal shows it without its colours, or in another format of `--format`.

        Raises:
            ArchcalcError: there is no such format.
        """
        if format not in MODULES:
            raise ArchcalcError(
                f"there is no format '{format}'",
                hint=nearest(format, MODULES) or f"choose from {', '.join(MODULES)}",
            )
        if format != "table":
            return render(self._page(format), format)
        from archcalc.sheet.terminal import write_plain

        return write_plain(self._page(format).printable())

    def to_dict(self) -> dict[str, object]:
        """Return what `--format json` writes, as `archcalc schema report` describes it."""
        from archcalc.sheet.json import document

        return document(self._page("json"))

    def to_pandas(self) -> DataFrame:
        """Return the rows as a data frame, with the values that JSON has.

        Raises:
            ArchcalcError: pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError:
            raise ArchcalcError(
                "a data frame takes pandas, which is not installed", hint="pip install pandas"
            ) from None
        return DataFrame(self.to_dict()["rows"])

    def _repr_html_(self) -> str:
        """Return the page as a notebook shows it."""
        from archcalc.sheet.html import fragment

        return fragment(self._page("html").printable())

    def _page(self, form: str) -> Sheet:
        """Return the page as it is for a format; machines are told which command shows it."""
        name = type(self).__name__
        import_module(PAGES[name].module)
        sheet = _BUILDERS[name](self, form)
        return sheet._replace(facts={"command": PAGES[name].command, **sheet.facts})
