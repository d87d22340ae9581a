"""What NumPy does on this machine: products of matrices, streams through memory, a function, and a call of next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from archcalc.op.kernels import Kernel, Product
from archcalc.questions.calibrate.rounds import Trial

PRODUCTS = (
    (128, 128, 128),
    (256, 256, 256),
    (512, 512, 512),
    (1024, 1024, 1024),
    (3136, 64, 576),
    (49, 512, 4608),
    (1, 1000, 2048),
)
"""Rows, columns and depth: squares, two as convolutions have them, and one vector."""
STREAMS = (2**12, 2**15, 2**18)
"""Numbers of arrays that caches hold."""
BEYOND = 4
"""How many times the last cache arrays are that it does not hold."""
LEAST_STREAM, MOST_STREAM = 64 * 2**20, 512 * 2**20
"""Bytes of the largest stream, whatever the cache."""
FUNCTION = 2**18
CALL = 8
LIBRARY = f"NumPy {np.__version__}"


def list_array_trials(cache: float | None) -> Iterator[Trial]:
    """Yield what NumPy is timed at, for a last cache of so many bytes."""
    random = np.random.default_rng(0)

    def fill(*sizes: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return random.random(sizes, dtype=np.float32)

    for rows, columns, depth in PRODUCTS:
        run = partial(np.matmul, fill(rows, depth), fill(depth, columns), out=fill(rows, columns))
        kernel = Kernel(
            "product", rows * depth + depth * columns, rows * columns, Product(rows, columns, depth)
        )
        yield Trial(f"product {rows}x{depth}x{columns}", "products", LIBRARY, (kernel,), run)
    beyond = int(min(MOST_STREAM, max(LEAST_STREAM, BEYOND * (cache or 0)))) // 12
    for size in (*STREAMS, beyond):
        run = partial(np.add, fill(size), fill(size), out=fill(size))
        yield Trial(
            f"add {size:,} numbers", "streams", LIBRARY, (Kernel("elementwise", 2 * size, size),), run
        )
    run = partial(np.exp, fill(FUNCTION), out=fill(FUNCTION))
    kernel = Kernel("function", FUNCTION, FUNCTION)
    yield Trial(f"exp of {FUNCTION:,} numbers", "functions", LIBRARY, (kernel,), run)
    run = partial(np.add, fill(CALL), fill(CALL), out=fill(CALL))
    yield Trial(f"add {CALL} numbers", "calls", LIBRARY, (Kernel("elementwise", 2 * CALL, CALL),), run)
