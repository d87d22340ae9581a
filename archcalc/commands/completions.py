"""What a shell is offered for a word that is begun."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import archcalc
from archcalc.ground.errors import ArchcalcError

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

HARMLESS = re.compile(r"[\w.,:/@%+=-]+")
"""What a shell may put on the command line as it is: bash pastes what it is offered, and runs what it means."""


def offered(names: Iterable[str]) -> list[str]:
    """Return the names among some that a shell may be offered; names come from files, and files from anywhere."""
    return [name for name in names if HARMLESS.fullmatch(name)]


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the networks that a word begins; files where there are none."""
    from click.shell_completion import CompletionItem

    try:
        names = offered(name for name in archcalc.names() if name.startswith(incomplete.lower()))
    except ArchcalcError:
        names = []
    files = [] if names else [CompletionItem(incomplete, type="file")]
    return [*map(CompletionItem, names), *files]


def complete_layer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the layers of the model before it that a word begins."""
    try:
        network = archcalc.load(ctx.params.get("model") or "", input=ctx.params.get("input"))
    except ArchcalcError:
        return []
    return offered(node.name for node in network.nodes if node.name.startswith(incomplete))


def complete_op(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the layer types that a word begins."""
    return [kind for kind in archcalc.REGISTRY if kind.startswith(incomplete)]


def complete_columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the lists of columns that a word begins."""
    from archcalc.analysis.figures import column_keys

    return _columns(column_keys(), incomplete)


def complete_limit(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the figures that a word begins and that a limit may be on."""
    from archcalc.analysis.budget import limitable

    return [key for key in limitable() if key.startswith(incomplete)]


def complete_list_columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the lists of columns of `list` that a word begins."""
    from archcalc.views.catalogue import keys

    return _columns(keys(), incomplete)


def _columns(keys: Iterable[str], incomplete: str) -> list[str]:
    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{key}" for key in keys if key.startswith(last)]
