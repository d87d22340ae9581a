"""What the reading of one file may cost: every step that the file asks for is paid here before it is taken.

A file is small and asks for much: functions that call each other, constants that are worked out, views of views. A
bound on each of these would leave the next one open, so all pay from one purse, in steps of about a microsecond.
"""

from __future__ import annotations

from pathlib import Path

from archcalc.ground.errors import ExceededError, visible
from archcalc.ground.limits import WORK

NODE = 30
"""A node that is looked at."""
LAYER = 20
"""A layer that is made, beside its name."""
LOOK = 10
"""A look at the numbers that the file states, beside these."""
VIEW = 80
"""What NumPy does at once: numbers read, or a view made of another, beside the numbers."""
NUMBER = 2
"""A number that becomes one of Python's."""
A_STEP = 16
"""How many numbers are passed over in a step."""
DEFINITION = 500
"""A node whose definition ONNX is asked for."""
FOLDING = 300
"""A node that is worked out, beside its numbers."""
KEPT = 1
"""A number that is worked out and kept: it takes memory."""
WRITTEN = 30
"""A node that is written out of a function, beside its bytes."""


class Budget:
    """The steps that are left to the reading of one file."""

    __slots__ = ("left", "path", "steps")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps = self.left = WORK.value

    def spend(self, steps: int) -> None:
        """Take steps off what is left.

        Raises:
            ExceededError: there are not as many.
        """
        self.left -= steps
        if self.left < 0:
            raise ExceededError(
                f"{visible(str(self.path))}: asks for more than {self.steps:,} steps of work", hint=WORK.hint
            )

    def affords(self, steps: int) -> bool:
        """Tell whether work that can be done without leaves half of all steps for what cannot."""
        return self.left - steps >= self.steps // 2

    def copy(self, characters: int) -> None:
        """Pay for a text, or bytes, that is kept once more."""
        self.spend(1 + characters // 4)
