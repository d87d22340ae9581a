"""The command that says how long a network takes: latency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

import archcalc
from archcalc.commands.group import cli
from archcalc.commands.options import ModelOptions, analyze_model, depth_option, examples, report_options
from archcalc.commands.output import emit
from archcalc.commands.placing import PlaceOptions, device_options, runtime_option

if TYPE_CHECKING:
    from archcalc.analysis.report import Report
    from archcalc.questions.calibrate.runtimes import Library
    from archcalc.sheet.sheet import Sheet


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
        "latency lenet5 --device i9_10940x --measure",
    )
)
@click.option(
    "--roofline",
    is_flag=True,
    help="Draw the layers that multiply over the operations that they do for each byte, under what the device can do; json "
    "and csv have a row for each.",
)
@device_options
@click.option(
    "--measure",
    is_flag=True,
    help="Run the network here, in float32, and show what was predicted beside what it took: for a CPU.",
)
@runtime_option("What runs it with --measure.")
@depth_option
@report_options
def latency(
    form: str,
    depth: int | None,
    roofline: bool,
    measure: bool,
    runtime: Library | None,
    **options: Unpack[LatencyOptions],
) -> None:
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
    if roofline and measure:
        raise click.UsageError("--roofline and --measure are pages of their own: leave one out")
    if runtime is not None and not measure:
        raise click.UsageError(f"--runtime {runtime} says what runs a network with --measure")
    report = analyze_model(**options)
    if roofline:
        from archcalc.views.roofline import roofline as picture

        emit(picture(report), form)
        return
    emit(_run(report, runtime) if measure else page(report, level(report, depth, form)), form)


def _run(report: Report, library: Library | None) -> Sheet:
    """Run a network, and return what was predicted beside what it took."""
    from archcalc.analysis.figures.timing import need_timing
    from archcalc.ground.room import check_room, for_products
    from archcalc.questions.calibrate.runtimes import need_runtime
    from archcalc.questions.measure import check_measurable, measure
    from archcalc.views.measurement import measurement

    timing = need_timing(report)
    check_measurable(report, timing)
    runtime = need_runtime(library)
    check_room(archcalc.memory_bound(report) + for_products())
    return measurement(report, timing, measure(report, timing, runtime))
