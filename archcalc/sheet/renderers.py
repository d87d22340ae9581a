"""The formats that a sheet is written in: a registry, filled by a module each that is imported when needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from archcalc.sheet.sheet import Sheet

Render = Callable[[Sheet], str]

MODULES = {
    "table": "archcalc.sheet.terminal",
    "json": "archcalc.sheet.json",
    "csv": "archcalc.sheet.csv",
    "tsv": "archcalc.sheet.csv",
    "markdown": "archcalc.sheet.markdown",
    "latex": "archcalc.sheet.latex",
    "html": "archcalc.sheet.html",
}
"""Every format by the name that `--format` takes, and the module that registers it."""

MACHINES = ("json", "csv", "tsv")
"""Formats that machines read, which get everything."""

PAPERS = ("markdown", "latex", "html")
"""Formats of papers and pages, in which a table has a caption, and a label to refer to it by."""

_RENDERERS: dict[str, Render] = {}


def renderer(name: str) -> Callable[[Render], Render]:
    """Register a function as the format `name`."""

    def register(function: Render) -> Render:
        _RENDERERS[name] = function
        return function

    return register


def render(sheet: Sheet, form: str) -> str:
    """Return a sheet in one of the formats of `MODULES`; nothing in it moves a cursor or hides what it says.

    This is the gate for all that comes from outside: the lines around the table pass it here, cells in their kinds.
    """
    import_module(MODULES[form])
    return _RENDERERS[form](sheet.printable())
