"""The commands about specs and what they are made of: list, check, ops, new, schema; and shell completion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

import archcalc
from archcalc.commands.completions import complete_model, complete_op, complete_order
from archcalc.commands.group import cli
from archcalc.commands.options import (
    ConditionOptions,
    ListOptions,
    check_rounding,
    columns_option,
    condition_options,
    conditions_of,
    examples,
    input_option,
    limit_options,
    load_model,
    overrides,
    read_limits,
    tell_notes,
)
from archcalc.commands.output import emit, page_options, write
from archcalc.ground.errors import ArchcalcError, CallError, ExceededError, visible
from archcalc.ground.limits import LAYERS

if TYPE_CHECKING:
    from archcalc.network.network import Limit


def _columns() -> tuple[str, ...]:
    """Return the columns of a page with a row a network."""
    from archcalc.views.catalogue import keys

    return keys()


@cli.command(
    name="list",
    epilog=examples(
        "list",
        "list resnet",
        "list 'vgg*_bn' mobilenet --columns name,params,peak_bytes",
        "list --max-params 5M --limit 'macs <= 1G' --sort macs",
        "list resnet50 vgg16 mynet.yaml --columns params,macs,depth --format latex --caption Cost --label tab:cost",
        "list --format json",
    ),
)
@click.argument("names", nargs=-1, metavar="[NAME...]", shell_complete=complete_model)
@limit_options
@columns_option(_columns)
@click.option(
    "--sort",
    "by",
    metavar="KEY",
    shell_complete=complete_order,
    help="The figure to sort by, such as macs, or name; -macs puts the largest first.",
)
@input_option
@condition_options
@page_options
def list_networks(
    form: str, names: tuple[str, ...], columns: str | None, by: str | None, **options: Unpack[ListOptions]
) -> None:
    """List the networks that can be called by name, or a row for each MODEL, with parameters, MACs and depth.

    NAME is a MODEL or a family; where nothing is called exactly so, a part of names, or a pattern such as
    'vgg*_bn'. Rows stand in the order of the NAMEs. Networks that a limit does not hold for, or not for sure,
    are left out. In markdown, latex and html each column has a unit in its head and its digits aligned; the
    other formats have exact numbers. Folders named in the environment variable ARCHCALC_PATH are searched for
    specs, too.
    """
    from archcalc.questions.analyze import analyze_every
    from archcalc.views.catalogue import catalogue, choose

    def complain(error: ArchcalcError) -> None:
        from archcalc.sheet.terminal import complain

        complain(error)

    limits = read_limits(options["stated"], options["max_params"], options["max_macs"], options["max_memory"])
    shown, parameters, conditions = choose(columns), overrides(options["settings"]), conditions_of(options)
    for name in names:
        check_rounding(name, conditions["rounding"])
    networks = archcalc.load_every(
        complain, names, parameters=parameters, input=conditions["input"], batch=conditions["batch"]
    )
    reports = analyze_every(map(tell_notes, networks), **conditions)
    emit(catalogue(reports, shown, by, limits, form), form)


@cli.command(
    epilog=examples(
        "check specs/*.yaml",
        "check vgg16 --max-params 150M --max-macs 20G",
        "check mynet.yaml --limit 'peak_bytes <= 256KiB' --limit 'depth >= 4'",
        "check mynet.yaml --max-memory 64MiB --dtype float16",
        "check mynet.yaml --limit 'macs <= 1G and not (params > 5M or depth > 20)'",
    )
)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...", shell_complete=complete_model)
@limit_options
@input_option
@condition_options
@page_options
@click.pass_context
def check(
    ctx: click.Context,
    /,
    specs: tuple[str, ...],
    form: str,
    stated: tuple[str, ...],
    max_params: str | None,
    max_macs: str | None,
    max_memory: str | None,
    settings: tuple[str, ...],
    **conditions: Unpack[ConditionOptions],
) -> None:
    """Check specs: are they sound, do their expected figures hold, are they within budget?

    The exit status is 0 if all is well and 1 if not, so that it can guard a repository; 2 where there is no such
    network or file. A family's file stands for all its variants. Expectations are about the network as its spec states it; limits, those of
    the spec's `budget:` and those given here, about the network under the conditions given here. A limit on what
    is not known entirely is unknown, which is not all well, unless what is known breaks it already.

    KEY is one of params, fixed, buffers, macs, flops, additions, multiplications, comparisons, divisions,
    exponentials, train.macs (of a training step, forward and backward), activations, weight_bytes, activation_bytes,
    peak_bytes, memory_bytes (all weights and the most activations alive at once) and depth; OP one of <=, <, >=, > and ==. Counts take K, M, G, T, bytes KiB, MiB, GiB or
    KB, MB, GB. Limits may be joined by and, or, not, with brackets.
    """
    from archcalc.sheet.terminal import complain
    from archcalc.views import verdicts

    limits = read_limits(stated, max_params, max_macs, max_memory)
    findings: list[archcalc.Finding] = []
    sound, broken = 0, []
    for outcome in _check_each(specs, limits, settings, conditions):
        if isinstance(outcome, ArchcalcError):
            broken.append(str(outcome))
            complain(outcome)
        else:
            findings += outcome
            sound += 1
    emit(verdicts.findings(findings, sound, broken, form), form)
    ctx.exit(1 if broken or any(finding.fails for finding in findings) else 0)


def _check_each(
    specs: Sequence[str],
    limits: Sequence[Limit],
    settings: tuple[str, ...],
    conditions: ConditionOptions,
) -> Iterator[list[archcalc.Finding] | ArchcalcError]:
    """Yield what comes of each network that the specs hold: its findings, or what is wrong with it.

    Raises:
        CallError: there is no such network, or layers have no input.
    """
    for spec in specs:
        layers = 0
        for model in archcalc.members(spec):
            try:
                _check_sum(spec, layers)
                network = load_model(model, settings, **conditions)
                layers += len(network.nodes)
                yield archcalc.check(network, limits, **conditions)
            except CallError:
                raise
            except ArchcalcError as error:
                yield error
                if isinstance(error, ExceededError):
                    break


def _check_sum(spec: str, layers: int) -> None:
    """Raise an error where the variants of a spec have more layers together than one network may have."""
    if layers > LAYERS.value:
        raise ExceededError(
            f"{spec}: its variants have more than {LAYERS.value:,} layers together", hint=LAYERS.hint
        )


@cli.command(epilog=examples("ops", "ops conv", "ops --format markdown"))
@click.argument("op", required=False, shell_complete=complete_op)
@page_options
def ops(op: str | None, form: str) -> None:
    """List the layer types, or say all about one: its settings, defaults, formulas."""
    from archcalc.formats.language.synonyms import find_kind
    from archcalc.ops import REGISTRY
    from archcalc.views import reference

    if op is not None and op not in REGISTRY and (kind := find_kind(op)):
        raise ArchcalcError(f"there is no layer type '{visible(op)}'", hint=f"archcalc calls it {kind}")
    emit(reference.everything() if op is None else reference.one(op), form)


@cli.command(epilog=examples("new mynet", "new mynet --output -"))
@click.argument("name")
@click.option(
    "--output", "-o", metavar="FILE", help="Where to write; - for standard output.  [default: NAME.yaml]"
)
def new(name: str, output: str | None) -> None:
    """Write a commented spec to start from."""
    from archcalc.formats.language.starter import starter

    name = name.removesuffix(".yaml")
    text = starter(name)
    if output == "-":
        write(text)
        return
    path = output or f"{name}.yaml"
    try:
        _create(Path(path), text)
    except OSError as error:
        raise ArchcalcError(
            f"{visible(path)}: {error.strerror}", hint="--output names another file"
        ) from None
    click.echo(f"wrote {visible(path)}; look at it with: archcalc show {visible(path)}", err=True)


def _create(path: Path, text: str) -> None:
    """Write a file that is not yet there, all of it or none."""
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink()
            raise


@cli.command(epilog=examples("schema > archcalc.schema.json", "schema report"))
@click.argument("of", type=click.Choice(["spec", "report"]), default="spec")
def schema(of: str) -> None:
    """Print a JSON Schema: of a spec, for editors that complete and check YAML, or of what --format json writes."""
    from json import dumps

    if of == "spec":
        document = archcalc.spec_schema()
    else:
        from archcalc.views.schemas import report_schema

        document = report_schema()
    write(dumps(document, indent=2, ensure_ascii=False) + "\n")


@cli.command(
    epilog=examples(
        "completion bash >> ~/.bashrc", "completion fish > ~/.config/fish/completions/archcalc.fish"
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and network names in a shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    if kind is None:
        raise ArchcalcError(f"there is no completion for {shell}")
    write(kind(cli, {}, "archcalc", "_ARCHCALC_COMPLETE").source() + "\n")
