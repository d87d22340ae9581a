"""Blocks and loops are only another way to write a network: expanded again, a program is the layers of the run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis.strategies import booleans, composite, integers, lists, sampled_from, tuples

import archcalc
from archcalc.formats.program.blocks import make_program
from archcalc.formats.program.grouping import Style
from archcalc.formats.program.parameters import Rising, Variable
from archcalc.network.network import Expectation, Network, Node
from archcalc.ops import REGISTRY


def expanded(program, entering):
    """Return every layer that a program runs: its kind and settings, what it takes, whose weights it has."""
    blocks = {block.name: block for block in program.blocks}
    found = []

    def value(given, parameters, time):
        if isinstance(given, Variable):
            return parameters[given.name] * given.factor if given.factor > 1 else parameters[given.name]
        return given.start + given.step * time if isinstance(given, Rising) else given

    def run(calls, values, parameters):
        for call in calls:
            inputs = tuple(values[value] for value in call.inputs)
            for time in range(value(call.times, parameters, 0)):
                end = once(call, inputs, values, parameters, time)
                inputs = (end,)
            values[call.value] = end
        return end

    def once(call, inputs, values, parameters, time):
        if call.body:
            return run(call.body, {call.inputs[0]: inputs[0]}, parameters)
        arguments = {name: value(given, parameters, time) for name, given in call.arguments.items()}
        if call.callee in blocks:
            block = blocks[call.callee]
            return run(block.calls, {block.start: inputs[0]}, {**block.parameters, **arguments})
        tied = None if call.tied is None else values[call.tied]
        found.append((call.callee, arguments, inputs, tied))
        return len(found) - 1

    run(program.calls, {position: -1 - position for position in entering}, {})
    return found


def calls(network, said):
    """Return the same of the network's own layers."""
    places, found = {}, []
    for position, node in enumerate(network.nodes):
        if node.op.traits.role == "input":
            places[position] = -1 - position
            continue
        places[position] = len(found)
        inputs = tuple(places[source] for source in node.inputs)
        found.append((node.op.kind, said(position), inputs, places.get(node.tied)))
    return found


def assert_same(network):
    def said(position):
        op = network.nodes[position].op
        return {name: op.__dict__[setting.attribute] for name, setting in op.declared.items()}

    def usual(position):
        declared = network.nodes[position].op.declared
        return {name: setting.default for name, setting in declared.items()}

    entering = [position for position, node in enumerate(network.nodes) if node.op.traits.role == "input"]
    functions = frozenset(p for p, node in enumerate(network.nodes) if node.op.kind in ("add", "sigmoid"))
    styles = (
        Style(said),
        Style(said, usual, is_plain=True, apart=functions, most_written_out=12),
    )
    for style in styles:
        assert expanded(make_program(network, style), entering) == calls(network, said)


def nameless(network):
    nodes = [node._replace(name=f"Node_{place}", labels=()) for place, node in enumerate(network.nodes)]
    return network._replace(nodes=tuple(nodes), expectations=())


def test_an_expanded_program_is_the_network(each_network):
    network = archcalc.load(each_network)
    assert_same(network)
    assert_same(nameless(network))


OPS = [
    *(REGISTRY[kind]() for kind in ("relu", "sigmoid", "batchnorm")),
    *(REGISTRY["conv"](out=4 * factor, kernel=1) for factor in (1, 2, 3)),
    REGISTRY["add"](),
]
WEIGHTED = {"conv", "batchnorm"}
LAYER = tuples(integers(0, len(OPS) - 1), integers(0, 3), integers(0, 5), booleans())


@composite
def networks(draw):
    """Return networks of any wiring in which pieces come again: within each other, with other settings, with tied weights."""
    nodes = [Node(f"x{number}", REGISTRY["input"](shape=(4, 4, 4))) for number in range(draw(integers(1, 2)))]
    for stage, piece in enumerate(draw(lists(lists(LAYER, min_size=1, max_size=6), min_size=1, max_size=4))):
        growth = draw(integers(0, 1))
        block = draw(sampled_from(("s{stage}.u{time}.", "u{time}.", "")))
        for time in range(draw(integers(1, 4))):
            for kind, back, far, is_tied in piece:
                op = OPS[kind]
                if growth and op.kind == "conv":
                    op = REGISTRY["conv"](out=op.out + time, kernel=1)
                last = len(nodes) - 1
                inputs = (
                    (last, max(0, last - far)) if op.kind == "add" else (max(0, last - back * (far > 3)),)
                )
                alike = [p for p, node in enumerate(nodes) if node.op == op and node.tied is None]
                tied = alike[0] if is_tied and far == 2 and alike and op.kind in WEIGHTED else None
                name = f"{block.format(stage=stage, time=time)}{op.kind}{len(nodes)}"
                nodes.append(Node(name, op, inputs, tied=tied))
    used = {source for node in nodes for source in node.inputs}
    ends = [place for place in range(1, len(nodes)) if place not in used]
    outputs = (*ends, *draw(lists(integers(1, len(nodes) - 1), max_size=1)))
    expected = draw(sampled_from(nodes)).name.rpartition(".")[0]
    expectations = (Expectation("params", 1, "here", layer=expected),) if expected else ()
    return Network("any", tuple(nodes), outputs=tuple(dict.fromkeys(outputs)), expectations=expectations)


@given(networks())
def test_any_expanded_program_is_its_network(network):
    assert_same(network)
    assert_same(nameless(network))


@pytest.mark.slow
@given(networks())
@settings(max_examples=300)
def test_many_an_expanded_program_is_its_network(network):
    assert_same(network)
    assert_same(nameless(network))


def test_a_long_network_takes_no_longer_for_each_layer():
    """A chain that repeats itself after 291 convolutions only, and residual units that never do."""
    chain = [Node("x", REGISTRY["input"](shape=(8, 4, 4)))]
    for number in range(2_000):
        conv = REGISTRY["conv"](out=8 + number % 97, kernel=1 + 2 * (number % 3), padding=1)
        chain += [Node(f"c{number}", conv, (len(chain) - 1,)), Node(f"r{number}", OPS[0], (len(chain),))]
    assert_same(Network("long", tuple(chain)))


@pytest.mark.parametrize("times", [2, 3, 40])
def test_a_loop_takes_what_the_time_before_returned(network, times):
    body = "[conv: {out: 4, kernel: 1}, relu, sigmoid]"
    assert_same(network(f"input: 4x4x4\nlayers: [repeat: {{times: {times}, layers: {body}}}]"))
