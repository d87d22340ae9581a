"""Compares kernel stacks and networks: what each costs and sees, and what they do not share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from archcalc.analysis.conditions import Asked, DType
from archcalc.analysis.layout import check_input
from archcalc.analysis.report import Report
from archcalc.arithmetic.window import Rounding
from archcalc.formats.library import Model, as_network, is_inline
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.network.network import Network
from archcalc.op.settings import extents, whole
from archcalc.op.site import Sizes
from archcalc.questions.analyze import analyze, place_any
from archcalc.questions.costs import StackCosts, cost
from archcalc.questions.differences import Difference, count_shared, differences
from archcalc.questions.stacks import (
    Stack,
    hint_for_layer,
    is_size,
    is_stack,
    network,
    stack,
)
from archcalc.sheet.pages import Paged

if TYPE_CHECKING:
    from archcalc.analysis.timing.device import Placement


class AskedOnDevice(Asked):
    """The conditions, and where networks run."""

    device: Placement | None


class ContrastFields(NamedTuple):
    """What a comparison consists of."""

    labels: tuple[str, ...]
    stacks: tuple[StackCosts, ...]
    reports: tuple[Report, ...]
    channels: int | None = None
    size: tuple[int, ...] = ()
    shared: int = 0
    differences: tuple[tuple[Difference, ...], ...] = ()


class Contrast(ContrastFields, Paged):
    """What was compared, in the order given, and what came out.

    `stacks` is empty unless all are stacks, and `reports` where the stacks' input is not known. The
    networks begin with `shared` layers alike; `differences` are those of each one from the first.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<Contrast of {', '.join(map(visible, self.labels))}>"


def compare(
    *subjects: Model | Network,
    input: str | Sequence[str] = (),
    channels: int | None = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
    parameters: Mapping[str, object] | None = None,
    device: str | Path | Placement | None = None,
) -> Contrast:
    """Compare kernel stacks, networks or both.

    Args:
        subjects: stacks such as "3x3x3", and whatever `load` takes; beside networks alone, sizes such
            as "3x320x320" are inputs, too.
        input: another input, or several on each of which every network is compared: "3x256x256"; for
            stacks "14x14" will do.
        channels: how many channels C is, for stacks.
        batch: samples that go through at once.
        dtype: the type of weights and activations.
        rounding: for layers that say none.
        train: keep the auxiliary heads that exist only in training.
        parameters: values in place of those of the specs' `parameters`.
        device: what networks run on, for how long they take, as `analyze` takes it.

    Raises:
        ArchcalcError: there are not two to compare, a stack is ambiguous, a network does not exist or
            does not suit the input.
    """
    texts, sizes = _tell_apart(subjects)
    shapes = [_shape(text) for text in [*([input] if isinstance(input, str) else input), *sizes]]
    read = [_read(text, parameters, shapes, batch) for text in texts]
    stacks = [each for each in read if isinstance(each, Stack)]
    if not stacks:
        _check_several(read, shapes)
    asked: Asked = {"batch": batch, "dtype": dtype, "rounding": rounding, "train": train}
    conditions: AskedOnDevice = {**asked, "device": place_any(device)}
    for shape in shapes if stacks else ():
        check_input(network(stacks[0], shape), "input", shape)
    if len(stacks) == len(read):
        _check_stacks(stacks, parameters, conditions)
    if len(stacks) < len(read) or len(shapes) > 1:
        return _networks(read, shapes, _channels(channels), conditions)
    return _stacks(stacks, *_one_input(shapes, _channels(channels)), conditions)


def _check_several(read: Sequence[Stack | Network], shapes: Sequence[Sizes]) -> None:
    """Raise a fact where there are not two networks, or a network on two inputs."""
    if len(read) * max(len(shapes), 1) < 2:
        raise ArchcalcError(
            f"there is nothing to compare {read[0].name} with" if read else "there is nothing to compare",
            hint="name two or more, as in 3x3x3 7x7 or resnet50 resnet101; or one network and two inputs",
        )


def _check_stacks(
    stacks: Sequence[Stack], parameters: Mapping[str, object] | None, conditions: AskedOnDevice
) -> None:
    """Raise a fact where something is asked of stacks that changes nothing in them."""
    hint = "leave that out, or compare networks"
    if parameters:
        raise ArchcalcError("parameters are set in networks, and all of these are stacks", hint=hint)
    if conditions["device"]:
        raise ArchcalcError("times are of networks, and all of these are stacks", hint=hint)
    if conditions["train"]:
        raise ArchcalcError("heads for training are in networks, and all of these are stacks", hint=hint)
    if conditions["rounding"] in ("floor", "ceil") and not any(stack.pools for stack in stacks):
        raise ArchcalcError(
            f"stacks are padded to keep their size, whatever is rounded: {conditions['rounding']}", hint=hint
        )


def _tell_apart(subjects: Sequence[Model | Network]) -> tuple[list[Model | Network], list[str]]:
    """Return what is compared, and the inputs among it: sizes beside networks alone."""
    sizes = [text for text in subjects if isinstance(text, str) and is_size(text)]
    others = [subject for subject in subjects if subject not in sizes]
    if not others or any(isinstance(other, str) and is_stack(other) for other in others):
        return list(subjects), []
    return others, sizes


