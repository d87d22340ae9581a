"""Blocks that are used alike are written out once and copied: that makes no difference to anything but the time."""

from __future__ import annotations

import known
import pytest
from hypothesis import given
from hypothesis import strategies as st

from archcalc.formats.language import copies
from archcalc.formats.language.read import Document
from archcalc.ground.errors import ArchcalcError, SourceText
from archcalc.ground.limits import LAYERS, VALUES


def written(text, variant=None, *, copying=True):
    """Return the nodes of a spec, where each comes from through all blocks, and its outputs; or what is wrong with it."""
    with pytest.MonkeyPatch.context() as patch:
        if not copying:
            patch.setattr(copies.Expanded, "copy", lambda *_: None)
        try:
            document = Document(SourceText("net.yaml", text))
            networks = [document.network(name if document.variants else None) for name in document.names]
        except ArchcalcError as error:
            return str(error)
    return [(network.nodes, network.outputs, list(map(spots, network.nodes))) for network in networks]


def spots(node):
    """Return the lines and columns that a message about a node would show, from the inside out."""
    place = node.origin.place()
    return [(spot.line, spot.column, spot.width) for spot in (place, *place.users())]


@pytest.mark.slow
@pytest.mark.parametrize("path", known.SPECS, ids=lambda path: path.stem)
def test_known_networks_are_as_if_every_block_were_written_out(path):
    text = path.read_text(encoding="utf-8")
    assert written(text) == written(text, copying=False)


SPECS = {
    "what stands around": """
        blocks:
          unit: {layers: [conv: {out: 4, kernel: 1}, add: {from: [conv1, outer]}]}
        layers:
          - relu: {name: outer}
          - unit
          - stage: {name: s1}
          - repeat: {times: 2, name: r, layers: [{tanh: {name: outer}}, unit]}
    """,
    "a block in a block": """
        blocks:
          inner: {parameters: {n: 1}, layers: [repeat: {times: n, layers: [relu, {tanh: {name: last, when: n > 1}}]}]}
          outer: {parameters: {n: 2}, layers: [inner: {n: n}, inner: {n: n, name: own}, sigmoid]}
        layers: [outer, outer: 3, outer, inner: 2, inner, inner: {n: 2, from: outer1.inner1}]
    """,
    "branches, ties, shared weights and heads": """
        blocks:
          unit:
            layers:
              - add:
                  branches:
                    left: [conv: {name: first, out: 4, kernel: 1}, conv: {out: 4, kernel: 1, tie: first}]
                    right: []
              - concat: [[relu], [from_input: {from: input}]]
              - conv: {out: 4, kernel: 1}
              - auxiliary: {name: head, layers: [flatten, linear: 2]}
          from_input: {layers: [relu: {from: input}]}
        layers: [unit, unit, unit: {name: other}, unit: {from: unit1}, add: {from: [other, unit1.first]}]
    """,
    "an empty block": """
        blocks: {nothing: {layers: []}, maybe: {parameters: {on: }, layers: [relu: {when: on}]}}
        layers: [nothing, nothing, tanh, nothing, maybe: true, maybe: false, maybe: true, maybe: false]
    """,
    "true is not 1": """
        blocks: {maybe: {parameters: {on: }, layers: [relu: {when: on}]}}
        layers: [maybe: true, maybe: 1]
    """,
    "variants that differ in what a block reads": """
        parameters: {out: 4, other: 1, kernel: 1}
        variants: {a: {}, b: {out: 8}, c: {other: 2}, d: {kernel: 3}}
        blocks:
          my-block: {layers: [conv: {out: out, kernel: 1}, later, tanh]}
          user: {layers: [my-block, relu]}
          later: {layers: [conv: {out: out, kernel: kernel, padding: same}]}
        layers: [user, user, my-block, later, repeat: {times: other, layers: [user]}]
    """,
    "a wrong layer in a block that is used twice": """
        blocks: {unit: {parameters: {n: }, layers: [relu, conv: {out: n, kernel: 9}]}}
        layers:
          - unit: 3
          - unit: 3
    """,
    "a name that there is not": """
        blocks: {unit: {parameters: {n: }, layers: [relu, add: {from: [relu1, nowhere]}]}}
        layers: [unit: 3, unit: 3]
    """,
    "a block that is in itself": """
        blocks: {a: {layers: [relu, b]}, b: {layers: [a]}}
        layers: [a, b, a]
    """,
}


@pytest.mark.parametrize("text", SPECS.values(), ids=SPECS)
def test_a_copy_is_what_would_have_been_written(text):
    spec = "input: 4x8x8\n" + "\n".join(line[8:] for line in text.splitlines())
    assert written(spec) == written(spec, copying=False)


uses = st.lists(
    st.sampled_from(["a", "b: 2", "b: 3", "c: {n: 2}", "c: {n: 1, name: N}", "relu", "a: {from: FIRST}"])
)


@given(uses, uses, uses, st.integers(0, 3))
def test_blocks_of_blocks_are_as_if_written_out(first, second, last, times):
    def listed(items, allowed):
        return ", ".join(
            item.replace("N", f"n{place}").replace("FIRST", "first")
            for place, item in enumerate(items)
            if item[0] in allowed
        )

    spec = f"""
input: 4x8x8
blocks:
  a: {{layers: [tanh, relu]}}
  b: {{parameters: {{n: }}, layers: [repeat: {{times: n, name: round, layers: [relu, {listed(first, "ar")}]}}]}}
  c: {{parameters: {{n: }}, layers: [{{sigmoid: {{name: first}}}}, {listed(second, "abr")}]}}
layers: [{{relu: {{name: first}}}}, repeat: {{times: {times}, layers: [a]}}, {listed(last, "abcr")}]
"""
    assert written(spec) == written(spec, copying=False)


@pytest.mark.parametrize("bound", [LAYERS, VALUES])
def test_copies_count_towards_the_bounds(monkeypatch, bound):
    """The bound that is passed first is the same, at the same layer."""
    spec = "input: 4x8x8\nblocks: {u: {layers: [relu, {repeat: {times: 3, layers: [conv: {out: 4, kernel: 1}]}}]}}\nlayers: [u, u, u]"
    outcomes = []
    for most in range(1, 120):
        monkeypatch.setenv(bound.variable, str(most))
        outcomes.append(written(spec))
        assert outcomes[-1] == written(spec, copying=False)
    assert isinstance(outcomes[0], str)
    assert not isinstance(outcomes[-1], str)


def test_copies_do_not_grow_faster_than_the_network():
    """Each block is made of two of the block before it: all but one of every sort are copies."""
    blocks = ", ".join(f"b{level}: {{layers: [b{level - 1}, b{level - 1}]}}" for level in range(1, 14))
    document = Document(
        SourceText(
            "net.yaml", f"input: 3x8x8\nblocks: {{b0: {{layers: [relu, tanh]}}, {blocks}}}\nlayers: [b13]"
        )
    )
    network = document.network()
    assert len(network.nodes) == 1 + 2 * 2**13
    assert len(document.shared.maker.ops) == 2
    assert len(document.shared.written) == 14
