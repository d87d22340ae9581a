"""This machine, as far as the operating system says: its processor's name, how many cores it has, and its last cache."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
PROCESSORS = Path("/proc/cpuinfo")
SIZE = re.compile(r"(\d+)([KMG]?)", re.ASCII)
UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
LONGEST = 80
"""The most letters of a name."""


def name_processor(processors: Path = PROCESSORS) -> str:
    """Return what the processor is called, or the architecture where the system does not say."""
    try:
        lines = processors.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = next(filter(None, (*names, platform.processor(), platform.machine())), "processor")
    return " ".join(name.split())[:LONGEST]


def count_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0)) or 1
    except AttributeError:  # systems other than Linux do not say which ones a process may use
        return os.cpu_count() or 1


def find_cache(caches: Path = CACHES) -> int | None:
    """Return the bytes of the last cache of the first core; None where the system does not say."""
    found: list[tuple[int, int]] = []
    try:
        for folder in sorted(caches.glob("index*")):
            level = (folder / "level").read_text(encoding="ascii").strip()
            size = SIZE.fullmatch((folder / "size").read_text(encoding="ascii").strip())
            if size and level.isdigit():
                found.append((int(level), int(size[1]) * UNITS[size[2]]))
    except (OSError, ValueError):
        return None
    return max(found)[1] if found and max(found)[1] else None
