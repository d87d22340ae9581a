"""Where a result goes, and in which form: on standard output, or into a file."""

from __future__ import annotations

import os
import re
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archcalc.commands.values import FORMS, Word
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.sheet.renderers import MODULES, PAPERS, render
from archcalc.sheet.sheet import Sheet
from archcalc.sheet.signs import speller

if TYPE_CHECKING:
    from click.decorators import FC

OUTPUT, FORCE = "archcalc.output", "archcalc.force"
"""What a run keeps beside its options: the file that --output names, if it does, and whether --force was given."""
CAPTION, LABEL = "archcalc.caption", "archcalc.label"
"""Likewise what --caption and --label say; nothing where they are not there."""
NAME = re.compile(r"[A-Za-z][A-Za-z0-9:._-]*")
"""What LaTeX, pandoc and HTML all take for a name."""
SUFFIXES = {
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
}
"""The formats of a page by the suffix of the file that it is written to."""
PLAIN = ("", ".txt")
"""The suffixes of files that get a table."""


def page_options(command: FC) -> FC:
    """Add --format, --output and --force."""
    return format_option(output_option(command))


def format_option(command: FC) -> FC:
    """Add --format, --caption and --label."""
    for decorate in (
        click.option(
            "--label",
            metavar="NAME",
            is_eager=True,
            expose_value=False,
            callback=_label,
            help="What to refer to the table by, such as tab:models; it takes a caption.",
        ),
        click.option(
            "--caption",
            metavar="TEXT",
            is_eager=True,
            expose_value=False,
            callback=_caption,
            help="What a paper says of the table, in markdown, latex and html.",
        ),
        click.option(
            "--format",
            "form",
            type=Word(list(MODULES), FORMS),
            callback=_form,
            help="How to write the result.  [default: what the suffix of --output stands for, else table]",
        ),
    ):
        command = decorate(command)
    return command


def _form(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    path = ctx.meta.get(OUTPUT)
    form = value or (_form_of(path) if path else "table")
    _check_caption(form, ctx.meta[CAPTION], ctx.meta[LABEL])
    return form


def _form_of(path: Path) -> str:
    """Return the format of a page that is written to a file."""
    suffix = path.suffix.lower()
    if suffix in PLAIN:
        return "table"
    if suffix not in SUFFIXES:
        raise ArchcalcError(
            f"{visible(str(path))}: no page is written to files called {visible(suffix)}",
            hint=f"{', '.join(SUFFIXES)} stand for formats, and {PLAIN[-1]} for a table; --format table writes one "
            "whatever the name",
        )
    return SUFFIXES[suffix]


def _check_caption(form: str, caption: str, label: str) -> None:
    """Raise a fact where a caption or a label has no place."""
    if (caption or label) and form not in PAPERS:
        raise ArchcalcError(
            f"the format {form} has no {'caption' if caption else 'label'}",
            hint=f"--format {', '.join(PAPERS[:-1])} or {PAPERS[-1]} writes one",
        )
    if label and not caption:
        raise ArchcalcError("a label names a table that has a caption", hint="--caption says what it shows")


def _caption(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    ctx.meta[CAPTION] = " ".join((value or "").split())
    if value is not None and not ctx.meta[CAPTION]:
        raise click.BadParameter("it says nothing")


def _label(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    ctx.meta[LABEL] = value or ""
    if value is not None and not NAME.fullmatch(value):
        raise click.BadParameter(
            f"{visible(value)!r} is no name: a letter, then letters, digits, and : . _ -, such as tab:models"
        )


def output_option(command: FC) -> FC:
    """Add --output and --force; a file that is in the way is refused before anything is worked out."""
    command = click.option(
        "--force",
        is_flag=True,
        expose_value=False,
        callback=_force,
        help="Write over a file that is there already.",
    )(command)
    return click.option(
        "--output",
        "-o",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_output,
        help="Where to write; - for standard output.  [default: -]",
    )(command)


def _output(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    ctx.meta[OUTPUT] = None if value in (None, "-") else Path(str(value))


def _force(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[FORCE] = value
    path = ctx.meta[OUTPUT]
    if path is not None:
        check_free(path, force=value)


def destination() -> Path | None:
    """Return the file that --output names; None for standard output."""
    path: Path | None = click.get_current_context().meta.get(OUTPUT)
    return path


def emit(sheet: Sheet, form: str) -> None:
    """Write a sheet where --output says, with the caption that is stated; machines are told which command made it."""
    context = click.get_current_context()
    sheet = sheet._replace(
        facts={"command": context.info_name, **sheet.facts},
        caption=context.meta[CAPTION],
        label=context.meta[LABEL],
    )
    path = destination()
    if path is None:
        write(render(sheet, form))
        return
    with redirect_stdout(StringIO()):  # what a page asks about its width, colours and signs is no terminal
        text = render(sheet, form)
    save(path, text.encode())


def save(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, into a new one beside it, which then takes its place; and say so.

    Raises:
        ArchcalcError: the file cannot be written, or there is one already and no --force.
    """
    final = path.resolve()
    part = final.with_name(f".{final.name[:100]}.{os.getpid()}.part")
    try:
        try:
            with part.open("xb") as file:
                file.write(content)
            check_free(final, force=click.get_current_context().meta[FORCE])
            part.replace(final)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ArchcalcError(
            f"{visible(str(path))}: {error.strerror}", hint="--output names another file"
        ) from None
    click.echo(f"wrote {visible(str(path))}", err=True)


def check_free(path: Path, *, force: bool) -> None:
    """Raise a fact where there is a file already, or something that is no file."""
    if path.exists() and not path.is_file():
        raise ArchcalcError(
            f"{visible(str(path))}: is not a regular file", hint="--output names another file"
        )
    if path.exists() and not force:
        raise ArchcalcError(
            f"{visible(str(path))}: there is such a file",
            hint="--force writes over it, --output names another",
        )


class NobodyReadsError(Exception):
    """Whoever read standard output has gone away: no failure, and nobody to tell."""


def write(text: str) -> None:
    """Write text on standard output, all of it.

    Raises:
        NobodyReadsError: the other end of the pipe is closed.
        OSError: the output cannot be written, as on a full disk.
    """
    try:
        sys.stdout.write(speller(sys.stdout.encoding or "ascii")(text))
        sys.stdout.flush()
    except BrokenPipeError:
        raise NobodyReadsError from None
