"""The limits on figures that check and list take as options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

import click

from archcalc.commands.options import ListingOption
from archcalc.commands.values import Size

if TYPE_CHECKING:
    from click.decorators import FC

    from archcalc.network.network import Limit


def _limitable() -> Sequence[str]:
    """Return the keys of the figures that a limit may be on."""
    from archcalc.analysis.budget import limitable

    return limitable()


def limit_option(command: FC) -> FC:
    """Add --limit."""
    return click.option(
        "--limit",
        "stated",
        multiple=True,
        metavar="'KEY OP VALUE'",
        cls=ListingOption,
        keys=_limitable,
        help="A bound on a figure, such as 'peak_bytes <= 256KiB'; may be given several times.",
    )(command)


def limit_options(command: FC) -> FC:
    """Add --limit and its short forms."""
    for decorate in (
        click.option(
            "--max-memory",
            type=Size(),
            metavar="SIZE",
            help="Short for --limit 'memory_bytes <= SIZE', such as 64MiB.",
        ),
        click.option("--max-macs", metavar="COUNT", help="Short for --limit 'macs <= COUNT', such as 1G."),
        click.option(
            "--max-params", metavar="COUNT", help="Short for --limit 'params <= COUNT', such as 5M."
        ),
        limit_option,
    ):
        command = decorate(command)
    return command


class LimitOptions(TypedDict):
    """The limits on figures as options state them."""

    stated: tuple[str, ...]
    max_params: str | None
    max_macs: str | None
    max_memory: str | None


def read_limits(stated: Sequence[str], most: Mapping[str, str | None]) -> list[Limit]:
    """Return the limits that options state, in full or as the `most` that figures may be, by their keys."""
    from archcalc.analysis.budget import limit

    short = (f"{key} <= {amount}" for key, amount in most.items() if amount is not None)
    return [limit(text, "the command line") for text in (*stated, *short)]


def most_of(max_params: str | None, max_macs: str | None, max_memory: str | None) -> dict[str, str | None]:
    """Return what --max-params and the like say, by the figures' keys."""
    return {"params": max_params, "macs": max_macs, "memory_bytes": max_memory}
