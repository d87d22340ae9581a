"""Blocks that specs share: taken by their names from archcalc's own, never by a path, and written inline elsewhere."""

from __future__ import annotations

import pytest
import yaml
from known import NAMES

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.contents import own_folder
from archcalc.formats.language.expressions import parse
from archcalc.formats.language.shared import shared_names

SPEC = """\
name: mine
input: 3x32x32
use: [mbconv]
layers:
  - conv_bn_silu: {name: stem, out: 8, kernel: 3, stride: 2}
  - mbconv: {in: 8, out: 8, expand: 6, kernel: 3, stride: 1}
"""


def refusal(text):
    with pytest.raises(ArchcalcError) as caught:
        archcalc.loads(text)
    return str(caught.value)


@pytest.mark.parametrize("use", ["use: [mbconv]", "use: mbconv"])
def test_a_spec_takes_shared_blocks_by_their_name(use):
    report = archcalc.analyze(archcalc.loads(SPEC.replace("use: [mbconv]", use)))
    stem = 3 * 3 * 3 * 8 + 2 * 8
    wide = 8 * 48 + 2 * 48 + 3 * 3 * 48 + 2 * 48
    gate = (48 + 1) * 2 + (2 + 1) * 48
    assert report.totals.params == stem + wide + gate + 48 * 8 + 2 * 8


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("[mbconv]", "[mbcov]", "<text>:3:7: there are no shared blocks called 'mbcov'"),
        ("[mbconv]", "[mbcov]", "hint: did you mean mbconv?"),
        ("[mbconv]", "[../blocks/mbconv]", "'use' may hold letters, digits, _ and -, not '../blocks/mbconv'"),
        ("[mbconv]", "[/etc/passwd]", "'use' may hold letters, digits, _ and -, not '/etc/passwd'"),
        ("[mbconv]", "{mbconv: 1}", "'use' names shared blocks, not a mapping"),
        (
            "layers:",
            "blocks: {mbconv: {layers: [relu]}}\nlayers:",
            "'mbconv' is a block of specs/blocks/mbconv.yaml",
        ),
        ("expand: 6, ", "", "block 'mbconv' needs 'expand'"),
    ],
)
def test_what_is_wrong_with_a_use(right, wrong, message):
    assert message in refusal(SPEC.replace(right, wrong))


def test_a_mistake_in_a_shared_block_says_who_uses_it():
    message = refusal(SPEC.replace("kernel: 3, stride: 1", "kernel: 3, stride: 0"))
    assert "specs/blocks/mbconv.yaml:" in message
    assert "<text>:6:" in message


def test_shared_blocks_that_nothing_uses_are_noted():
    spec = "{name: mine, input: 3x8x8, use: [mbconv], layers: [relu]}"
    assert archcalc.loads(spec).notes == ("nothing in mine uses a block out of the file 'mbconv'",)


def test_they_are_no_networks():
    assert shared_names()
    assert not set(shared_names()) & set(NAMES)


def test_an_exported_spec_has_them_inline():
    network = archcalc.loads(SPEC)
    written = archcalc.export(archcalc.analyze(network), to="spec")
    assert "use:" not in written
    assert archcalc.analyze(archcalc.loads(written)).totals == archcalc.analyze(network).totals


@pytest.mark.parametrize("name", shared_names())
def test_they_hang_on_nothing_but_their_own_parameters(name):
    blocks = yaml.safe_load((own_folder() / f"blocks/{name}.yaml").read_text())["blocks"]
    for block in blocks.values():
        known = {*block.get("parameters", ()), *repeated(block["layers"])}
        for text in expressions(block["layers"], blocks):
            parsed = parse(text)
            assert parsed is None or parsed.names <= known, text


def repeated(layers):
    """Yield the names that count the rounds of repeats."""
    if isinstance(layers, dict):
        yield from (layers["index"],) if "times" in layers and "index" in layers else ()
        layers = layers.values()
    if not isinstance(layers, str | int | float | None):
        for each in layers:
            yield from repeated(each)


def expressions(tree, blocks, key=""):
    """Yield every text in layers that may be an expression: no name of a layer, and no word such as `last`."""
    if isinstance(tree, str):
        words = {*archcalc.REGISTRY, *blocks, "last", "channels", "same", "multiply", "input"}
        yield from () if key in ("name", "from", "index") or tree in words else (tree,)
    elif isinstance(tree, dict):
        for name, value in tree.items():
            yield from expressions(value, blocks, name)
    elif isinstance(tree, list):
        for value in tree:
            yield from expressions(value, blocks, key)
