"""The command that says what still fits."""

from __future__ import annotations

from typing import Unpack

import click

import archcalc
from archcalc.commands.completions import complete_device, complete_varied
from archcalc.commands.devices import DeviceMemory
from archcalc.commands.group import cli
from archcalc.commands.limits import limit_option, read_limits
from archcalc.commands.memory import StepOptions, read_step, step_options
from archcalc.commands.options import STATUS, Options, conditions_of, examples, model_options, overrides
from archcalc.commands.output import emit, page_options
from archcalc.commands.placing import PlaceOptions, device_options, find_placement
from archcalc.commands.telling import tell_namesake


class FitOptions(Options, StepOptions, PlaceOptions):
    """The conditions, how a step of training is done, and where the network runs."""


@cli.command(
    epilog=examples(
        "fit resnet50 --memory 8GiB",
        "fit resnet50 --memory h100 --optimizer adam --dtype amp-float16",
        "fit resnet50 --memory 8GiB --vary input",
        "fit resnet50 --memory 8GiB --vary checkpoint --batch 128 --optimizer adam",
        "fit mobilenet_v1 --ram 256KiB --dtype int8",
        "fit mobilenet_v2 --ram 512KiB --flash 4MiB --dtype int8",
        "fit mobilenet_v1 --ram cortex_m7 --dtype int8",
        "fit mobilenet_v2 --flash 2MiB --dtype int8 --vary width",
        "fit simple_convnet --limit 'params <= 1M' --vary hidden_size",
        "fit vgg16 --limit 'macs <= 40G' --vary input",
        "fit resnet50 --limit 'time_us <= 5ms' --device h100 --dtype float16",
    )
)
@click.option(
    "--memory",
    type=DeviceMemory(),
    metavar="SIZE|DEVICE",
    shell_complete=complete_device,
    help="Short for --limit 'memory_bytes <= SIZE', such as 24GiB or h100; in training for 'train.peak_bytes <= SIZE'.",
)
@click.option(
    "--ram",
    type=DeviceMemory(),
    metavar="SIZE|DEVICE",
    shell_complete=complete_device,
    help="Short for --limit 'deployed.arena_bytes <= SIZE': the arena of a small device.",
)
@click.option(
    "--flash",
    type=DeviceMemory("flash"),
    metavar="SIZE|DEVICE",
    shell_complete=complete_device,
    help="Short for --limit 'deployed.weight_bytes <= SIZE': what holds its weights.",
)
@click.option(
    "--vary",
    metavar="WHAT",
    shell_complete=complete_varied,
    help="batch, input, which is then square, checkpoint, for what runs the least again in a step of training, or a "
    "parameter of the spec: a whole number, or one with a point, such as a width of 1.0, in hundredths.  "
    "[default: batch; input with --ram or --flash]",
)
@step_options
@device_options
@limit_option
@model_options
@page_options
@click.pass_context
def fit(
    ctx: click.Context,
    /,
    model: str,
    form: str,
    memory: str | None,
    ram: str | None,
    flash: str | None,
    vary: str | None,
    stated: tuple[str, ...],
    **options: Unpack[FitOptions],
) -> None:
    """Find the largest batch, input or parameter that fits into memory, or keeps within other limits.

    The answer is the largest value, what each figure is with it, and what the next value would need. Of checkpoints it is
    the one that runs the fewest MACs again, with what the others need. The exit status is 1 where none fits.

    Small devices hold the weights in flash and the activations in one arena in RAM, with batch normalisation folded and
    activations in place; --dtype int8 is a byte a number. In place of a size a device may stand, by name or file, with all
    the memory that it has: archcalc devices lists them.
    """
    from archcalc.views import fitting

    what = vary or ("input" if ram or flash else "batch")
    step = read_step(options)
    options["train"] = options["train"] or step is not None or what == "checkpoint"
    whole = "train.peak_bytes" if options["train"] else "memory_bytes"
    short = {whole: memory, "deployed.arena_bytes": ram, "deployed.weight_bytes": flash}
    limits = read_limits(stated, short)
    if what in ("batch", "input", "checkpoint") and options[what]:  # type: ignore[literal-required]
        raise click.UsageError(f"--{what} is what is varied: leave it out, or vary something else")
    given = overrides(options["settings"])
    if what in given:
        raise click.UsageError(f"--set {what}=… gives what is varied: leave it out, or vary something else")
    tell_namesake(model)
    place = find_placement(options["device"], options["mode"])
    asked = conditions_of(options)
    found = archcalc.fit(model, limits, what, parameters=given, **asked, step=step, device=place)
    emit(fitting.sheet(found, form), form)
    ctx.meta[STATUS] = int(found.value is None)
