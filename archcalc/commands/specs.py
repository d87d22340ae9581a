"""The commands about specs and what they are made of: list, ops, new, schema; and shell completion."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

import archcalc
from archcalc.commands.completions import complete_model, complete_op, complete_order
from archcalc.commands.group import cli
from archcalc.commands.limits import LimitOptions, limit_options, most_of, read_limits
from archcalc.commands.options import (
    Options,
    check_rounding,
    columns_option,
    condition_options,
    conditions_of,
    examples,
    input_option,
    overrides,
)
from archcalc.commands.output import emit, page_options, write
from archcalc.commands.placing import PlaceOptions, device_options, find_placement
from archcalc.commands.telling import tell_notes
from archcalc.ground.errors import ArchcalcError, visible


class ListOptions(LimitOptions, Options, PlaceOptions):
    """What says which networks are listed, under which conditions, and where they run."""


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
        "list resnet mobilenet --columns name,macs,time_us --device h100 --sort time_us",
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
@device_options
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

    most = most_of(options["max_params"], options["max_macs"], options["max_memory"])
    limits = read_limits(options["stated"], most)
    shown, parameters, conditions = choose(columns), overrides(options["settings"]), conditions_of(options)
    device = find_placement(options["device"], options["mode"])
    for name in names:
        check_rounding(name, conditions["rounding"])
    networks = archcalc.load_every(
        complain, names, parameters=parameters, input=conditions["input"], batch=conditions["batch"]
    )
    reports = analyze_every(map(tell_notes, networks), **conditions, device=device)
    emit(catalogue(reports, shown, by, limits, form), form)


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


@cli.command(
    epilog=examples("schema > archcalc.schema.json", "schema claims", "schema device", "schema report")
)
@click.argument("of", type=click.Choice(["spec", "claims", "device", "report"]), default="spec")
def schema(of: str) -> None:
    """Print a JSON Schema: of a spec, claims or a device, for editors that check YAML, or of what --format json writes."""
    from json import dumps

    if of == "spec":
        document = archcalc.spec_schema()
    elif of == "claims":
        from archcalc.formats.language.claims_schema import claims_schema

        document = claims_schema()
    elif of == "device":
        from archcalc.formats.language.device_schema import device_schema

        document = device_schema()
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
