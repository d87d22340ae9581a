"""Convolution and transposed convolution, in one, two or three spatial dimensions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from math import prod
from typing import TYPE_CHECKING, Self

from archcalc.arithmetic.number import Number
from archcalc.ground.errors import ArchcalcError
from archcalc.op.keeps import Backward, Cast, Device, Keeps, Saved, gradient_of
from archcalc.op.kernels import Kernel, KernelKind, Kernels, Product
from archcalc.op.op import Weights, Work, elements, op, per_axis
from archcalc.op.settings import count, flag, table
from archcalc.op.site import Shape, Site, Spot
from archcalc.op.traits import Traits
from archcalc.ops.windows.sliding import Sliding, check_spatial

if TYPE_CHECKING:
    from archcalc.arrays.kernels import Array


def back_to_input(step: Backward) -> str:
    """Return what the weights are kept for; PyTorch does so also where it is not needed."""
    return gradient_of(*["the input"] * step.needed[0])


def to_weight(step: Backward) -> str:
    """Return what the input is kept for; PyTorch does so also where the weights are frozen."""
    return gradient_of(*["the weight"] * any(name.startswith("weight") for name in step.learnt))


@op(
    "conv",
    also="convolution convolutional",
    main="out",
    example=("3x227x227", {"out": 96, "kernel": 11, "stride": 4}),
)
class Conv(Sliding):
    """Slide `out` filters over the input; each output element is one dot product plus a bias.

    (N, C, *I) -> (N, M, *O)   with O = (I + 2p - d(k - 1) - 1)/s + 1

    Deep learning's "convolution" is cross-correlation: the kernel is not flipped. One class serves
    1-D, 2-D and 3-D; `groups` = C makes it depthwise, `kernel` = 1 pointwise. `connections` lists for
    each filter the input maps that it sees (LeNet-5's C3). `padding: same` is TensorFlow's: O = ⌈I/s⌉, the odd
    element goes after. Source: torch.nn.Conv2d; LeCun et al. 1998.
    """

    traits = Traits(deep=True, slides=True, gathers="products")

    out: int = count("M", "number of filters, the output's channels")
    groups: int = count("g", "channels split into this many independent groups", default=1, fades=True)
    bias: bool = flag("add a number per filter", default=True)
    connections: tuple[tuple[int, ...], ...] | None = table(
        "for each filter the input maps it sees, counted from 0", default=None
    )
    in_: int | None = count("C", "the input's channels, checked where stated", default=None)

    def check(self, at: Spot) -> None:
        check_spatial(at.x)
        check_channels(at.x, self.in_)
        check_groups(at.x[1], self.groups)
        check_filters(self.out, self.groups)
        if self.connections is not None:
            self._check_connections(at.x[1], self.connections)
        super().check(at)

    def _check_connections(self, channels: int, connections: tuple[tuple[int, ...], ...]) -> None:
        if self.groups != 1:
            raise ArchcalcError(
                "takes either groups or connections, not both",
                setting="connections",
                hint="leave 'groups' out: connections say which maps each filter sees",
            )
        if len(connections) != self.out:
            raise ArchcalcError(
                f"connections list {len(connections)} filters, but there are {self.out}",
                setting="connections",
                hint=f"list the maps of each filter, or write out: {len(connections)}",
            )
        for number, maps in enumerate(connections):
            if max(maps) >= channels:
                raise ArchcalcError(
                    f"filter {number} sees map {max(maps)}, but the maps go from 0 to {channels - 1}",
                    setting="connections",
                )
            if len(set(maps)) != len(maps):
                raise ArchcalcError(f"filter {number} sees a map twice", setting="connections")

    def with_bias(self, at: Spot) -> Self:
        return self.replace(bias=True)

    def output(self, at: Site) -> Shape:
        return (at.x[0], self.out, *self.slid(at.x))

    def weights(self, at: Site) -> Weights:
        kernel = per_axis(self.kernel, at.x[2:])
        tensors: Weights = {}
        for suffix, filters, maps in self._fan_ins(at.x):
            tensors[f"weight{suffix}"] = (filters, maps, *kernel)
            if self.bias:
                tensors[f"bias{suffix}"] = (filters,)
        return tensors

    def unfolded(self, at: Site) -> tuple[Number, Number]:
        """Return the matrix whose rows are the windows: one row an output position, one column a weight of a filter.

        With groups there is a matrix for each, one below the other.
        """
        columns = prod(per_axis(self.kernel, at.x[2:])) * (at.x[1] // self.groups)
        return at.y[0] * prod(at.y[2:]) * self.groups, columns

    def _fan_ins(self, x: Shape) -> list[tuple[str, Number, Number]]:
        """Return (suffix of the tensors' names, filters, input maps that each sees)."""
        if self.connections is None:
            return [("", self.out, x[1] // self.groups)]
        sizes = Counter(len(maps) for maps in self.connections)
        return [(str(maps), filters, maps) for maps, filters in sorted(sizes.items())]

    def _products(self, at: Site, tensors: Weights) -> Number:
        """Return the MACs with some of the kernels, at all positions."""
        kernels = [shape for name, shape in tensors.items() if name.startswith("weight")]
        return at.y[0] * prod(at.y[2:]) * elements(kernels)

    def work(self, at: Site) -> Work:
        return Work(
            macs=self._products(at, self.weights(at)),
            additions=prod(at.y) if self.bias else 0,
        )

    def gradients(self, at: Site, needed: Sequence[bool], learnt: Collection[str]) -> Number:
        learning = {name: shape for name, shape in self.weights(at).items() if name in learnt}
        return self._products(at, learning) + self.work(at).macs * sum(needed)

    def keeps(self, at: Site, step: Backward) -> Keeps:
        """Return the input, or a padded copy where the sides differ, and the weights; with `connections` what each filter sees.

        PyTorch keeps both of them whichever gradient is needed, so also the input of a convolution whose weights are frozen.
        """
        why, back = to_weight(step), back_to_input(step)
        if self.connections is None:
            return Keeps(self.takes_in(at, why), weights={"weight": back}, why=why)
        sizes = [maps for maps, _, _ in self._fan_ins(at.x) if step.needed[0] or self._learns(maps, step)]
        seen = [(at.x[0], len(maps), *at.x[2:]) for maps in self.connections if str(len(maps)) in sizes]
        copies = [Saved("copy", shape, f"{why}: the maps that a filter sees") for shape in seen]
        indices = [
            Saved("indices", shape[1:2], f"{back}: which maps these are") for shape in seen if step.needed[0]
        ]
        return Keeps(*copies, *indices, weights={f"weight{maps}": back for maps in sizes})

    def _learns(self, suffix: str, step: Backward) -> bool:
        """Tell whether the filters learn whose tensors' names end so."""
        return not step.learnt.isdisjoint((f"weight{suffix}", f"bias{suffix}"))

    def cast(self, at: Site, device: Device) -> Cast:
        return "low"

    def kernels(self, at: Site, strides: Sequence[Shape]) -> Kernels:
        """Return the convolution, and the bias as a pass of its own; with `connections` a copy and a convolution a filter."""
        taps = prod(per_axis(self.kernel, at.x[2:]))
        kernels: list[Kernel] = []
        for maps in [len(seen) for seen in self.connections or ()]:
            taken = at.x[0] * maps * prod(at.x[2:])
            kernels += [Kernel("copy", taken, taken), self._multiply(at, taken, 1, maps, taps)]
        if self.connections is None:
            kernels.append(self._multiply(at, prod(at.x), self.out, at.x[1] // self.groups, taps))
        bias = [Kernel("bias", prod(at.y) + self.out, prod(at.y))] if self.bias else []
        return (*kernels, *bias)

    def _multiply(self, at: Site, read: Number, filters: Number, maps: Number, taps: Number) -> Kernel:
        """Return the kernel of a convolution whose filters see so many maps, with so many taps on each."""
        positions = at.y[0] * prod(at.y[2:])
        product = Product(positions, filters // self.groups, maps * taps, self.groups, taps)
        kind: KernelKind = "convolution" if taps == 1 else "window"
        if self.groups != 1:
            kind = "depthwise" if maps == 1 else "uneven" if int(maps) & (int(maps) - 1) else "grouped"
        return Kernel(kind, read + filters * maps * taps, positions * filters, product)

    def forward(self, x: Array, **weights: Array) -> Array:
        from archcalc.arrays.kernels import concatenate, correlate, per_channel

        windows, rounding = self.windows(x.shape), self.rounding or "floor"
        if self.connections is None:
            y = correlate(x, weights["weight"], windows, rounding, self.groups)
            return y + per_channel(weights["bias"], x.ndim) if self.bias else y
        parts: list[Array] = []
        seen: Counter[int] = Counter()
        for maps in self.connections:
            size, nth = len(maps), seen[len(maps)]
            seen[size] += 1
            part = correlate(
                x[:, list(maps)], weights[f"weight{size}"][nth : nth + 1], windows, rounding, groups=1
            )
            parts.append(part + weights[f"bias{size}"][nth] if self.bias else part)
        return concatenate(parts, axis=1)


def check_channels(x: Shape, stated: int | None) -> None:
    """Raise a fact where the spec states other input channels than the layer gets."""
    if stated is not None and stated != x[1]:
        raise ArchcalcError(
            f"states {stated} input channels, but gets {x[1]}",
            setting="in",
            hint="leave 'in' out: it is inferred",
        )


def check_filters(filters: int, groups: int) -> None:
    """Raise a fact where the filters do not split into the groups."""
    if filters % groups:
        raise ArchcalcError(
            f"{filters} filters do not split into {groups} groups",
            setting="groups",
            hint=f"groups must divide {filters}",
        )


def check_groups(channels: int, groups: int) -> None:
    """Raise a fact where the channels do not split into the groups."""
    if channels % groups == 0:
        return
    divisors = [n for n in range(1, min(channels, 4096) + 1) if channels % n == 0]
    listed = ", ".join(map(str, divisors[:16])) + (", …" if len(divisors) > 16 else "")
    raise ArchcalcError(
        f"{channels} input channels do not split into {groups} groups",
        setting="groups",
        hint=f"groups must divide {channels}: {listed}",
    )
