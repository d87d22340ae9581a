"""What commands say on standard error beside their page: notes, and what of several was meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from archcalc.ground.errors import visible

if TYPE_CHECKING:
    from archcalc.network.network import Network

NOTES = "archcalc.notes"
"""Under what a run keeps what was noted."""


def tell_namesake(name: str) -> None:
    """Say on standard error where a name of ours is that of a file in the current folder, too."""
    from archcalc.formats.library import is_in_folder

    if is_in_folder(name):
        from archcalc.formats.claims_files import find_namesake

        if path := find_namesake(name):
            _tell(f"'{name}' is what archcalc knows by this name; the file here is called by ./{path}")


def tell_device(name: str) -> None:
    """Say on standard error where several files describe a device of a name, and which of them is meant."""
    from archcalc.formats.devices import find_devices, is_path, name_file

    first, *others = [name_file(path) for path in ([] if is_path(name) else find_devices(name))] or [""]
    if others:
        _tell(f"'{name}' is the device in {first}; left aside: {', '.join(others)}")


def tell_notes(network: Network) -> Network:
    """Return a network; what its reader had to assume goes to standard error, each once."""
    for note in network.notes:
        _tell(note)
    return network


def _tell(note: str) -> None:
    """Write a note to standard error, unless this run has done so: variants of a family share notes."""
    noted = click.get_current_context().meta.setdefault(NOTES, set())
    if note not in noted:
        click.echo(f"note: {visible(note)}", err=True)
        noted.add(note)
