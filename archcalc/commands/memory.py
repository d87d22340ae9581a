"""The command that says what takes memory: memory; and the options of a training step."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from archcalc.commands.completions import complete_optimizer
from archcalc.commands.group import cli
from archcalc.commands.options import (
    ModelOptions,
    analyze_model,
    check_depth,
    conditions_of,
    depth_option,
    examples,
    report_options,
)
from archcalc.commands.output import emit
from archcalc.commands.values import Whole, Word

if TYPE_CHECKING:
    from click.decorators import FC

    from archcalc.analysis.training.step import TrainingStep


class StepOptions(TypedDict):
    """How a step of training is done; None where nothing is said."""

    optimizer: str | None
    in_place: str | None
    checkpoint: str | None
    accumulate: int | None
    shard: str | None
    ranks: int | None
    frozen: tuple[str, ...]


def step_options(command: FC) -> FC:
    """Add the options of a training step."""
    for decorate in (
        click.option(
            "--frozen",
            multiple=True,
            metavar="GLOB",
            help="Weights that do not learn: a layer, a block, or one weight such as conv1.bias, as show and params --split "
            "name them, or a pattern: * is anything, '[!h]*' what does not begin with h; may be repeated.",
        ),
        click.option("--ranks", type=Whole(), metavar="N", help="Among how many --shard shares out."),
        click.option(
            "--shard",
            type=Word(("zero1", "zero2", "zero3")),
            help="Share out the optimizer's state, with zero2 gradients, too, and with zero3 weights.",
        ),
        click.option(
            "--accumulate",
            type=Whole(),
            metavar="N",
            help="Add up the gradients of N batches before each step.",
        ),
        click.option(
            "--checkpoint",
            metavar="WHAT",
            help="Run again before its backward pass: blocks, those at the top; every:N, N layers each; auto, as many as "
            "the square root of all.  [default: none]",
        ),
        click.option(
            "--in-place",
            type=Word(("always", "never", "as-written")),
            help="Whether activations overwrite their input: wherever they can, never, or where the spec says so.  "
            "[default: as-written]",
        ),
        click.option(
            "--optimizer",
            metavar="NAME",
            shell_complete=complete_optimizer,
            help="sgd keeps nothing, momentum and lion a number for each parameter, adam and adamw two, adam8bit two "
            "bytes, adafactor one for each row and column.  [default: sgd]",
        ),
    ):
        command = decorate(command)
    return command


class MemoryOptions(ModelOptions, StepOptions):
    """A model, its conditions, and how a step of training is done."""


def read_step(options: StepOptions) -> TrainingStep | None:
    """Return how a step of training is done; None where no option says anything about it.

    Raises:
        ArchcalcError: an option names what there is not, or says nothing beside the others.
    """
    from archcalc.analysis.training.step import TrainingStep

    stated = {
        name: value
        for name, value in options.items()
        if name in StepOptions.__annotations__ and value not in (None, ())
    }
    if not stated:
        return None
    step = TrainingStep(**stated)  # type: ignore[arg-type]
    step.check()
    return step


@cli.command(
    epilog=examples(
        "memory vgg16",
        "memory resnet50 --batch 32 --dtype float16",
        "memory resnet50 --train --optimizer adam --batch 64",
        "memory resnet50 --batch 64 --optimizer adam --checkpoint blocks --dtype amp-float16",
        "memory vit_b_16 --batch 64 --optimizer adamw --shard zero2 --ranks 8",
        "memory resnet50 --batch 64 --optimizer adam --frozen 'conv*'",
        "memory alexnet --batch 32 --optimizer adam --timeline",
        "memory vgg16 --per-layer",
        "memory vit_b_16 --train --per-layer --depth 1",
        "memory vgg16 --train --per-layer --sort -train.requested_bytes",
    )
)
@click.option(
    "--per-layer",
    is_flag=True,
    help="A row for every layer, with what is alive while it runs, or with --train what it keeps for the backward pass; "
    "--depth folds blocks.",
)
@click.option(
    "--timeline",
    is_flag=True,
    help="A row for every layer, forward and backward: what is there meanwhile in a step of training; --depth folds "
    "blocks, the highest moment of each.",
)
@click.option(
    "--sort",
    "by",
    metavar="KEY",
    help="The column to sort --per-layer by, such as train.requested_bytes; -train.requested_bytes puts the largest first.",
)
@step_options
@depth_option
@report_options
def memory(
    form: str,
    per_layer: bool,
    timeline: bool,
    by: str | None,
    depth: int | None,
    **options: Unpack[MemoryOptions],
) -> None:
    """Show memory: weights and the most that is alive at once; with --train, at once in a whole step of training.

    Inference runs the layers in the order of the spec. A layer's inputs and output are alive together,
    and a tensor is freed after its last use; views such as flatten take nothing.

    A training step runs as in PyTorch on a GPU: what autograd keeps of each layer lives until its backward pass, gradients come
    and go, the optimizer's step has temporaries; blocks are those that PyTorch's allocator hands out.
    """
    from archcalc.views import totals, training, training_layers
    from archcalc.views.layers import level, sort_rows

    step = read_step(options)
    options["train"] = options["train"] or timeline or step is not None
    if per_layer and timeline:
        raise click.UsageError("--per-layer and --timeline are two pages: leave out one of them")
    if not (per_layer or timeline):
        check_depth(depth, "--per-layer", "--timeline")
    report = analyze_model(options["model"], options["settings"], step, **conditions_of(options))
    if by is not None and not per_layer:
        raise click.UsageError("--sort is about rows of layers: --per-layer shows them")
    if per_layer and options["train"]:
        page = training_layers.training_by_layer(report, level(report, depth, form), form)
    elif per_layer:
        page = totals.memory_by_layer(report, level(report, depth, form))
    elif timeline:
        page = training.timeline(report, level(report, depth, form))
    elif options["train"]:
        page = training.memory_in_training(report)
    else:
        page = totals.memory(report)
    emit(page if by is None else sort_rows(page, by), form)
