"""The group that every command belongs to."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

import archcalc
from archcalc.commands.options import STATUS, examples
from archcalc.ground import limits
from archcalc.ground.errors import nearest, visible

LONGEST_SUMMARY = 200
"""More than the longest first sentence of a command."""


HEADINGS = {
    "Look": {
        "show": "reports",
        "tree": "reports",
        "list": "specs",
        "params": "reports",
        "flops": "reports",
        "memory": "memory",
        "latency": "latency",
        "rf": "reports",
    },
    "Understand": {
        "explain": "explain",
        "compare": "compare",
        "size": "explain",
        "reconcile": "reconcile",
        "verify": "verify",
        "quiz": "quiz",
    },
    "Decide": {"check": "check", "fit": "fit", "calibrate": "calibrate"},
    "Exchange": {"export": "export"},
    "Reference": {
        "ops": "specs",
        "devices": "devices",
        "new": "specs",
        "help": "topics",
        "schema": "specs",
        "completion": "specs",
    },
}
"""The commands under headings, in the order in which a person learns them, each with the module that has it."""


OPTIONS = {
    "amp": "--dtype amp-float16",
    "b": "--batch",
    "bs": "--batch",
    "c": "--columns",
    "f": "--format",
    "fp16": "--dtype float16",
    "half": "--dtype float16",
    "i": "--input",
    "image-size": "--input 3x224x224",
    "img-size": "--input 3x224x224",
    "size": "--input 3x224x224",
    "shape": "--input 3x224x224",
    "precision": "--dtype",
    "training": "--train",
}
"""What options of other programs are called here."""
COMMANDS = {
    "describe": "archcalc show",
    "diff": "archcalc compare",
    "draw": "archcalc export MODEL --to dot",
    "convert": "archcalc export",
    "info": "archcalc show",
    "init": "archcalc new",
    "create": "archcalc new",
    "inspect": "archcalc show",
    "layers": "archcalc ops",
    "ls": "archcalc list",
    "macs": "archcalc flops",
    "models": "archcalc list",
    "parameters": "archcalc params",
    "plot": "archcalc export MODEL --to dot",
    "print": "archcalc show",
    "profile": "archcalc flops",
    "summary": "archcalc show",
    "validate": "archcalc check",
    "version": "archcalc --version",
}
"""What commands of other programs are called here."""


class Command(click.Command):
    """A command that says of an argument too many where it may have been meant to go."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, or raise where some are left over, or none is there."""
        given = list(args)
        ctx.allow_extra_args = True
        try:
            surplus = super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            hint = self._hint_for_option(error.option_name)
            raise (
                click.UsageError(f"No such option '{visible(error.option_name)}'; {hint}", ctx)
                if hint
                else error
            ) from None
        except click.MissingParameter as error:
            if error.param is None or error.param.name != "model":
                raise
            raise click.UsageError(
                f"which MODEL is not said; such as archcalc {self.name} alexnet: archcalc list shows all", ctx
            ) from None
        if not ctx.resilient_parsing:
            self._refuse_repetition(ctx, given)
        if surplus and not ctx.resilient_parsing:
            words = " ".join(map(visible, surplus))
            plural = "s" * (len(surplus) > 1)
            hint = self._hint_for_surplus(surplus[0], given)
            raise click.UsageError(f"there is nothing to do with the argument{plural} {words}; {hint}", ctx)
        return surplus

    def _refuse_repetition(self, ctx: click.Context, given: list[str]) -> None:
        """Raise where an option that takes one value is given twice: the first one would be ignored."""
        _, _, order = self.make_parser(ctx).parse_args(list(given))
        single = [each for each in order if isinstance(each, click.Option) and not each.multiple]
        for option in single:
            if not option.is_flag and single.count(option) > 1:
                raise click.UsageError(f"{max(option.opts, key=len)} is given twice: leave one out", ctx)

    @property
    def _writes_files(self) -> bool:
        """Whether --output names a file here, and not what is asked."""
        return any("-o" in param.opts for param in self.params)

    def _hint_for_option(self, option: str) -> str:
        """Return what to write for an option of other programs; nothing where click's own hint will do."""
        names = {name for param in self.params for name in param.opts}
        forms = next((param.type for param in self.params if param.name == "form"), None)
        word = option.lstrip("-").replace("_", "-")
        if isinstance(forms, click.Choice) and word in forms.choices:
            return f"write --format {word}"
        if word in ("o", "out", "output", "save"):
            if self._writes_files:
                return "write --output FILE"
            return "the result goes to standard output: write > FILE behind it"
        own = OPTIONS.get(word)
        return f"write {own}" if own and own.split()[0] in names else ""

    def _hint_for_surplus(self, word: str, given: list[str]) -> str:
        """Return where an argument too many may have been meant to go: behind an option, which takes one value."""
        place = given.index(word) if word in given else 0
        before = given[place - 2 : place] if place > 1 else ["", ""]
        option = next((param for param in self.params if before[0] in param.opts), None)
        if isinstance(option, click.Option) and not option.is_flag:
            name = max(option.opts, key=len)
            if name == "--input":
                values = f"--input {visible(before[1])} --input {visible(word)}"
                return f"several inputs are compared: archcalc compare MODEL {values}"
            return f"{name} takes one value{'' if option.multiple else ', and a run answers for one'}"
        from archcalc.formats.library import is_known

        names = {param.name for param in self.params}
        if self._writes_files and Path(word).suffix and not is_known(word):
            return f"write --output {visible(word)}"
        if "model" in names and is_known(word):
            return "archcalc compare puts several networks side by side"
        return f"archcalc {self.name} answers for one at a time"


