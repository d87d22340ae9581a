"""The commands that report on one network: show, tree, params, flops, rf."""

from __future__ import annotations

from typing import Unpack

import click

from archcalc.commands.group import cli
from archcalc.commands.options import (
    ModelOptions,
    analyze_model,
    check_depth,
    columns_option,
    depth_option,
    examples,
    report_options,
)
from archcalc.commands.output import emit
from archcalc.commands.placing import PlaceOptions, device_options
from archcalc.commands.values import Word


def _columns() -> tuple[str, ...]:
    """Return the columns of a page with a row a layer."""
    from archcalc.analysis.figures import column_keys

    return column_keys()


class ShowOptions(ModelOptions, PlaceOptions):
    """A model, its conditions, and where it runs."""


@cli.command(
    epilog=examples(
        "show alexnet",
        "show vgg16 --input 3x256x256 --batch 32 --dtype float16",
        "show alexnet --set classes=10 --format markdown",
        "show alexnet --input 3x224x224 --rounding strict",
        "show mynet.yaml --columns layer,output,params,field",
        "show alexnet --by op",
        "show resnet50 --by stage",
        "show resnet50 --device h100 --columns layer,macs,time_us,bound_by",
        "show resnet50 --columns layer,macs,time_us@h100,time_us@rpi5",
    )
)
@click.option(
    "--by",
    type=Word(("layer", "op", "stage"), {"type": "op", "kind": "op", "block": "stage"}),
    default="layer",
    help="What a row is: a layer; all layers of one type, op; or a block at the top, stage, "
    "as with --depth 1.  [default: layer]",
)
@columns_option(_columns)
@depth_option
@device_options
@report_options
def show(form: str, by: str, columns: str | None, depth: int | None, **options: Unpack[ShowOptions]) -> None:
    """Show every layer: sizes, parameters, work, memory, and the totals.

    A deep network opens folded: a block is one row where its layers do not fit a screen. With --by op a row is
    a layer type: how many layers it has, and what they have together.
    """
    from archcalc.views.layers import choose, layer_types, layers, level

    if by != "layer" and depth is not None:
        raise click.UsageError(f"--depth says how far blocks are folded, as --by {by} does: leave one out")
    report = analyze_model(**options)
    if by == "op":
        emit(layer_types(report, columns, form), form)
    else:
        emit(layers(report, choose(columns, form), 1 if by == "stage" else level(report, depth, form)), form)


@cli.command(
    epilog=examples("tree resnet50", "tree googlenet --depth 2", "tree mynet.yaml --format markdown")
)
@depth_option
@report_options
def tree(form: str, depth: int | None, **options: Unpack[ModelOptions]) -> None:
    """Show the network as a tree: each block with its sums, and what is in it."""
    from archcalc.views import layers

    report = analyze_model(**options)
    emit(layers.tree(report, layers.level(report, depth, form), form), form)


@cli.command(epilog=examples("rf vgg16", "rf resnet50 --input 3x512x512", "rf mobilenet_v1 --format csv"))
@report_options
def rf(form: str, **options: Unpack[ModelOptions]) -> None:
    """Show receptive fields: how much of the input one element of each layer sees.

    The largest over all paths and, where neighbours differ, of the one that sees most; the smallest where
    branches differ; the distance between the fields of neighbours; the middle of the first field. A field
    larger than the input is marked *. After global pooling, a gate or a linear layer an element sees the
    whole input; the field without gates stands beside it. ? is a field that nobody can say. Rows are the
    layers that change the field.
    """
    from archcalc.views.layers import fields

    emit(fields(analyze_model(**options), form), form)


@cli.command(
    epilog=examples(
        "params vgg16",
        "params lenet5_1998 --formula",
        "params alexnet --split",
        "params resnet50 --fold-batchnorm",
        "params alexnet --per-layer --format csv",
    )
)
@click.option("--per-layer", is_flag=True, help="A row for every layer; --depth folds blocks.")
@click.option(
    "--formula", is_flag=True, help="A row for every layer that has parameters, with the arithmetic."
)
@click.option(
    "--split",
    is_flag=True,
    help="Weights, biases and others (γ and β of normalisation, …) apart: a row a layer type; "
    "with --per-layer a row a layer.",
)
@click.option(
    "--fold-batchnorm",
    is_flag=True,
    help="Of what is left when each batch normalisation is folded into the convolution or linear layer right "
    "before it, which gets a bias where it had none.",
)
@depth_option
@report_options
def params(
    form: str,
    per_layer: bool,
    formula: bool,
    split: bool,
    fold_batchnorm: bool,
    depth: int | None,
    **options: Unpack[ModelOptions],
) -> None:
    """Count parameters: learnable, fixed and buffers.

    Weights that several layers share count once, where they first stand.
    """
    from archcalc.analysis.batchnorm import fold_batchnorms
    from archcalc.views import layers, totals
    from archcalc.views.folding import with_folding

    if formula and split:
        raise click.UsageError("weights and biases stand apart in formulas: leave out --formula or --split")
    if fold_batchnorm and options["train"]:
        raise click.UsageError("--fold-batchnorm is about inference: leave out --train")
    if formula and depth is not None:
        raise click.UsageError("--formula writes out every layer: leave --depth out")
    if not per_layer:
        check_depth(depth, "--per-layer")
    report = analyze_model(**options)
    folding = fold_batchnorms(report) if fold_batchnorm else None
    report = folding.report if folding else report
    if split:
        sheet = (
            layers.split_by_layer(report, layers.level(report, depth, form))
            if per_layer
            else layers.split_by_op(report)
        )
    elif formula:
        sheet = totals.formulas(report)
    elif per_layer:
        sheet = layers.layers(report, layers.PARAMS, layers.level(report, depth, form), about="params_share")
    else:
        sheet = totals.totals(report, totals.PARAMS)
    emit(with_folding(sheet, folding), form)


@cli.command(
    epilog=examples(
        "flops alexnet",
        "flops vgg16 --per-layer",
        "flops alexnet --train",
        "flops vgg16 --batch 8 --format json",
    )
)
@click.option("--per-layer", is_flag=True, help="A row for every layer; --depth folds blocks.")
@depth_option
@report_options
def flops(form: str, per_layer: bool, depth: int | None, **options: Unpack[ModelOptions]) -> None:
    """Count work: multiply-accumulates (MACs), and every other operation by kind.

    FLOPs are 2 · MACs + all other operations. Papers and tables mostly print MACs, often under the
    name FLOPs.

    With --train also the MACs of a training step: forward, and as many again for the gradient of each
    layer's weights and for that of its input, which the first layer that learns does not need.
    """
    from archcalc.views import layers, totals

    if not per_layer:
        check_depth(depth, "--per-layer")
    report = analyze_model(**options)
    if per_layer:
        sheet = totals.work_by_layer(report, layers.level(report, depth, form))
    else:
        sheet = totals.work(report)
    emit(sheet, form)
