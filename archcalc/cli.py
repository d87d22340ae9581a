"""The command line. A command is a few lines over the public API; errors end in `main`, nowhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import archcalc
from archcalc.errors import ArchcalcError, nearest
from archcalc.formats import RENDERERS
from archcalc.window import ROUNDINGS

if TYPE_CHECKING:
    from archcalc.report import Report
    from archcalc.sheet import Sheet

Command = Callable[..., Any]
DTYPES = ("float64", "float32", "float16", "bfloat16", "int8")


class Commands(click.Group):
    """The group of commands, which suggests the nearest one for a misspelt name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` name, or raise with the nearest one as a hint."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            hint = nearest(name, self.list_commands(ctx))
            raise click.UsageError(f"there is no command '{name}'" + (f"; {hint}" if hint else ""), ctx)
        return super().resolve_command(ctx, args)


def examples(*lines: str) -> str:
    """Return the examples that end a command's help."""
    return "\b\nExamples:\n" + "\n".join(f"  archcalc {line}" for line in lines)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples("show alexnet", "params vgg16 --per-layer", "list", "new mynet", "show COMMAND --help"),
)
@click.version_option(archcalc.__version__, prog_name="archcalc")
def cli() -> None:
    """Sizes, parameters, work and memory of neural networks, exact and explained.

    A MODEL is the name of a network (archcalc list), the path of a spec, path.yaml:variant for one
    of a family, or - for standard input.
    """


def _complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    from click.shell_completion import CompletionItem

    try:
        names = [name for name in archcalc.names() if name.startswith(incomplete.lower())]
    except ArchcalcError:
        names = []
    files = [] if names else [CompletionItem(incomplete, type="file")]
    return [*map(CompletionItem, names), *files]


def _complete_op(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return [kind for kind in archcalc.REGISTRY if kind.startswith(incomplete)]


def _complete_columns(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    from archcalc.columns import COLUMNS

    done, comma, last = incomplete.rpartition(",")
    return [f"{done}{comma}{key}" for key in COLUMNS if key.startswith(last)]


def model_options(command: Command) -> Command:
    """Add the MODEL argument and everything that says under which conditions it is looked at."""
    for decorate in (
        format_option,
        click.option("--train", is_flag=True, help="Keep the auxiliary heads that exist only in training."),
        click.option(
            "--rounding",
            type=click.Choice(ROUNDINGS),
            help="Where a window does not fit evenly, in layers that say nothing themselves; "
            "strict holds for all layers and makes it an error.",
        ),
        click.option(
            "--set",
            "settings",
            multiple=True,
            metavar="NAME=VALUE",
            help="Change a parameter of the spec, such as classes=10.",
        ),
        click.option("--dtype", type=click.Choice(DTYPES), default="float32", help="Type of one number."),
        click.option("--batch", type=int, default=1, metavar="N", help="Samples at once.  [default: 1]"),
        click.option("--input", metavar="SHAPE", help="Another input, such as 3x256x256."),
        click.argument("model", shell_complete=_complete_model),
    ):
        command = decorate(command)
    return command


def format_option(command: Command) -> Command:
    """Add --format."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["table", *RENDERERS]),
        default="table",
        help="How to write the result on standard output.",
    )(command)


def analyzed(model: str, settings: Sequence[str], **conditions: Any) -> Report:
    """Load and analyze the model that the options describe."""
    return archcalc.analyze(archcalc.load(model, parameters=overrides(settings)), **conditions)


def overrides(settings: Sequence[str]) -> dict[str, Any]:
    """Return the parameters of --set NAME=VALUE."""
    from archcalc.spec.document import override

    return dict(map(override, settings))


def emit(sheet: Sheet, form: str) -> None:
    """Write a sheet on standard output."""
    if form == "table":
        from archcalc.console import draw

        draw(sheet)
    else:
        sys.stdout.write(RENDERERS[form](sheet))


@cli.command(
    epilog=examples(
        "show alexnet",
        "show vgg16 --input 3x256x256 --batch 32 --dtype float16",
        "show alexnet --set classes=10 --format markdown",
        "show alexnet --input 3x224x224 --rounding strict",
        "show mynet.yaml --columns layer,output,params,field",
    )
)
@click.option(
    "--columns",
    metavar="NAMES",
    shell_complete=_complete_columns,
    help="Columns to show, separated by commas; `all` for every one.",
)
@model_options
def show(form: str, columns: str | None, **options: Any) -> None:
    """Show every layer: sizes, parameters, work, memory, and the totals."""
    from archcalc import views

    emit(views.layers(analyzed(**options), views.chosen(columns, form)), form)


@cli.command(
    epilog=examples("params vgg16", "params lenet5_1998 --formula", "params alexnet --per-layer --format csv")
)
@click.option("--per-layer", is_flag=True, help="A row for every layer.")
@click.option(
    "--formula", is_flag=True, help="A row for every layer that has parameters, with the arithmetic."
)
@model_options
def params(form: str, per_layer: bool, formula: bool, **options: Any) -> None:
    """Count parameters: learnable, fixed and buffers."""
    from archcalc import views

    report = analyzed(**options)
    if formula:
        network = archcalc.load(options["model"], parameters=overrides(options["settings"]))
        emit(views.formulas(network, report), form)
    elif per_layer:
        emit(views.layers(report, views.PARAMS), form)
    else:
        emit(views.totals(report, ("params", "fixed", "buffers", "weight_bytes")), form)


@cli.command(
    epilog=examples("flops alexnet", "flops vgg16 --per-layer", "flops vgg16 --batch 8 --format json")
)
@click.option("--per-layer", is_flag=True, help="A row for every layer.")
@model_options
def flops(form: str, per_layer: bool, **options: Any) -> None:
    """Count work: multiply-accumulates (MACs), and every other operation by kind.

    FLOPs are 2 · MACs + all other operations. Papers and tables mostly print MACs, often under the
    name FLOPs.
    """
    from archcalc import views

    report = analyzed(**options)
    if per_layer:
        emit(views.layers(report, views.WORK), form)
    else:
        emit(views.totals(report, views.WORK_TOTALS), form)


@cli.command(name="list", epilog=examples("list", "list --format json"))
@format_option
def list_networks(form: str) -> None:
    """List the networks that can be called by name, with parameters, MACs and depth.

    Folders named in the environment variable ARCHCALC_PATH are searched for specs, too.
    """
    from archcalc import views

    names = archcalc.names()
    quiet = not sys.stderr.isatty()
    with click.progressbar(names, label="analyzing", file=sys.stderr, hidden=quiet) as bar:
        reports = [archcalc.analyze(archcalc.load(name)) for name in bar]
    emit(views.catalogue(reports), form)


@cli.command(
    epilog=examples(
        "check specs/*.yaml",
        "check vgg16 --max-params 150M --max-macs 20G",
        "check mynet.yaml --max-memory 64MiB --dtype float16",
    )
)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...", shell_complete=_complete_model)
@click.option("--max-params", metavar="COUNT", help="Most learnable parameters, such as 5M.")
@click.option("--max-macs", metavar="COUNT", help="Most multiply-accumulates, such as 1G.")
@click.option(
    "--max-memory",
    metavar="SIZE",
    help="Most memory at inference, such as 64MiB: all weights and the largest set of activations alive at once.",
)
@click.option("--batch", type=int, default=1, metavar="N", help="Samples at once.  [default: 1]")
@click.option("--dtype", type=click.Choice(DTYPES), default="float32", help="Type of one number.")
@format_option
@click.pass_context
def check(
    ctx: click.Context, /, specs: tuple[str, ...], form: str, batch: int, dtype: str, **most: str | None
) -> None:
    """Check specs: are they sound, do their expected figures hold, are they within budget?

    The exit status is 0 if all is well and 1 if not, so that it can guard a repository. A family's
    file stands for all its variants.
    """
    from archcalc import views
    from archcalc.console import complain

    budget = views.budget(most["max_params"], most["max_macs"], most["max_memory"])
    findings: list[archcalc.Finding] = []
    sound = True
    for spec in specs:
        try:
            for network in archcalc.load_all(spec):
                report = archcalc.analyze(network)
                findings += archcalc.check(network, report)
                loaded = archcalc.analyze(network, batch=batch, dtype=dtype)  # type: ignore[arg-type]  # click has checked it
                findings += archcalc.check(network._replace(expectations=()), loaded, budget)
        except ArchcalcError as error:
            sound = False
            complain(error)
    emit(views.findings(findings), form)
    ctx.exit(0 if sound and all(finding.holds for finding in findings) else 1)


@cli.command(epilog=examples("ops", "ops conv", "ops --format markdown"))
@click.argument("op", required=False, shell_complete=_complete_op)
@format_option
def ops(op: str | None, form: str) -> None:
    """List the layer types, or say all about one: its settings, defaults, formulas."""
    from archcalc import reference

    emit(reference.everything() if op is None else reference.one(op), form)


@cli.command(epilog=examples("new mynet", "new mynet --output -"))
@click.argument("name")
@click.option("--output", metavar="FILE", help="Where to write; - for standard output.  [default: NAME.yaml]")
def new(name: str, output: str | None) -> None:
    """Write a commented spec to start from."""
    from archcalc.starter import starter

    text = starter(name)
    if output == "-":
        sys.stdout.write(text)
        return
    path = output or f"{name}.yaml"
    try:
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ArchcalcError(f"{path}: {error.strerror}", hint="--output names another file") from None
    click.echo(f"wrote {path}; look at it with: archcalc show {path}", err=True)


@cli.command(epilog=examples("schema > archcalc.schema.json"))
def schema() -> None:
    """Print the JSON Schema of a spec, for editors that complete and check YAML."""
    from json import dumps

    sys.stdout.write(dumps(archcalc.spec_schema(), indent=2, ensure_ascii=False) + "\n")


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
    sys.stdout.write(kind(cli, {}, "archcalc", "_ARCHCALC_COMPLETE").source() + "\n")


def main() -> None:
    """Run the command line: the one place where errors become messages and exit statuses.

    0: all is well; 1: a check failed; 2: the input or the call was wrong; 130: interrupted;
    141: nobody reads the output any more.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        status = cli.main(prog_name="archcalc", standalone_mode=False)
        sys.stdout.flush()
    except ArchcalcError as error:
        from archcalc.console import complain

        complain(error)
        status = 2
    except click.ClickException as error:
        error.show()
        status = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        status = 130
    except BrokenPipeError:
        # Python would complain once more when it closes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 141
    except OSError as error:
        click.echo(f"cannot write the output: {error.strerror}", err=True)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 2
    sys.exit(status if isinstance(status, int) else 0)
