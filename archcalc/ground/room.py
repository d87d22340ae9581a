"""Whether there is room for NumPy: its library ends the whole process where there is none, with the status of a failed check.

OpenBLAS takes its memory when it is loaded and once more for the first product, and calls `exit(1)` where it gets
none. So the room is tried first, where a limit on memory is set (`ulimit -v`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType

NUMPY = 96 << 20
"""What NumPy and its libraries take, in bytes."""
A_THREAD = 48 << 20
"""What OpenBLAS takes for each thread, its stack included, in bytes."""
MOST_THREADS = 64


def check_room(size: int) -> None:
    """Raise a MemoryError where a limit on the process leaves less than so many bytes, as OpenBLAS would not."""
    if not _is_limited():
        return
    from mmap import mmap

    try:
        mmap(-1, size).close()
    except (OSError, OverflowError, ValueError):
        raise MemoryError from None


def for_products() -> int:
    """Return what OpenBLAS may still take for its threads, in bytes."""
    given = os.environ.get("OPENBLAS_NUM_THREADS") or os.environ.get("OMP_NUM_THREADS") or ""
    threads = int(given) if given.isascii() and given.isdigit() and len(given) < 4 else os.cpu_count() or 1
    return A_THREAD * max(1, min(threads, MOST_THREADS))


def _is_limited() -> bool:
    try:
        from resource import RLIM_INFINITY, RLIMIT_AS, getrlimit
    except ImportError:  # there are no such limits here
        return False
    return getrlimit(RLIMIT_AS)[0] != RLIM_INFINITY


class Watch:
    """Finds no module, but is asked before NumPy is loaded, wherever that is."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        """Raise a MemoryError where there is no room for NumPy."""
        if name == "numpy":
            check_room(NUMPY + for_products())


def watch() -> None:
    """Try the room from now on before NumPy is loaded."""
    if not any(isinstance(finder, Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, Watch())
