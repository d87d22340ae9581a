"""The program: its commands, and the one place where errors become messages and exit statuses."""

from __future__ import annotations

import errno
import gc
import os
import sys
from collections.abc import Callable
from typing import ParamSpec, TextIO

import click

from archcalc.commands.group import cli
from archcalc.commands.output import NobodyReadsError
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.ground.room import watch

Said = ParamSpec("Said")


def main() -> None:
    """Run the command line and exit.

    The status is 0 if all is well, 1 if a check failed, 2 if the input or the call was wrong, 130 if
    interrupted, 141 if nobody reads the output any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    watch()
    sys.exit(_status())


def _status() -> int:
    """Run the command line and return its exit status, whatever runs out or breaks in."""
    try:
        return _outcome()
    except (click.Abort, KeyboardInterrupt):
        message, status = "interrupted", 130
    except RecursionError:
        message, status = "the network is nested deeper than Python can follow", 2
    except (
        MemoryError,
        SystemError,
    ) as error:  # the second is what an import ends with where memory is short
        # Python may keep the exception itself, and with it all that its frames hold; leaving needs room.
        error.__traceback__ = error.__context__ = None
        gc.collect()
        message, status = "out of memory", 2
    except ImportError as error:
        message, status = f"cannot load a library: {''.join(str(error).strip().splitlines()[-1:])}", 2
    # What filled the memory or the stack is gone only here, where no exception holds it any more.
    _tell(click.echo, message, err=True)
    return status


def _outcome() -> int:
    """Run the command line and return its exit status; what was wrong is said."""
    if sys.stdout is None:
        _tell(click.echo, "cannot write the output: standard output is closed", err=True)
        return 2
    try:
        status = cli.main(prog_name="archcalc", standalone_mode=False)
        sys.stdout.flush()
    except ArchcalcError as error:
        _tell(_complain, error)
        return 2
    except click.ClickException as error:
        _tell(_refuse, error)
        return 2
    except NobodyReadsError:
        _discard(sys.stdout)
        return 141
    except OSError as error:
        _check_memory(error)
        _discard(sys.stdout)
        _tell(click.echo, f"cannot write the output: {error.strerror}", err=True)
        return 2
    return status if isinstance(status, int) else 0


def _complain(error: ArchcalcError) -> None:
    from archcalc.sheet.terminal import complain

    complain(error)


def _refuse(error: click.ClickException) -> None:
    """Print what click says of a wrong call, with whatever the caller typed made visible."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return
    if isinstance(error, click.UsageError) and error.ctx:
        click.echo(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n", err=True)
    click.echo(
        "Error: " + "\n".join(map(visible, error.format_message().replace("\t", "  ").split("\n"))), err=True
    )


def _tell(speak: Callable[Said, None], *about: Said.args, **how: Said.kwargs) -> None:
    """Say something on standard error, if it can be said."""
    if sys.stderr is None:
        return
    try:
        speak(*about, **how)
        sys.stderr.flush()
    except OSError as error:
        _check_memory(error)
        _discard(sys.stderr)


def _check_memory(error: OSError) -> None:
    """Raise a MemoryError where that is what a system call, such as one that loads a module, ran out of."""
    if error.errno == errno.ENOMEM:
        raise MemoryError from None


def _discard(stream: TextIO) -> None:
    """Send a stream that cannot be written to nowhere: Python would complain of it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
