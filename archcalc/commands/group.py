"""The group that every command belongs to."""

from __future__ import annotations

import click

import archcalc
from archcalc.commands.options import STATUS, examples
from archcalc.ground import limits
from archcalc.ground.errors import nearest, visible

LONGEST_SUMMARY = 200
"""More than the longest first sentence of a command."""


HEADINGS = {
    "Look": "show tree list params flops memory rf",
    "Understand": "explain compare size reconcile verify",
    "Decide": "check",
    "Exchange": "export",
    "Reference": "ops new schema completion",
}
"""The commands under headings, in the order in which a person learns them."""


class Command(click.Command):
    """A command that says of an argument too many where it may have been meant to go."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, or raise where some are left over."""
        given = list(args)
        ctx.allow_extra_args = True
        surplus = super().parse_args(ctx, args)
        if surplus and not ctx.resilient_parsing:
            words = " ".join(map(visible, surplus))
            plural = "s" * (len(surplus) > 1)
            hint = self._hint_for_surplus(surplus[0], given)
            raise click.UsageError(f"there is nothing to do with the argument{plural} {words}; {hint}", ctx)
        return surplus

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
        if any(param.name == "model" for param in self.params):
            return "archcalc compare puts several networks side by side"
        return f"archcalc {self.name} answers for one at a time"


class Commands(click.Group):
    """The group of commands, which suggests the nearest one for a misspelt name."""

    command_class = Command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List every command with its whole first sentence, under headings."""
        for heading, names in HEADINGS.items():
            with formatter.section(heading):
                formatter.write_dl(
                    [
                        (name, self.commands[name].get_short_help_str(LONGEST_SUMMARY))
                        for name in names.split()
                    ]
                )

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the environment variables after the examples."""
        super().format_epilog(ctx, formatter)
        bounds = [
            (limit.variable, f"{limit.meaning}  [default: {limit.default:,}]") for limit in limits.LIMITS
        ]
        with formatter.section("Environment variables"):
            formatter.write_dl([("ARCHCALC_PATH", "folders to search for networks, too"), *bounds])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that `args` name, or raise with the nearest one as a hint."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            hint = nearest(name, self.list_commands(ctx))
            raise click.UsageError(
                f"there is no command '{visible(name)}'" + (f"; {hint}" if hint else ""), ctx
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples("show alexnet", "params vgg16 --per-layer", "list", "new mynet", "show --help"),
)
@click.version_option(archcalc.__version__, prog_name="archcalc")
def cli() -> None:
    """Sizes, parameters, work and memory of neural networks, exact and explained.

    A MODEL is the name of a network (archcalc list), the path of a spec, path.yaml:variant for one
    of a family, the path of an ONNX file, or - for standard input.
    """


@cli.result_callback()
@click.pass_context
def _ended(ctx: click.Context, /, *_: object) -> int:
    """Return the exit status that a command came to."""
    status: int = ctx.meta.get(STATUS, 0)
    return status
