"""Every command of the program, loaded."""

import click

from archcalc.commands.cli import cli

CONTEXT = click.Context(cli)
COMMANDS = {
    name: command for name in cli.list_commands(CONTEXT) if (command := cli.get_command(CONTEXT, name))
}
"""The commands by name, in the order in which a person learns them."""
