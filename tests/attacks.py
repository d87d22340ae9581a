"""What a random attack is: inputs, what must hold of each, and that it holds in little time and memory."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LONG_RUN = int(os.environ.get("ARCHCALC_FUZZ", "10000"))
"""How many inputs of each kind `pytest -m fuzz` draws."""
SECONDS = 60
"""When an input counts as one that hangs: a thousand times what one takes."""
ROOM = 2 * 1024**3
"""How much memory the inputs may take beside what the process has before, in bytes."""


class Attack(NamedTuple):
    """Random inputs and what must hold of each."""

    inputs: st.SearchStrategy[Any]
    holds: Callable[[Any], None]


def survive(attack, examples, *, new=False):
    """Assert that what must hold does, for so many random inputs: the same in every run, or new ones."""
    how = {"derandomize": False, "suppress_health_check": [HealthCheck.too_slow]} if new else {}
    with little_memory():
        settings(max_examples=examples, **how)(given(attack.inputs)(in_time(attack.holds)))()


def in_time(holds):
    """Return a property that fails where an input hangs."""

    def hangs(*_):
        pytest.fail(f"hangs for {SECONDS} s")

    @wraps(holds)
    def held(**given):
        usual = signal.signal(signal.SIGALRM, hangs)
        signal.alarm(SECONDS)
        try:
            holds(**given)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, usual)

    return held


@contextmanager
def little_memory():
    """Bound the memory of this process to what it has and ROOM."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    usual = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + ROOM, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, usual)


def assert_printable(error):
    """Assert that an error says something, and nothing that moves a cursor."""
    assert all(line.isprintable() for line in str(error).split("\n"))
    assert error.fact
