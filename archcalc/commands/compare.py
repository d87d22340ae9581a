"""The command that compares: kernel stacks, networks, or one network's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

import archcalc
from archcalc.analysis.conditions import Asked
from archcalc.commands.completions import complete_model
from archcalc.commands.group import cli
from archcalc.commands.options import condition_options, examples, overrides, result_options
from archcalc.commands.output import emit
from archcalc.commands.placing import device_options, find_placement
from archcalc.commands.telling import tell_namesake
from archcalc.commands.values import Whole, Word

if TYPE_CHECKING:
    from archcalc.analysis.timing.device import Mode
    from archcalc.views.networks import By


@cli.command(
    epilog=examples(
        "compare 3x3x3 7x7",
        "compare 3x3x3 7x7 --channels 512 --input 14x14",
        "compare 5x5-48 1x1-16,5x5-48 --channels 480 --input 14x14",
        "compare 3x3 3x3@dw,1x1 3x3@g32 --format markdown",
        "compare maxpool3/2 maxpool2/2 --input 96x55x55",
        "compare resnet50 resnet101 --by op",
        "compare resnet50 vgg16 --format latex --caption 'Two networks' --label tab:two",
        "compare resnet50 --input 3x224x224 3x320x320",
        "compare resnet50 mobilenet_v3_large --device rpi5",
        "compare vgg16 vgg19 --set classes=10",
        "compare mynet.yaml 3x3x3 --format csv",
    )
)
@click.argument("subjects", nargs=-1, required=True, metavar="A B...", shell_complete=complete_model)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="SHAPE",
    help="Another input, such as 3x256x256; for stacks 14x14. Several compare every network on each.",
)
@click.option(
    "--channels", type=Whole(), metavar="C", help="For stacks: how many channels C is, to have numbers, too."
)
@click.option(
    "--by",
    type=Word(
        ("none", "stage", "op", "layer"), {"type": "op", "kind": "op", "block": "stage", "model": "none"}
    ),
    help="Split parameters and MACs of networks by stage, a block at the top; by op, a layer type, with how many layers "
    "there are of it; or by layer; none leaves the figures alone.  [default: stage where more than half of them are "
    "called alike in all networks or the format is json, csv or tsv, else none]",
)
@device_options
@result_options
@condition_options
def compare(
    form: str,
    by: By | None,
    subjects: tuple[str, ...],
    inputs: tuple[str, ...],
    settings: tuple[str, ...],
    device: str | None,
    mode: Mode | None,
    **options: Unpack[Asked],
) -> None:
    """Compare kernel stacks and networks: what they cost, what they see, where they differ.

    Each of A, B, … is a stack or a MODEL. Ratios are to the first. Where networks are not split into parts, markdown,
    latex and html have a row a network, with a unit in the head of each column. With --device there is how long each
    network takes there, beside its MACs.

    A stack is layers with commas between them, or a single one. C channels go into it; convolutions are padded
    to keep the size, and a non-linearity follows each; pooling has neither.

    \b
    3x3           a 3×3 convolution from C channels to C
    1x7           a kernel 1 high and 7 wide
    3x3x3, 3x3*3  three 3×3, as 3x3,3x3,3x3 are
    3x3-64        64 channels out; C where none are given
    3x3/2         stride 2: half the size, rounded up
    3x3@g32       in 32 groups
    3x3@dw        depthwise: a group for each channel, as many out as in
    3x3@d2        dilation 2
    maxpool3/2    a 3×3 window that moves by 2; by its kernel unless told

    These may stand together: 3x3-64/2@g32. What can be read in two ways is refused, such as 3x5x2.
    With --channels and --input there are numbers beside the formulas in C.

    Beside networks alone, a size of three numbers such as 3x320x320 is another input; KxKxN, such as
    3x3x3, is always a stack. A stack beside a network gets the network's input.
    """  # noqa: D301  # click's mark for lines that stay as they are
    from archcalc.views.comparison import side_by_side

    placement = find_placement(device, mode)
    contrast = archcalc.compare(
        *subjects, input=inputs, parameters=overrides(settings), **options, device=placement
    )
    for subject in subjects:
        tell_namesake(subject)
    emit(side_by_side(contrast, form, by), form)
