"""What a shell is offered for a word that is begun."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import archcalc
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Network, blocks

if TYPE_CHECKING:
    import click
    from click.shell_completion import CompletionItem

HARMLESS = r"[\w.,:/@%+=-]+"
"""What a shell may put on the command line as it is: bash pastes what it is offered, and runs what it means."""


def offer(names: Iterable[str]) -> list[str]:
    """Return the names among some that a shell may be offered; names come from files, and files from anywhere."""
    return [name for name in names if re.fullmatch(HARMLESS, name)]


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the networks that a word begins; files where there are none."""
    from click.shell_completion import CompletionItem

    try:
        names = offer(name for name in archcalc.names() if name.startswith(incomplete.lower()))
    except ArchcalcError:
        names = []
    files = [] if names else [CompletionItem(incomplete, type="file")]
    return [*map(CompletionItem, names), *files]


def complete_judged(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the networks and the files of claims that a word begins; files where there are none."""
    from click.shell_completion import CompletionItem

    from archcalc.formats.claims_files import claims_files

    names = offer(path.stem for path in claims_files() if path.stem.startswith(incomplete.lower()))
    models = complete_model(ctx, param, incomplete)
    return [*(item for item in models if not (names and item.type == "file")), *map(CompletionItem, names)]


def complete_device(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Return the devices that a word begins; files where there are none."""
    from click.shell_completion import CompletionItem

    from archcalc.formats.devices import list_devices

    try:
        names = offer(name for name in list_devices() if name.startswith(incomplete.lower()))
    except ArchcalcError:
        names = []
    files = [] if names else [CompletionItem(incomplete, type="file")]
    return [*map(CompletionItem, names), *files]


def complete_layer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the blocks and layers of the model before it that a word begins."""
    network = _network(ctx)
    names = [node.name for node in network.nodes] if network else []
    return offer(name for name in [*blocks(names), *names] if name.startswith(incomplete))


def complete_setting(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the parameters of the model before it that a word begins, each with the = that its value follows."""
    network = _network(ctx)
    return offer(f"{name}=" for name in network.parameters if name.startswith(incomplete)) if network else []


def complete_varied(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return what `fit` may vary that a word begins: batch, input, checkpoint, and the parameters of the model before it."""
    network = _network(ctx)
    names = ("batch", "input", "checkpoint", *(network.parameters if network else ()))
    return offer(name for name in names if name.startswith(incomplete))


def _network(ctx: click.Context) -> Network | None:
    """Return the network that a command is about, the first one where it takes several; None where there is none."""
    models = next((ctx.params[name] for name in ("model", "specs", "subjects") if ctx.params.get(name)), None)
    models = models or ctx.args  # where click stops at an option that has no value yet
    try:
        model = models if isinstance(models, str) else next(iter(models), "")
        return archcalc.load(model, input=ctx.params.get("input"))
    except ArchcalcError:
        return None


def complete_op(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the layer types that a word begins."""
    return [kind for kind in archcalc.REGISTRY if kind.startswith(incomplete)]


def complete_order(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return what networks can be sorted by and a word begins."""
    from archcalc.views.catalogue import sortable

    return [key for key in sortable() if key.startswith(incomplete)]


def complete_optimizer(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the optimizers that a word begins."""
    from archcalc.analysis.training.optimizers import OPTIMIZERS

    return [name for name in OPTIMIZERS if name.startswith(incomplete)]
