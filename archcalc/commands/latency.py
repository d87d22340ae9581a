"""The command that says how long a network takes: latency."""

from __future__ import annotations

from typing import Unpack

import click

from archcalc.commands.group import cli
from archcalc.commands.options import ModelOptions, analyze_model, depth_option, examples, report_options
from archcalc.commands.output import emit
from archcalc.commands.placing import PlaceOptions, device_options


class LatencyOptions(ModelOptions, PlaceOptions):
    """A model, its conditions, and where it runs."""


@cli.command(
    epilog=examples(
        "latency resnet50 --device h100",
        "latency resnet50 --device h100 --batch 64 --dtype float16",
        "latency vit_b_16 --device rtx4090 --batch 64 --dtype amp-float16 --mode fused",
        "latency mobilenet_v2 --device h200 --dtype tf32 --depth 1",
        "latency resnet50 --device h100 --batch 64 --dtype float16 --roofline",
        "latency resnet50 --device i9_10940x --format csv",
    )
)
@click.option(
    "--roofline",
    is_flag=True,
    help="Draw the layers that multiply over the operations that they do for each byte, under what the device can do; json "
    "and csv have a row for each.",
)
@device_options
@depth_option
@report_options
def latency(form: str, depth: int | None, roofline: bool, **options: Unpack[LatencyOptions]) -> None:
    """Show how long a forward pass takes on a device: each layer's time, what bounds it, and the physical bound.

    A layer runs kernels. Each takes a start, and then its products or what it reads and writes, whichever takes longer;
    constants say what part of the peaks of a device kernels reach, and were fitted to measurements. The page says by how
    much such predictions were off; archcalc devices DEVICE has the constants.
    """
    from archcalc.views.latency import latency as page
    from archcalc.views.layers import level

    if options["device"] is None:
        raise click.UsageError(
            "latency needs --device NAME|PATH; archcalc devices lists those that are known"
        )
    if roofline and depth is not None:
        raise click.UsageError("--roofline shows single layers: leave out --depth")
    report = analyze_model(**options)
    if roofline:
        from archcalc.views.roofline import roofline as picture

        emit(picture(report), form)
        return
    emit(page(report, level(report, depth, form)), form)
