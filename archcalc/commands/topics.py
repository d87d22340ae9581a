"""The command that shows a page of the reference."""

from __future__ import annotations

from pathlib import Path

import click

from archcalc.commands.group import cli
from archcalc.commands.options import examples
from archcalc.commands.output import write
from archcalc.ground.errors import ArchcalcError, nearest, visible

PAGES = Path(__file__).parents[1] / "data" / "help"


def topics() -> dict[str, Path]:
    """Return the pages of the reference by their topics."""
    return {path.stem: path for path in sorted(PAGES.glob("*.md"))}


def complete_topic(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the topics that a word begins."""
    return [topic for topic in topics() if topic.startswith(incomplete)]


@cli.command(name="help", epilog=examples("help", "help language", "help machines", "help show"))
@click.argument("topic", required=False, shell_complete=complete_topic)
@click.pass_context
def show_help(ctx: click.Context, topic: str | None) -> None:
    """Show a page of the reference, or list them; of a command without a page what its --help says."""
    from archcalc.sheet.terminal import render_markdown

    pages = topics()
    if topic is None:
        titles = "\n".join(f"- `{name}`: {_title(path)}" for name, path in pages.items())
        write(render_markdown(f"# archcalc help TOPIC\n\n{titles}\n"))
    elif topic in pages:
        write(render_markdown(pages[topic].read_text(encoding="utf-8")))
    elif command := cli.get_command(ctx, topic):
        with click.Context(command, info_name=topic, parent=ctx.parent) as inner:
            write(f"{command.get_help(inner)}\n")
    else:
        raise ArchcalcError(
            f"there is no page about '{visible(topic)}'",
            hint=nearest(topic, [*pages, *cli.list_commands(ctx)]) or f"choose from {', '.join(pages)}",
        )


def _title(page: Path) -> str:
    with page.open(encoding="utf-8") as lines:
        return next(lines).lstrip("# ").strip()
