"""Stacks of windows as people write them, such as 3x3x3, 1x1-64,3x3/2 or maxpool3/2: read, and made into layers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import lcm
from typing import NamedTuple

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.window import span
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, visible
from archcalc.network.network import Network, Node
from archcalc.op.op import Op
from archcalc.op.site import Sizes
from archcalc.ops import REGISTRY

CONV = "conv"
"""The layer type of a window without a name."""
DIGITS = 7
"""The longest number in a stack."""

LIKE_A_STACK = re.compile(r"[0-9]+([x×][0-9]|[-/*@,]|$)")
LIKE_A_SIZE = re.compile(r"[0-9]+(x[0-9]+){2,}")
ITEM = re.compile(r"(?:([a-z_]*?)_?)([0-9]+(?:x[0-9]+)*)([^0-9x].*)?")
"""The name of a layer type, where there is one, its window, and what follows."""
SUFFIX = re.compile(
    r"(?P<width>-[0-9]+)|(?P<stride>/[0-9]+)|(?P<times>\*[0-9]+)|(?P<dilation>@d[0-9]+)|(?P<groups>@(?:g[0-9]+|dw))|."
)
OF_CONVOLUTIONS = {"width", "groups", "depthwise"}
"""What a pooling has not: it keeps its channels."""


TURNED = re.compile(r"([0-9]+)\*([0-9]+x[0-9]+[^*]*)")
"""How often before what, such as 3*3x3."""
APART = re.compile(r"(?<=[0-9w])\s+(?=[0-9])")
"""Blanks where a layer of a stack ends and another one begins."""


def hint_for_layer(text: str) -> str | None:
    """Return how to write a layer whose type no stack holds, as in linear10; None where it is none."""
    match = ITEM.fullmatch(_bare(text))
    op = _find_op(match[1]) if match else None
    if op is None or _slides(op):
        return None
    return f"a stack holds convolutions and pooling; '{op.kind}' stands in a spec, which archcalc new NAME begins"


def _find_op(word: str) -> type[Op] | None:
    """Return the layer type of a name, its own or one of other programs."""
    return next((op for op in REGISTRY.values() if word in (op.kind, *op.also.split())), None)


def _slides(op: type[Op]) -> bool:
    """Tell whether a stack may hold a layer type: a convolution, or what a kernel says all about, such as pooling."""
    return op.kind == CONV or op.main == "kernel"


class StackLayer(NamedTuple):
    """One layer of a stack: `width` channels come out of a convolution.

    None stands for C, and for those that go in where it is depthwise or pools. Pooling without a stride takes steps
    of its kernel.
    """

    kernel: tuple[int, int]
    width: int | None = None
    stride: int | None = 1
    groups: int = 1
    depthwise: bool = False
    dilation: int = 1
    kind: str = CONV

    @property
    def is_convolution(self) -> bool:
        """Whether a non-linearity follows it, and it may change the channels."""
        return self.kind == CONV

    @property
    def keeps_channels(self) -> bool:
        """Whether as many channels come out as go in."""
        return self.width is None and (self.depthwise or not self.is_convolution)

    @property
    def steps(self) -> tuple[int, int]:
        """The stride along each axis."""
        return self.kernel if self.stride is None else (self.stride, self.stride)


class Stack(NamedTuple):
    """Layers one after the other, as `name` writes them; C channels go in."""

    name: str
    layers: tuple[StackLayer, ...]

    @property
    def multiple(self) -> int:
        """The number that the groups ask C to be a multiple of: those of layers with C channels in or out."""
        asking, is_c = 1, True
        for layer in self.layers:
            comes_out = layer.width is None and (is_c or not layer.keeps_channels)
            if is_c or comes_out:
                asking = lcm(asking, layer.groups)
            is_c = comes_out
        return asking

    @property
    def pools(self) -> bool:
        """Whether any layer is no convolution."""
        return not all(layer.is_convolution for layer in self.layers)

    @property
    def least(self) -> tuple[int, int]:
        """The smallest input on which every window fits without padding."""
        sizes: list[Number] = [1, 1]
        for layer in reversed(self.layers):
            taken = zip(sizes, layer.kernel, layer.steps, strict=True)
            sizes = [(size - 1) * step + span(kernel, layer.dilation) for size, kernel, step in taken]
        return (int(sizes[0]), int(sizes[1]))


def is_stack(text: str) -> bool:
    """Tell whether a text begins as stacks do, and no network or file does: with a window, drawn or by its type."""
    bare = _bare(text)
    if "." in text or LIKE_A_STACK.match(bare):
        return "." not in text
    match = ITEM.fullmatch(bare.split(",")[0])
    op = _find_op(match[1]) if match else None
    return op is not None and _slides(op)


def is_size(text: str) -> bool:
    """Tell whether a text can only be an input's size, such as 3x224x224: KxKxN, as 3x3x3, is a stack."""
    text = _bare(text)
    return bool(LIKE_A_SIZE.fullmatch(text)) and len({*text.split("x")[:2]}) > 1