class Commands(click.Group):
    """The group of commands, which suggests the nearest one for a misspelt name."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the name of every command, in the order in which a person learns them."""
        return [name for modules in HEADINGS.values() for name in modules]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, whose module is loaded when it is asked for; nothing where there is none of this name."""
        for modules in HEADINGS.values():
            if cmd_name in modules:
                import_module(f"archcalc.commands.{modules[cmd_name]}")
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List every command with its whole first sentence, under headings."""
        for heading, names in HEADINGS.items():
            with formatter.section(heading):
                commands = [command for name in names if (command := self.get_command(ctx, name))]
                formatter.write_dl(
                    [
                        (command.name or "", command.get_short_help_str(LONGEST_SUMMARY))
                        for command in commands
                    ]
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the environment variables after the examples."""
        super().format_epilog(ctx, formatter)
        bounds = [
            (limit.variable, f"{limit.meaning}  [default: {limit.default:,}]") for limit in limits.LIMITS
        ]
        with formatter.section("Environment variables"):
            formatter.write_dl(
                [("ARCHCALC_PATH", "folders to search for networks and devices, too"), *bounds]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` name, or raise with the nearest one as a hint."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(
                f"there is no command '{visible(name)}'; {self._hint_for_command(name, ctx)}", ctx
            )
        return super().resolve_command(ctx, args)

    def _hint_for_command(self, name: str, ctx: click.Context) -> str:
        """Return what to write for a command that there is not: another one, or the one for a network of this name."""
        if name.lower() in COMMANDS:
            return f"write {COMMANDS[name.lower()]}"
        if hint := nearest(name, self.list_commands(ctx)):
            return hint
        from archcalc.formats.library import is_known

        return (
            f"did you mean archcalc show {visible(name)}?" if is_known(name) else "archcalc --help lists them"
        )


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples("show alexnet", "params vgg16 --per-layer", "list", "new mynet", "show --help"),
)
@click.version_option(archcalc.__version__, prog_name="archcalc")
def cli() -> None:
    """Sizes, parameters, work and memory of neural networks, exact and explained.

    A MODEL is the name of a network (archcalc list), the path of a spec, path.yaml:variant for one
    of a family, the path of an ONNX file, - for standard input, or layers as a spec has them, such as
    '[conv: {out: 8, kernel: 3}, relu]', with their --input.
    """


@cli.result_callback()
@click.pass_context
def _end(ctx: click.Context, /, *_: object) -> int:
    """Return the exit status that a command came to."""
    status: int = ctx.meta.get(STATUS, 0)
    return status
