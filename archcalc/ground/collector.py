"""A pause of Python's garbage collector while many objects are made that all live on."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def pause_collector() -> Iterator[None]:
    """Keep the collector from walking, again and again, over what is just being built; also a decorator.

    Reading a spec and analyzing a network make objects in proportion to the layers and no cycles to speak
    of. With the collector at work their cost grows faster than the layers.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
