"""What may have been meant by a file that is not there, or by a format that nothing is written in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from archcalc.formats.format import Format
from archcalc.ground.errors import nearest, visible


def hint_for_file(path: Path, suffixes: tuple[str, ...]) -> str:
    """Return which file may have been meant: the most like it among those of its folder with one of the suffixes."""
    try:
        files = [visible(file.name) for file in path.parent.iterdir() if file.name.endswith(suffixes)]
    except (OSError, ValueError):  # the second where no file can be called so
        return f"there is no folder {visible(str(path.parent))}"
    alike = nearest(path.name, files)
    return alike or "archcalc list shows the networks that have a name, archcalc new NAME writes a file"


def hint_for_target(name: str, formats: Sequence[Format]) -> str:
    """Return which format may have been meant by a word, such as the suffix of a file, among those that are written."""
    written = {format.name: format for format in formats if format.writes}
    suffix = f".{name.lower().lstrip('.')}"
    alike = [format.name for format in formats if suffix in format.suffixes and not format.by_bytes]
    targets = [name for name in alike if name in written]
    if targets:
        return f"did you mean {' or '.join(targets)}?"
    if "picture" in alike:
        return f"--to dot writes {written['dot'].title}"
    return nearest(name, written) or f"choose one of {', '.join(written)}"