def _read(
    subject: Model | Network,
    parameters: Mapping[str, object] | None,
    shapes: Sequence[Sizes],
    batch: int | None,
) -> Stack | Network:
    if isinstance(subject, str) and is_stack(subject):
        return stack(subject)
    is_layers = isinstance(subject, str) and is_inline(subject)
    input = shapes[0] if len(shapes) == 1 or (shapes and is_layers) else None
    try:
        return as_network(subject, parameters=parameters, input=input, batch=batch)
    except ArchcalcError as error:
        if error.place is None and (hint := hint_for_layer(str(subject))):
            raise ArchcalcError(
                f"'{visible(str(subject))}' is neither a stack nor a network", hint=hint
            ) from None
        raise


def _shape(text: str) -> Sizes:
    try:
        return extents(text)
    except ArchcalcError as error:
        raise ArchcalcError(f"input {error.fact}", hint=error.hint) from None


def _channels(value: int | None) -> int | None:
    try:
        return None if value is None else whole(value, 1)
    except ArchcalcError as error:
        raise ArchcalcError(f"channels {error.fact}") from None


def _one_input(shapes: list[Sizes], channels: int | None) -> tuple[int | None, Sizes]:
    """Return C, where it is known, and the height and the width of the input that stacks are compared on."""
    if not shapes:
        return channels, ()
    shape = shapes[0]
    if len(shape) == 2:
        return channels, shape
    if len(shape) != 3:
        raise ArchcalcError(
            f"a stack's input is height x width, not {'x'.join(map(str, shape))}",
            hint="such as 14x14, or 512x14x14 with its channels",
        )
    if channels not in (None, shape[0]):
        raise ArchcalcError(f"the input has {shape[0]} channels, but --channels says {channels}")
    return shape[0], shape[1:]


def _stacks(stacks: list[Stack], channels: int | None, size: Sizes, conditions: AskedOnDevice) -> Contrast:
    reports = tuple(
        _on(stack, (channels or stack.multiple, *(size or stack.least)), conditions) for stack in stacks
    )
    rounding = conditions["rounding"]
    costs = tuple(cost(stack, size, rounding, report) for stack, report in zip(stacks, reports, strict=True))
    labels = _distinct([stack.name for stack in stacks])
    return Contrast(labels, costs, reports if channels and size else (), channels, size)


def _on(stack: Stack, shape: Sizes, conditions: AskedOnDevice) -> Report:
    """Return a stack's report on an input, or raise a fact where the groups do not suit the channels."""
    try:
        return analyze(network(stack, shape), **conditions)
    except ArchcalcError as error:
        raise ArchcalcError(f"stack '{stack.name}': {error.fact}", hint=error.hint) from None


def _networks(
    read: list[Stack | Network], shapes: list[Sizes], channels: int | None, conditions: AskedOnDevice
) -> Contrast:
    """Compare networks, and stacks on the first network's input unless there is another, or on several inputs."""
    usual = next((each.input_shape for each in read if isinstance(each, Network)), ())
    if any(isinstance(each, Stack) for each in read):
        shapes = [_complete(shape, channels, usual) for shape in shapes or ([()] if channels else [])]
    elif channels is not None:
        raise ArchcalcError(
            "channels are stated for stacks, and all of these are networks",
            hint="--input changes what goes in",
        )
    wanted: Sequence[Sizes | None] = shapes or [None]
    reports = tuple(
        _on(each, shape or usual, conditions)
        if isinstance(each, Stack)
        else analyze(each, input=shape, **conditions)
        for each in read
        for shape in wanted
    )
    labels = [each.name for each in read]
    if len(shapes) > 1:
        sizes = ["×".join(map(str, shape)) for shape in shapes]
        labels = [f"{name} {size}" for name in labels for size in sizes] if len(read) > 1 else sizes
    if any(isinstance(each, Stack) for each in read):
        return Contrast(_distinct(labels), (), reports)
    unlike = tuple(differences(reports[0], report) for report in reports)
    return Contrast(_distinct(labels), (), reports, shared=count_shared(reports), differences=unlike)


def _complete(shape: Sizes, channels: int | None, usual: Sizes) -> Sizes:
    """Return an input (C, H, W) of which only the channels or only the size may be given."""
    if len(shape) in (0, 2):
        if not channels and not usual:
            raise ArchcalcError(
                f"the input {'x'.join(map(str, shape))} has no channels",
                hint="such as 512x14x14, or say --channels",
            )
        return (channels or usual[0], *(shape or usual[1:]))
    if channels is not None:
        _one_input([shape], channels)
    return shape


def _distinct(labels: list[str]) -> tuple[str, ...]:
    """Return the labels with a number behind those that stand there already."""
    return tuple(
        f"{label} ({labels[: place + 1].count(label)})" if label in labels[:place] else label
        for place, label in enumerate(labels)
    )
