"""A network as a program: blocks with parameters and the calls that use them, each with the values that it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from archcalc.formats.program.parameters import Variable


class Call(NamedTuple):
    """A layer or a block with its arguments, or calls in a loop.

    Attributes:
        callee: the kind of the layer or the name of the block; empty where `body` is what is done.
        arguments: the settings of a layer, or what a block gets beside its defaults; they may be parameters.
        inputs: the values that it takes, by the positions of the nodes that make them, in a block in its first use.
        value: its own value.
        times: how often it is done, each time on what the time before returned.
        name: what it is called; empty where it has no name that all uses of the block share.
        labels: what the branches are called that a layer brings together.
        tied: the value of the layer whose weights it shares.
        head: what the head is called that it belongs to, which exists only in training; None if it is in none.
        body: the calls that a loop holds.
    """

    callee: str
    arguments: Mapping[str, object]
    inputs: tuple[int, ...]
    value: int
    times: int | Variable = 1
    name: str = ""
    labels: tuple[str, ...] = ()
    tied: int | None = None
    head: str | None = None
    body: Calls = ()


Calls = tuple[Call, ...]


class Block(NamedTuple):
    """Calls that are used in several places: they take the value `start` and return that of the last one.

    `parameters` have their defaults, REQUIRED (of archcalc.op.setting) where there is none.
    """

    name: str
    parameters: Mapping[str, object]
    start: int
    calls: Calls


class Program(NamedTuple):
    """A network: the blocks, each after those that it uses, and the calls that use them."""

    blocks: tuple[Block, ...]
    calls: Calls


def every(calls: Calls) -> Iterator[Call]:
    """Yield calls, each after those that it holds."""
    for call in calls:
        yield from every(call.body)
        yield call
