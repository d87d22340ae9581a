"""How long a forward pass takes on a device: kernel after kernel, layer after layer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from archcalc.analysis.conditions import DType
from archcalc.analysis.report import Report
from archcalc.analysis.timing.costs import KernelCost, Machine, find_bound, find_cost
from archcalc.analysis.timing.device import Device, MeasuredError, Placement
from archcalc.analysis.timing.fusing import fuse
from archcalc.analysis.timing.launches import list_kernels
from archcalc.analysis.timing.machine import find_machine, name_type
from archcalc.ground.errors import CallError
from archcalc.op.kernels import Kernel, Kernels

Bound = Literal["launch", "compute", "memory", "host"]
"""What takes longest of a layer: that its kernels start, what they multiply, what they move, or that the host calls them."""


class TimedKernel(NamedTuple):
    """A kernel, what it costs, and the least that physics allows: `bound` is at the peak, or all but the cache's at full bandwidth."""

    kernel: Kernel
    cost: KernelCost
    bound: float


class LayerTime(NamedTuple):
    """How long a layer takes: `us` from when the one before it is done, of which the host is the reason for `waiting`."""

    kernels: tuple[TimedKernel, ...]
    us: float
    waiting: float = 0

    @property
    def bound_us(self) -> float:
        """The least that physics allows."""
        return sum(each.bound for each in self.kernels)

    @property
    def launches(self) -> int:
        """How many kernels the device runs for it; one that is joined to another layer's is part of that."""
        return sum(each.kernel.kind != "joined" for each in self.kernels)


def find_binding(layers: Sequence[LayerTime]) -> Bound | None:
    """Return what takes longest of some layers; None where they run nothing."""
    parts: dict[Bound, float] = {
        "host": sum(layer.waiting for layer in layers),
        "launch": 0,
        "compute": 0,
        "memory": 0,
    }
    for layer in layers:
        for _, cost, _ in layer.kernels:
            parts["launch"] += cost.start
            parts["compute" if cost.work > cost.traffic else "memory"] += max(cost.work, cost.traffic)
    most = max(parts, key=lambda part: parts[part])
    return most if parts[most] else None


class Timing(NamedTuple):
    """How long a forward pass takes.

    `layers` are the times of the layers by their position, None where nobody knows its kernels, which are those of the
    `unknown`; `known_us`, `bound_us` and `launches` are sums over the layers that are known: the time, the least that
    physics allows, and the kernels that the device runs.
    """

    placement: Placement
    machine: Machine
    layers: tuple[LayerTime | None, ...]
    unknown: tuple[str, ...]
    error: MeasuredError | None
    known_us: float
    bound_us: float
    launches: int

    @property
    def us(self) -> float | None:
        """The microseconds of all layers; None where some are not known."""
        return None if self.unknown else self.known_us


def time_report(report: Report, placement: Placement, dispatch: str = "dispatch") -> Timing:
    """Work out how long the forward pass of a network takes on a device.

    Args:
        report: of the network.
        placement: on which device, and how.
        dispatch: which constant says how long the host takes for a kernel that it calls.

    Raises:
        ArchcalcError: the device is not known well enough, or not for the type of the numbers.
    """
    run, device = report.run, placement.device
    machine = find_machine(device, report.dtype)
    launched = list_kernels(run)
    if placement.mode == "fused":
        launched = fuse(run, launched).launched
    costs: dict[Kernel, TimedKernel] = {}
    host = _find_dispatch(machine, dispatch, device) if placement.mode == "eager" else 0
    layers = tuple(_run_all(launched, machine, costs, host))
    known = [layer for layer in layers if layer]
    return Timing(
        placement,
        machine,
        layers,
        tuple(node.name for node, layer in zip(run.nodes, layers, strict=True) if layer is None),
        find_error(placement, report.dtype, report.batch),
        sum(layer.us for layer in known),
        sum(layer.bound_us for layer in known),
        sum(layer.launches for layer in known),
    )


def _find_dispatch(machine: Machine, name: str, device: Device) -> float:
    """Return the microseconds that the host takes for a kernel that it calls."""
    if name not in machine.constants:
        raise CallError(
            f"nobody has measured how long the host takes to call a layer on {device.title}",
            hint="--mode graph and --mode fused do without",
        )
    return float(machine.constants[name])


def find_range(report: Report, placement: Placement) -> tuple[float, float] | None:
    """Return how short and how long a pass takes that the host calls layer by layer, as it did for most of the networks that were measured.

    None where the host is not the reason for a tenth of the time, or some layers are not known.
    """
    if placement.mode != "eager":
        return None
    constants = find_machine(placement.device, report.dtype).constants
    if not {"dispatch_least", "dispatch_most"} <= constants.keys():
        return None
    least, most = (time_report(report, placement, f"dispatch_{end}").us for end in ("least", "most"))
    if least is None or most is None:
        return None
    return (least, most) if most > (1 + MEASURABLE) * least else None


MEASURABLE = 0.1


def find_error(placement: Placement, dtype: DType, batch: int) -> MeasuredError | None:
    """Return how far predictions were off that were made like this one; None where nobody has measured that."""
    alike = [
        each
        for each in placement.device.errors
        if each.mode == placement.mode and each.dtype == name_type(dtype)
    ]
    return next((each for each in alike if each.least_batch <= batch <= each.most_batch), None)


def _run_all(
    launched: Iterable[Kernels | None], machine: Machine, costs: dict[Kernel, TimedKernel], dispatch: float
) -> Iterable[LayerTime | None]:
    """Yield the times of layers whose kernels the device runs one after the other, each after the host has called it."""
    host = done = 0.0
    for kernels in launched:
        if kernels is None:
            yield None
            continue
        waiting = 0.0
        timed = tuple([_time(kernel, machine, costs) for kernel in kernels])
        for each in timed:
            if each.kernel.kind != "joined":
                host += dispatch
            waiting += max(0.0, host - done)
            done = max(done, host) + each.cost.us
        yield LayerTime(timed, sum([waiting, *(each.cost.us for each in timed)]), waiting)


def _time(kernel: Kernel, machine: Machine, costs: dict[Kernel, TimedKernel]) -> TimedKernel:
    """Return what a kernel costs, worked out once for all that are alike."""
    if kernel not in costs:
        costs[kernel] = TimedKernel(kernel, find_cost(kernel, machine), find_bound(kernel, machine))
    return costs[kernel]
