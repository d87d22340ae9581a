"""The command that says what devices can do, and memory that is stated as that of a device."""

from __future__ import annotations

import re
from typing import Literal

import click

from archcalc.commands.completions import complete_device
from archcalc.commands.group import cli
from archcalc.commands.options import examples
from archcalc.commands.output import emit, page_options
from archcalc.commands.telling import tell_device
from archcalc.commands.values import Size
from archcalc.ground.errors import ArchcalcError, CallError, visible

DEVICE = re.compile(r"[A-Za-z~]|\.{0,2}/|.*\.ya?ml$", re.DOTALL)
"""What begins like a device, or is a file that may describe one, where a size may stand."""


class DeviceMemory(Size):
    """An amount of memory: a size, or the device that has it, in its main memory or in flash."""

    def __init__(self, memory: Literal["memory", "flash"] = "memory") -> None:
        self.memory = memory

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return a size as it is written, or what the device has, and say on standard error where that is from."""
        text = str(value).strip()
        if not DEVICE.match(text):
            return super().convert(value, param, ctx)
        from archcalc.formats.devices import read_device
        from archcalc.sheet.numbers import write_bytes

        try:
            device = read_device(text)
        except CallError as error:
            unknown = f"'{visible(text)}' is no size such as 24GiB, and {visible(error.fact)}"
            self.fail(f"{unknown}; {visible(error.hint or '')}", param, ctx)
        stated = device.memory if self.memory == "memory" else device.flash
        if stated is None:
            known = f"how much {self.memory} {visible(device.name)} has is not known"
            self.fail(f"{known}; write a size, such as 24GiB", param, ctx)
        amount = round(stated.value)
        said = f"{device.name} has {write_bytes(amount)} of {self.memory}, {stated.origin}: {stated.source}"
        click.echo(f"note: {visible(said)}", err=True)
        tell_device(text)
        return f"{amount}B"


@cli.command(
    epilog=examples(
        "devices",
        "devices h100",
        "devices rpi5 --format json",
        "devices --format csv",
        "schema device > device.schema.json",
    )
)
@click.argument("device", required=False, metavar="[NAME|FILE]", shell_complete=complete_device)
@page_options
def devices(device: str | None, form: str) -> None:
    """List the devices, or say all about one: each value, where it is from and its source.

    A device is a YAML file: archcalc's own, NAME.yaml in devices/ of a folder in ARCHCALC_PATH or in archcalc/devices/ of
    the user's configuration folder (XDG_CONFIG_HOME, ~/.config without it), or any file by its path. Peaks are dense
    operations a second, a multiply-add being two.
    """
    from archcalc.formats.devices import load_devices, read_device, where
    from archcalc.views.devices import Found, everything, one

    if device is not None:
        found = Found(read_device(device), where(device))
        tell_device(device)
        emit(one(found), form)
        return

    def complain(error: ArchcalcError) -> None:
        from archcalc.sheet.terminal import complain

        complain(error)

    emit(everything(Found(*each) for each in load_devices(complain)), form)
