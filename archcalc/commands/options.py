"""What the commands share: the MODEL argument, its options, shell completion, writing a page."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, get_args

import click

import archcalc
from archcalc.errors import ArchcalcError
from archcalc.formats import RENDERERS
from archcalc.report import DType
from archcalc.window import ROUNDINGS

if TYPE_CHECKING:
    from archcalc.network import Network
    from archcalc.report import Report
    from archcalc.sheet import Sheet

Command = Callable[..., Any]
DTYPES = tuple(get_args(DType))


def examples(*lines: str) -> str:
    """Return the examples that end a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  archcalc {line}" for line in lines)


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Return the networks that a word begins; files where there are none."""
    from click.shell_completion import CompletionItem

    try:
        names = [name for name in archcalc.names() if name.startswith(incomplete.lower())]
    except ArchcalcError:
        names = []
    files = [] if names else [CompletionItem(incomplete, type="file")]
    return [*map(CompletionItem, names), *files]


def complete_layer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the layers of the model before it that a word begins."""
    try:
        network = archcalc.load(ctx.params.get("model") or "")
    except ArchcalcError:
        return []
    return [node.name for node in network.nodes if node.name.startswith(incomplete)]


def complete_op(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the layer types that a word begins."""
    return [kind for kind in archcalc.REGISTRY if kind.startswith(incomplete)]


def complete_columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the lists of columns that a word begins."""
    from archcalc.columns import COLUMNS

    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{key}" for key in COLUMNS if key.startswith(last)]


def model_options(command: Command) -> Command:
    """Add the MODEL argument and everything that says under which conditions it is looked at."""
    command = condition_options(command)
    command = click.option("--input", metavar="SHAPE", help="Another input, such as 3x256x256.")(command)
    return click.argument("model", shell_complete=complete_model)(command)


def condition_options(command: Command) -> Command:
    """Add what says under which conditions a network is looked at, beside its input, and --format."""
    for decorate in (
        format_option,
        click.option("--train", is_flag=True, help="Keep the auxiliary heads that exist only in training."),
        click.option(
            "--rounding",
            type=click.Choice(ROUNDINGS),
            help="Where a window does not fit evenly, in layers that say nothing themselves; "
            "strict holds for all layers and makes it an error.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            help="Change a parameter of the spec, such as classes=10.",
        ),
        click.option("--dtype", type=click.Choice(DTYPES), default="float32", help="Type of one number."),
        click.option("--batch", type=int, default=1, metavar="N", help="Samples at once.  [default: 1]"),
    ):
        command = decorate(command)
    return command


ALL_LEVELS = 10**6


def _levels(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the number of levels; a very large one for `all`."""
    if value is None:
        return None
    if value == "all":
        return ALL_LEVELS
    if not value.isascii() or not value.isdigit() or not 0 < int(value[:9]) <= ALL_LEVELS:
        raise click.BadParameter(f"{value!r} is neither a whole number of at least 1 nor 'all'")
    return int(value)


def depth_option(command: Command) -> Command:
    """Add --depth."""
    return click.option(
        "--depth",
        callback=_levels,
        metavar="N",
        help="Fold blocks below N levels into a row each; `all` shows every layer.  [default: what fits a screen]",
    )(command)


def format_option(command: Command) -> Command:
    """Add --format."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", *RENDERERS]),
        default="table",
        help="How to write the result on standard output.",
    )(command)


def analyzed(model: str, settings: Sequence[str], **conditions: Any) -> tuple[Network, Report]:
    """Load and analyze the model that the options describe."""
    network = archcalc.load(model, parameters=overrides(settings))
    return network, archcalc.analyze(network, **conditions)


def overrides(settings: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of --set NAME=VALUE."""
    from archcalc.spec.document import override

    return dict(map(override, settings))


def emit(sheet: Sheet, form: str) -> None:
    """Write a sheet on standard output."""
    if form == "table":
        from archcalc.console import page

        write(page(sheet))
    else:
        write(RENDERERS[form](sheet))


PLAIN = str.maketrans("×·−→─│├└′⌊⌋⌈⌉…²█▉▊▋▌▍▎▏", "x*->-||`'[][].2########")
"""What stands for a sign where the output knows none but ASCII."""


def _sayable(text: str, encoding: str) -> str:
    """Return text in signs that the output's encoding has."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(PLAIN)
    return text


class NobodyReadsError(Exception):
    """Whoever read standard output has gone away: no failure, and nobody to tell."""


def write(text: str) -> None:
    """Write text on standard output, all of it.

    Raises:
        NobodyReadsError: the other end of the pipe is closed.
        ArchcalcError: the output cannot be written, as on a full disk.
    """
    try:
        sys.stdout.write(_sayable(text, sys.stdout.encoding or "ascii"))
        sys.stdout.flush()
    except BrokenPipeError:
        raise NobodyReadsError from None
    except OSError as error:
        raise ArchcalcError(f"cannot write the output: {error.strerror}") from None
