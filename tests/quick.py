"""A machine that is measured at once: trials by a clock that moves on only where they take their time."""

from __future__ import annotations

from archcalc.op.kernels import Kernel, Product
from archcalc.questions.calibrate.rounds import Trial


class Clock:
    """A clock that moves on only where a trial takes its time."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def pass_by(self, seconds):
        self.now += seconds


def trial(name, us, clock, *kernels, family="products", library="Nothing 1.0"):
    """Return a trial that takes so many microseconds by a clock."""
    return Trial(name, family, library, kernels, lambda: clock.pass_by(us / 1e6))


def product(rows, columns, depth):
    return Kernel("product", rows * depth + depth * columns, rows * columns, Product(rows, columns, depth))


def list_few(clock):
    """Return a product, a stream and a call."""
    return [
        trial("product", 1000, clock, product(256, 256, 256)),
        trial("stream", 5000, clock, Kernel("elementwise", 2**24, 2**24), family="streams"),
        trial("call", 2, clock, Kernel("elementwise", 8, 8), family="calls"),
    ]
