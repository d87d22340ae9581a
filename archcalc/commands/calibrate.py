"""The command that measures this machine: calibrate."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archcalc.commands.group import cli
from archcalc.commands.options import examples
from archcalc.commands.output import FORCE, check_free, emit, format_option, save, write
from archcalc.commands.placing import runtime_option
from archcalc.commands.values import Whole
from archcalc.ground.errors import ArchcalcError, visible

if TYPE_CHECKING:
    from archcalc.questions.calibrate.calibrate import Calibration
    from archcalc.questions.calibrate.runtimes import Library

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
SECONDS = 30


@cli.command(
    epilog=examples(
        "calibrate",
        "calibrate --name laptop --seconds 60",
        "calibrate --output laptop.yaml",
        "calibrate --force --format json",
    )
)
@click.option("--name", default="this", metavar="NAME", show_default=True, help="What to call the device.")
@click.option(
    "--seconds",
    type=Whole(1),
    default=SECONDS,
    metavar="N",
    show_default=True,
    help="How long to measure; what prepares and fits takes some more.",
)
@runtime_option("What runs layers.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    help="Where to write the device; - for standard output.  [default: NAME.yaml in archcalc/devices/ of your configuration]",
)
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
@format_option
@click.pass_context
def calibrate(
    ctx: click.Context,
    /,
    name: str,
    seconds: int,
    runtime: Library | None,
    output: str | None,
    force: bool,
    form: str,
) -> None:
    """Measure this machine and write it as a device, on which latency predicts.

    Products of matrices, streams through memory, a function and small calls run in NumPy, and layers of many kinds in
    PyTorch or ONNX Runtime, where one is installed; constants are fitted to what they took. Without these, layers have the
    constants of a processor that archcalc knows. All runs in rounds, whose differences say how stable the machine was.
    """
    name = name.lower().replace("-", "_")
    ctx.meta[FORCE] = force
    path = _find_place(name, output, force=force)
    found = _measure(name, seconds, runtime)
    content = _write_file(found)
    if path is None:
        write(content)
        return
    if output is None:
        _make_folder(path.parent)
    save(path, content.encode())
    from archcalc.views.calibration import calibration

    emit(calibration(found, str(path), name if output is None else str(path)), form)


def _find_place(name: str, output: str | None, *, force: bool) -> Path | None:
    """Return where to write a device; None for standard output. What cannot be written there is told before it is measured."""
    from archcalc.formats.devices import OWN, user_folder

    if not NAME.fullmatch(name):
        raise ArchcalcError(
            f"{visible(repr(name))} is no name of a device",
            hint="a letter, then letters, digits and _, such as laptop",
        )
    if output == "-":
        return None
    if output is None:
        if (OWN / f"{name}.yaml").exists():
            raise ArchcalcError(
                f"{name} is a device that archcalc knows", hint="--name gives it another name"
            )
        path = user_folder() / f"{name}.yaml"
    else:
        path = Path(output)
        if path.suffix not in (".yaml", ".yml"):
            raise ArchcalcError(
                f"{visible(output)}: a device is read from a file that ends in .yaml",
                hint="--output NAME.yaml",
            )
    check_free(path, force=force)
    _check_folder(path.parent, make=output is None)
    return path


def _check_folder(folder: Path, *, make: bool) -> None:
    """Raise a fact where no file can be written into a folder, which may be made where it is not there."""
    there = folder
    while make and not there.exists() and there != there.parent:
        there = there.parent
    if not there.is_dir():
        raise ArchcalcError(f"{visible(str(there))}: is no folder", hint="--output names another file")
    if not os.access(there, os.W_OK | os.X_OK):
        raise ArchcalcError(
            f"{visible(str(there))}: nothing may be written there", hint="--output names another file"
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArchcalcError(
            f"{visible(str(folder))}: {error.strerror}", hint="--output names another file"
        ) from None


def _measure(name: str, seconds: int, library: Library | None) -> Calibration:
    """Measure this machine, with a bar on a terminal."""
    from archcalc.questions.calibrate.calibrate import calibrate, list_trials
    from archcalc.questions.calibrate.rounds import ROUNDS
    from archcalc.questions.calibrate.runtimes import find_runtime

    runtime = find_runtime(library)
    if runtime is None:
        click.echo(
            "note: neither PyTorch nor ONNX Runtime is installed: layers have the constants of another processor",
            err=True,
        )
    trials = list_trials(runtime)
    with click.progressbar(
        length=ROUNDS * len(trials), label="measuring", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        return calibrate(name, trials, seconds, progress=lambda: bar.update(1))


def _write_file(found: Calibration) -> str:
    """Return the device's file, which says at its top how stable the machine was."""
    from archcalc.formats.language.device_write import write_device
    from archcalc.views.calibration import tell_stability

    return write_device(found.device, ("measured by archcalc calibrate", *tell_stability(found)))