def stack(text: str) -> Stack:
    """Read a stack: layers with commas between them, each HxW and what follows it.

    KxKxN or HxW*N stands for N layers; -64 is the channels out of a layer, /2 its stride, @g32 its groups,
    @dw a group for each channel, @d2 its dilation. Pooling is called by its name: maxpool3/2.

    Raises:
        ArchcalcError: it is none, or can be read in more than one way.
    """
    if APART.search(text):
        raise ArchcalcError(
            f"'{visible(text)}' has a blank between layers",
            hint=f"commas stand there: {APART.sub(',', text)}",
        )
    layers: list[StackLayer] = []
    most = limits.STACK_LAYERS.value
    for item in _bare(text).split(","):
        layer, times = _read_repeated(item, visible(text))
        if len(layers) + times > most:
            raise ArchcalcError(
                f"'{visible(text)}' has more than {most:,} layers", hint=limits.STACK_LAYERS.hint
            )
        layers += [layer] * times
    return Stack(_bare(text), tuple(layers))


def _bare(text: str) -> str:
    return re.sub(r"\s+", "", text).replace("×", "x").lower()


def _read_repeated(item: str, text: str) -> tuple[StackLayer, int]:
    """Return the layer that an item between commas stands for, and how often."""
    if long := re.search(rf"[0-9]{{{DIGITS + 1},}}", item):
        raise ArchcalcError(f"'{text}' holds a number of {len(long[0])} digits; the most is {DIGITS}")
    match = ITEM.fullmatch(item)
    op = _find_op(match[1] or CONV) if match else None
    if match is None or op is None or not _slides(op):
        raise ArchcalcError(
            f"'{visible(item)}' is no layer of a stack" if item else f"'{text}' has a comma without a layer",
            hint=hint_for_layer(item)
            or "a layer is KxK and what follows it, such as 3x3, 3x3-64 or maxpool3/2",
        )
    if turned := TURNED.fullmatch(item):
        raise ArchcalcError(
            f"'{item}' says how often before the kernel", hint=f"write {turned[2]}*{turned[1]}"
        )
    sides = [int(side) for side in match[2].split("x")]
    kernel, times = _kernel(sides * 2 if match[1] and len(sides) == 1 else sides, item)
    given = _suffixes(match[3] or "", item)
    if op.kind != CONV and OF_CONVOLUTIONS & {*given}:
        raise ArchcalcError(
            f"'{item}' states channels or groups, and {op.kind} keeps its channels", hint="leave that out"
        )
    if "times" in given and times > 1:
        raise _ambiguous(
            item, f"says twice how often, {times} and {given['times']}", f"{_size(kernel)}*{times}"
        )
    times = given.get("times", times)
    if "stride" in given and times > 1:
        rest = f"{_size(kernel)}*{times - 1}" if times > 2 else _size(kernel)
        once = f"{_size(kernel)}/{given['stride']}"
        raise _ambiguous(
            item, "may stride once or in every layer", f"{once},{rest} or {','.join([once] * min(times, 3))}"
        )
    if min(*kernel, times, *given.values()) < 1:
        raise ArchcalcError(f"'{item}' holds a 0", hint="all numbers are at least 1")
    return _layer(kernel, given, op), times


