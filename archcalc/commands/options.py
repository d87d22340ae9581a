"""What the commands share: the MODEL argument, its options."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Unpack, get_args

import click

import archcalc
from archcalc.analysis.conditions import Asked, DType, Input
from archcalc.arithmetic.window import ROUNDINGS, Rounding
from archcalc.commands.completions import complete_model, complete_setting
from archcalc.commands.output import page_options
from archcalc.commands.placing import find_placement
from archcalc.commands.telling import tell_namesake, tell_notes
from archcalc.commands.values import CALLED, Whole, Word
from archcalc.ground.errors import ArchcalcError

if TYPE_CHECKING:
    from click.decorators import FC
    from click.shell_completion import CompletionItem

    from archcalc.analysis.report import Report
    from archcalc.analysis.timing.device import Mode
    from archcalc.analysis.training.step import TrainingStep
    from archcalc.network.network import Network

DTYPES = tuple(get_args(DType))


class ConditionOptions(Asked):
    """The conditions under which a network is looked at, as options state them."""

    input: Input


class Options(ConditionOptions):
    """The conditions and the parameters of a spec."""

    settings: tuple[str, ...]


class ModelOptions(Options):
    """What says which network is meant, and under which conditions."""

    model: str


def examples(*lines: str) -> str:
    """Return the examples that end a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  archcalc {line}" for line in lines)


def report_options(command: FC) -> FC:
    """Add the MODEL argument, its conditions, and how to write what is found."""
    return model_options(result_options(command))


def model_options(command: FC) -> FC:
    """Add the MODEL argument and the conditions under which it is looked at."""
    command = input_option(condition_options(command))
    return click.argument("model", shell_complete=complete_model)(command)


def result_options(command: FC) -> FC:
    """Add --strict, --format, --output and --force."""
    return strict_option(page_options(command))


def input_option(command: FC) -> FC:
    """Add --input: a shape, or NAME=SHAPE for each input of a network that has several."""
    return click.option(
        "--input",
        multiple=True,
        metavar="[NAME=]SHAPE",
        callback=_inputs,
        help="Another input, such as 3x256x256; with its name, and more than once, where there are several.",
    )(command)


def _inputs(
    ctx: click.Context, param: click.Parameter, value: tuple[str, ...]
) -> str | dict[str, str] | None:
    """Return the shape of the only input, or shapes by the inputs' names."""
    if not value:
        return None
    named = [text.rpartition("=") for text in value]
    if len(value) == 1 and not named[0][0]:
        return value[0]
    if not all(name for name, _, _ in named):
        raise click.BadParameter("of several inputs each needs its name, as in --input left=3x224x224")
    return {name: shape for name, _, shape in named}


STRICT, STATUS = "archcalc.strict", "archcalc.status"
"""What a run keeps beside its options: whether --strict was given, the exit status that it came to."""


