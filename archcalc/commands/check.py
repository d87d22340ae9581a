"""The command that judges: check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, Unpack

import click

import archcalc
from archcalc.commands.completions import complete_judged
from archcalc.commands.group import cli
from archcalc.commands.limits import limit_options, most_of, read_limits
from archcalc.commands.memory import StepOptions, read_step, step_options
from archcalc.commands.options import (
    Options,
    condition_options,
    conditions_of,
    examples,
    input_option,
    load_model,
)
from archcalc.commands.output import emit, page_options
from archcalc.commands.placing import PlaceOptions, device_options, find_placement
from archcalc.commands.telling import tell_namesake
from archcalc.ground.errors import ArchcalcError, CallError, ExceededError, combine, each_of, visible
from archcalc.ground.limits import LAYERS

if TYPE_CHECKING:
    from archcalc.network.network import Limit
    from archcalc.questions.finding import Finding


class CheckOptions(Options, StepOptions, PlaceOptions):
    """The conditions, how a step of training is done, and where the network runs."""


class Judged(NamedTuple):
    """What came of a spec or a file of claims: how many networks are sound, what is wrong with one, why claims cannot be judged."""

    findings: Sequence[Finding] = ()
    sound: int = 0
    broken: Sequence[ArchcalcError] = ()
    unjudged: Sequence[ArchcalcError] = ()


@cli.command(
    epilog=examples(
        "check specs/*.yaml",
        "check vgg16 --max-params 150M --max-macs 20G",
        "check mynet.yaml --limit 'peak_bytes <= 256KiB' --limit 'depth >= 4'",
        "check mynet.yaml --max-memory 64MiB --dtype float16",
        "check mynet.yaml --limit 'macs <= 1G and not (params > 5M or depth > 20)'",
        "check resnet50 --limit 'train.peak_bytes <= 24GiB' --batch 64 --optimizer adamw",
        "check mobilenet_v2 --limit 'time_us <= 100ms' --device rpi5",
        "check mobilenet_v2 --limit 'time_us@rpi5 <= 100ms and time_us@h100 <= 2ms'",
        "check lecture_notes",
        "check --claims vgg19",
        "check --claims",
    ),
)
@click.argument("specs", nargs=-1, metavar="[SPEC...]", shell_complete=complete_judged)
@click.option(
    "--claims",
    is_flag=True,
    help="What sources claim of networks, and whether it holds; without a SPEC all that archcalc knows of.",
)
@limit_options
@step_options
@device_options
@input_option
@condition_options
@page_options
@click.pass_context
def check(
    ctx: click.Context,
    /,
    specs: tuple[str, ...],
    form: str,
    claims: bool,
    stated: tuple[str, ...],
    max_params: str | None,
    max_macs: str | None,
    max_memory: str | None,
    **options: Unpack[CheckOptions],
) -> None:
    """Check specs: are they sound, do their expected figures hold, are they within budget? And judge claims.

    The exit status is 0 if all is well and 1 if not, so that it can guard a repository; 2 where there is no such
    network or file. A family's file stands for all its variants. Expectations are about the network as its spec
    states it; limits, of its `budget:` and those given here, about the network under the conditions given here. A limit
    on what is not known entirely is unknown, which is not all well, unless what is known breaks it already. The options of a
    training step say how that is done for limits on train.peak_bytes and the like.

    SPEC may be a file of claims: what a paper, a course or a note says, judged at its own precision. A refuted claim
    shows the arithmetic, and never changes the exit status (archcalc help claims).

    In a limit, OP is one of <=, <, >=, > and ==. Counts take K, M, G, T, bytes KiB, MiB, GiB or KB, MB, GB, times us, ms, s. Limits may
    be joined by and, or, not, with brackets.
    """
    from archcalc.views import verdicts

    limits = read_limits(stated, most_of(max_params, max_macs, max_memory))
    if not specs and not claims:
        raise click.UsageError("Missing argument 'SPEC...'.")
    if claims and (limits or any(options.values())):
        raise click.UsageError("--claims judges claims as they stand: leave out limits and conditions")
    outcomes = _judge_claims(specs) if claims else _check_each(specs, limits, options)
    judged = _gather(outcomes)
    errors = [str(each) for each in judged.broken], [str(each) for each in judged.unjudged]
    emit(verdicts.findings(judged.findings, judged.sound, *errors, form), form)
    is_well = not any(errors) and not any(finding.fails for finding in judged.findings)
    ctx.exit(0 if is_well else 1)


def _gather(outcomes: Iterable[Judged]) -> Judged:
    """Return all outcomes as one; what is wrong is said as it comes."""
    from archcalc.sheet.terminal import complain

    findings: list[Finding] = []
    sound = 0
    broken: list[ArchcalcError] = []
    unjudged: list[ArchcalcError] = []
    for outcome in outcomes:
        findings += outcome.findings
        sound += outcome.sound
        broken += outcome.broken
        unjudged += (each for error in outcome.unjudged for each in each_of(error))
        for error in (*outcome.broken, *outcome.unjudged):
            complain(error)
    return Judged(findings, sound, broken, unjudged)


def _check_each(
    specs: Sequence[str],
    limits: Sequence[Limit],
    options: CheckOptions,
) -> Iterator[Judged]:
    """Yield what comes of each network that the specs hold, and of files of claims: findings, or what is wrong.

    Raises:
        CallError: there is no such network, or layers have no input.
    """
    conditions, step = conditions_of(options), read_step(options)
    device = find_placement(options["device"], options["mode"])
    for spec in specs:
        if judged := _judge_file(spec):
            if limits or any(options.values()):
                raise click.UsageError(
                    f"'{visible(spec)}' is a file of claims, which are judged as they stand: leave out limits and conditions"
                )
            yield judged
            continue
        layers = 0
        for model in archcalc.members(spec):
            try:
                LAYERS.check(layers, f"{spec}: its variants have", "layers together")
                network = load_model(model, options["settings"], **conditions)
                layers += len(network.nodes)
                yield Judged(archcalc.check(network, limits, **conditions, step=step, device=device), 1)
            except CallError:
                raise
            except ArchcalcError as error:
                yield Judged(broken=[error])
                if isinstance(error, ExceededError):
                    break


def _judge_file(spec: str) -> Judged | None:
    """Return what comes of a file of claims; None where it is none."""
    unjudged: list[ArchcalcError] = []
    try:
        findings = archcalc.check_claims(spec, unjudged.append)
    except CallError:
        raise
    except ArchcalcError as error:
        return Judged(unjudged=[error])
    if findings is not None:
        tell_namesake(spec)
    return None if findings is None else Judged(findings, unjudged=[combine(unjudged)] if unjudged else ())


def _judge_claims(specs: Sequence[str]) -> Iterator[Judged]:
    """Yield what comes of all that is claimed in files and in specs; of some networks, what is claimed of them."""
    from archcalc.questions.claims.known import KnownClaims, every_claim

    known = KnownClaims()
    for spec in specs:
        if judged := _judge_file(spec):
            yield judged
            continue
        for model in archcalc.members(spec):
            unjudged: list[ArchcalcError] = []
            try:
                yield Judged(known.about(model, unjudged.append), unjudged=unjudged)
            except CallError:
                raise
            except ArchcalcError as error:
                yield Judged(broken=[error])
    if not specs:
        unread: list[ArchcalcError] = []
        for findings in every_claim(unread.append):
            yield Judged(findings)
        yield Judged(unjudged=unread)