def _layer(kernel: tuple[int, int], given: Mapping[str, int], op: type[Op]) -> StackLayer:
    return StackLayer(
        kernel,
        given.get("width"),
        given.get("stride", 1 if op.kind == CONV else None),
        given.get("groups", 1),
        depthwise="depthwise" in given,
        dilation=given.get("dilation", 1),
        kind=op.kind,
    )


def _kernel(sides: list[int], item: str) -> tuple[tuple[int, int], int]:
    """Return the kernel and how often it is repeated."""
    match sides:
        case [height, width]:
            return (height, width), 1
        case [height, width, times] if height == width:
            return (height, width), times
        case [height, width, other]:
            raise _ambiguous(
                item,
                f"may be {height}x{width} {other} times, a kernel of three sides or the size of an input",
                f"{height}x{width}*{other} for layers; an input is --input {item}",
            )
        case [side]:
            rest = item.lstrip("0123456789")
            kernel = f"{side}x{rest[1:]}" if re.fullmatch(r"\*[0-9]+", rest) else f"{side}x{side}{rest}"
            raise ArchcalcError(f"'{item}' is no layer of a stack", hint=f"write {kernel}")
    kernel = _size((sides[0], sides[1]))
    raise _ambiguous(
        item, f"has {len(sides)} numbers", f"{kernel}*{sides[2]} or {kernel},{kernel}: KxKxN is N layers"
    )


def _size(kernel: tuple[int, int]) -> str:
    return f"{kernel[0]}x{kernel[1]}"


def _ambiguous(item: str, why: str, instead: str) -> ArchcalcError:
    return ArchcalcError(f"'{item}' is ambiguous: it {why}", hint=f"write {instead}")


def _suffixes(text: str, item: str) -> dict[str, int]:
    """Return what follows the kernel, by its name; `depthwise` is there or not."""
    given: dict[str, int] = {}
    for match in SUFFIX.finditer(text):
        name, part = match.lastgroup, match[0]
        if name is None:
            raise ArchcalcError(
                f"'{visible(item)}': '{visible(text[match.start() :])}' is not understood",
                hint="after the kernel come -64 for channels out, /2 for a stride, @d2 for dilation, @g32 or @dw for groups, "
                "*3 for times",
            )
        if name == "groups" and part == "@dw":
            name, number = "depthwise", 1
        else:
            number = int(part.lstrip("-/*@gd"))
        if name in given or {name, *given} >= {"groups", "depthwise"}:
            raise ArchcalcError(f"'{item}' states its {'groups' if name == 'depthwise' else name} twice")
        given[name] = number
    return given


def layers(stack: Stack, channels: Number) -> list[Op]:
    """Return the layers of a stack for C = `channels`, of any kind of number; convolutions are padded to keep the size."""
    ops = []
    incoming = channels
    for layer in stack.layers:
        kind = REGISTRY[layer.kind]
        if layer.is_convolution:
            out = layer.width or (incoming if layer.depthwise else channels)
            op = kind(out=1, kernel=layer.kernel, stride=layer.steps, dilation=layer.dilation, padding="same")
            op = op.replace(out=out, groups=incoming if layer.depthwise else layer.groups)
            incoming = out
        else:
            op = kind(kernel=layer.kernel, stride=layer.steps, dilation=layer.dilation)
        ops.append(op)
    return ops


def network(stack: Stack, shape: Sizes) -> Network:
    """Return a stack as a network on inputs (C, H, W), a ReLU after each convolution."""
    nodes = [Node("input", REGISTRY["input"](shape=shape))]
    for number, (layer, op) in enumerate(zip(stack.layers, layers(stack, shape[0]), strict=True), 1):
        nodes.append(Node(f"{op.kind}{number}", op, (len(nodes) - 1,)))
        if layer.is_convolution:
            nodes.append(Node(f"relu{number}", REGISTRY["relu"](), (len(nodes) - 1,)))
    return Network(stack.name, tuple(nodes))