def _strict(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    ctx.meta[STRICT] = value


def strict_option(command: FC) -> FC:
    """Add --strict."""
    return click.option(
        "--strict",
        is_flag=True,
        expose_value=False,
        callback=_strict,
        help="Exit with status 1 where the work of a layer is not known, so that the totals lack it.",
    )(command)


def hold_to_account(report: Report) -> None:
    """Make the exit status 1 under --strict where a report's totals are incomplete."""
    meta = click.get_current_context().meta
    if meta.get(STRICT) and report.totals.incomplete:
        meta[STATUS] = 1


class ListingOption(click.Option):
    """An option whose help says which keys there are, behind a `lead`."""

    def __init__(
        self,
        param_decls: Sequence[str],
        *,
        keys: Callable[[], Sequence[str]],
        metavar: str,
        help: str,
        multiple: bool = False,
    ) -> None:
        super().__init__(param_decls, metavar=metavar, help=help, multiple=multiple)
        self.keys = keys

    lead = "KEY is one of"

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Return the option and its help; the keys are asked for only here, because whatever knows them is loaded for it."""
        record = super().get_help_record(ctx)
        return record and (record[0], f"{record[1]} {self.lead}: {', '.join(self.keys())}.")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Return the keys that a word begins."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(key) for key in self.keys() if key.startswith(incomplete)]


def conditions_of(options: Options) -> ConditionOptions:
    """Return the conditions among some options."""
    return {
        "input": options["input"],
        "batch": options["batch"],
        "dtype": options["dtype"],
        "rounding": options["rounding"],
        "train": options["train"],
    }


def condition_options(command: FC) -> FC:
    """Add the conditions under which a network is looked at, beside its input."""
    for decorate in (
        click.option(
            "--train",
            is_flag=True,
            help="Keep the auxiliary heads that exist only in training; memory, flops and explain tell of a training step.",
        ),
        click.option(
            "--rounding",
            type=Word(ROUNDINGS),
            help="Where a window does not fit evenly, in layers that say nothing themselves; "
            "strict holds for all layers and makes it an error.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            shell_complete=complete_setting,
            help="Change a parameter of the spec, such as classes=10.",
        ),
        click.option(
            "--dtype",
            type=Word(DTYPES, CALLED),
            help="Type of one number; amp is mixed precision, weights in float32.  [default: float32, or what an ONNX file has]",
        ),
        click.option("--batch", type=Whole(), metavar="N", help="Samples at once.  [default: 1]"),
    ):
        command = decorate(command)
    return command


class ColumnsOption(ListingOption):
    """An option that takes names of columns."""

    lead = "They are"

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Return the lists of columns that a word begins."""
        from click.shell_completion import CompletionItem

        done, comma, last = incomplete.rpartition(",")
        return [CompletionItem(f"{done}{comma}{key}") for key in self.keys() if key.startswith(last)]


def columns_option(keys: Callable[[], Sequence[str]]) -> Callable[[FC], FC]:
    """Return what adds --columns, of those called `keys`."""
    return click.option(
        "--columns",
        cls=ColumnsOption,
        keys=keys,
        metavar="NAMES",
        help="Columns to show, separated by commas; `all` for every one.",
    )


ALL_LEVELS = 10**6


def _levels(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Return the number of levels; a very large one for `all`."""
    if value is None:
        return None
    if value == "all":
        return ALL_LEVELS
    if not value.isascii() or not value.isdigit() or not 0 < int(value[:9]) <= ALL_LEVELS:
        raise click.BadParameter(f"{value!r} is neither a whole number of at least 1 nor 'all'")
    return int(value)


def depth_option(command: FC) -> FC:
    """Add --depth."""
    return click.option(
        "--depth",
        callback=_levels,
        metavar="N",
        help="Fold blocks below N levels into a row each; `all` shows every layer.  [default: what fits a screen]",
    )(command)


def check_depth(depth: int | None, *pages: str) -> None:
    """Raise a fact where --depth is given to a page without a row for every layer; `pages` are the options that have them."""
    if depth is not None:
        raise click.UsageError(
            f"--depth folds a page that has a row for every layer: add {' or '.join(pages)}"
        )


def analyze_model(
    model: str,
    settings: Sequence[str],
    step: TrainingStep | None = None,
    device: str | None = None,
    mode: Mode | None = None,
    **conditions: Unpack[ConditionOptions],
) -> Report:
    """Load and analyze the model that the options describe; `step` is how a step of training is done, None as usual."""
    network = load_model(model, settings, **conditions)
    report = archcalc.analyze(network, **conditions, step=step, device=find_placement(device, mode))
    hold_to_account(report)
    return report


def load_model(model: str, settings: Sequence[str], **conditions: Unpack[ConditionOptions]) -> Network:
    """Load the model that the options describe; what its reader had to assume goes to standard error."""
    check_rounding(model, conditions["rounding"])
    network = archcalc.load(
        model, parameters=overrides(settings), input=conditions["input"], batch=conditions["batch"]
    )
    tell_namesake(model)
    return tell_notes(network)


def check_rounding(model: str, rounding: Rounding | None) -> None:
    """Raise a fact where a model has no say about how sizes are rounded."""
    if model.lower().endswith(".onnx") and rounding in ("floor", "ceil"):
        raise ArchcalcError(
            "an ONNX file says itself how sizes are rounded", hint="--rounding strict makes rounding an error"
        )


def overrides(settings: Sequence[str]) -> dict[str, object]:
    """Return the parameters of --set NAME=VALUE."""
    from archcalc.formats.language.read import override

    return dict(map(override, settings))
