"""Parameters and blocks that nothing uses are told in a note; whatever may be a use is one."""

from __future__ import annotations

import pytest
from known import NAMES

import archcalc

SPEC = """\
name: tiny
input: 3x8x8
parameters: {width: 4, classes: 10}
blocks:
  unit: {parameters: {filters: , stride: 1}, layers: [conv: {out: filters, kernel: 3, stride: stride}]}
layers: [unit: width, flatten, linear: classes]
"""


def notes(text, variant=None):
    return archcalc.loads(text, variant=variant).notes


def test_what_is_used_is_not_noted():
    assert notes(SPEC) == ()


@pytest.mark.parametrize(
    ("right", "wrong", "note"),
    [
        ("linear: classes", "linear: 10", "nothing in tiny uses the parameter 'classes'"),
        ("width: 4", "width: 4, a: 1, b: a", "nothing in tiny uses the parameter 'b'"),
        ("width: 4", "width: 4, deep: false, wide: 2", "nothing in tiny uses the parameters 'deep', 'wide'"),
        ("unit: width", "conv: {out: width, kernel: 3}", "nothing in tiny uses the block 'unit'"),
        (", stride: stride", "", "block 'unit' of tiny does not use its parameter 'stride'"),
        (
            "unit: {",
            "other: {layers: [inner]}\n  inner: {layers: [relu]}\n  unit: {",
            "nothing in tiny uses the blocks 'other', 'inner'",
        ),
        (
            "{filters: , stride: 1}",
            "{filters: , stride: 1, classes: 2}",
            "block 'unit' of tiny does not use its parameter 'classes'",
        ),
        (
            "width: 4",
            f"width: 4, {', '.join(f'p{i}: 1' for i in range(12))}",
            "nothing in tiny uses the parameters 'p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9' and 2 more",
        ),
    ],
)
def test_what_nothing_uses_is_noted(right, wrong, note):
    assert notes(SPEC.replace(right, wrong)) == (note,)


def test_a_block_that_has_a_parameter_of_the_same_name_does_not_use_the_networks():
    text = """\
{name: n, input: 3x8x8, parameters: {out: 4}, layers: [unit: 2],
 blocks: {unit: {parameters: {out: }, layers: [conv: {out: out, kernel: 3}]}}}
"""
    assert notes(text) == ("nothing in n uses the parameter 'out'",)
    assert notes(text.replace("{out: }", "{filters: }")) == (
        "block 'unit' of n does not use its parameter 'filters'",
    )


@pytest.mark.parametrize(
    "use",
    [
        "expect: {depth: more, source: more than nothing}",
        "expect: {params: 3010, source: more}",
        "budget: depth <= 5\ntitle: one more",
        "variants: {one: {}, other: {width: more}}",
        "variants: {one: {input: [3, 8, more]}}",
        "outputs: more",
    ],
)
def test_a_parameter_is_used_wherever_its_name_stands(use):
    text = SPEC.replace("width: 4", "width: 4, more: 8") + use
    text = text.replace("linear: classes", "linear: {name: more, out: classes}")
    variant = "one" if "variants" in use else None
    assert notes(text.replace("width: 4, more: 8", "more: 8, width: 4"), variant) == ()


def test_only_what_all_variants_leave_is_unused(run, tmp_path):
    text = """\
name: family
input: 3x8x8
parameters: {kind: 1, spare: 2}
variants: {a: {}, b: {kind: 2}}
blocks: {first: {layers: [relu]}, second: {layers: [sigmoid]}, third: {layers: [tanh]}}
layers: [first: {when: kind == 1}, second: {when: kind == 2}]
"""
    expected = ("nothing in family uses the parameter 'spare'", "nothing in family uses the block 'third'")
    assert [notes(text, variant) for variant in "ab"] == [expected, expected]
    path = tmp_path / "family.yaml"
    path.write_text(text)
    outcome = run("check", path)
    assert outcome.err == "".join(f"note: {note}\n" for note in expected), "each once, whatever the variants"
    assert outcome.status == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_our_own_specs_use_what_they_declare(name):
    assert archcalc.load(name).notes == ()
