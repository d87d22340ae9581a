"""The first question of all: what every layer of a network makes, weighs and costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from archcalc.analysis.conditions import Conditions, DType, Input
from archcalc.analysis.engine import Engine
from archcalc.analysis.report import Report, report_on
from archcalc.arithmetic.window import Rounding
from archcalc.formats.library import Model, as_network
from archcalc.network.network import Network

if TYPE_CHECKING:
    from archcalc.analysis.timing.device import Mode, Placement
    from archcalc.analysis.training.step import TrainingStep


def analyze_every(
    networks: Iterable[Network],
    *,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
    device: str | Path | Placement | None = None,
) -> Iterator[Report]:
    """Yield the report of each network, as `analyze` makes it; what they have in common is worked out once."""
    engine, placement = Engine(), place_any(device)
    for network in networks:
        conditions = Conditions.of(
            network,
            input=input,
            batch=batch,
            dtype=dtype,
            rounding=rounding,
            train=train,
            placement=placement,
            place=place,
        )
        yield report_on(network, conditions, engine)


def analyze(
    model: Model | Network,
    *,
    parameters: Mapping[str, object] | None = None,
    input: Input = None,
    batch: int | None = None,
    dtype: DType | None = None,
    rounding: Rounding | None = None,
    train: bool = False,
    step: TrainingStep | None = None,
    device: str | Path | Placement | None = None,
) -> Report:
    """Work out every figure of a network.

    Args:
        model: whatever `load` takes, or what it returned.
        parameters: of what `load` takes: values in place of those of the spec's `parameters`.
        input: another input shape without the batch, such as "3x256x256"; of a network with several inputs
            that of the first, or shapes by the inputs' names.
        batch: samples that go through at once; work and activations scale with it. 1 unless a file fixes it.
        dtype: the type of weights and activations; that of the network's file, or float32.
        rounding: for layers that say none; "strict" holds for all and makes rounding an error.
        train: keep the auxiliary heads that exist only in training.
        step: how a step of training is done, for figures of training; plain SGD unless told.
        device: what it runs on, by name or by the path of a file, for figures of time; or what `place` returned, which
            says how it runs there, too.

    Raises:
        ArchcalcError: there is no such network, a layer does not suit its input, or an argument is wrong.
    """
    network = as_network(model, parameters=parameters, input=input, batch=batch)
    conditions = Conditions.of(
        network,
        input=input,
        batch=batch,
        dtype=dtype,
        rounding=rounding,
        train=train,
        step=step,
        placement=place_any(device),
        place=place,
    )
    return report_on(network, conditions)


def place(device: str | Path, mode: Mode | None = None) -> Placement:
    """Return where a network runs, and how.

    Args:
        device: by its name or by the path of its file.
        mode: "graph", as one graph that is replayed; "eager", layers called one by one; "fused", compiled. As predictions
            for the device were measured, unless told.

    Raises:
        ArchcalcError: there is no such device, or its file cannot be read.
    """
    from archcalc.analysis.timing.device import place_on
    from archcalc.formats.devices import read_device

    return place_on(read_device(device), mode)


def place_any(device: str | Path | Placement | None) -> Placement | None:
    """Return where a network runs, as usual there unless that is told; None where no device is named."""
    return place(device) if isinstance(device, str | Path) else device
