"""No setting is ignored: changing it changes what can be seen, or is refused with a way to mend it, or the setting says where not.

Every setting of every op is changed alone, from the example's settings and from these with another one changed or left out.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from archcalc import ArchcalcError
from archcalc.network.network import Network, Node
from archcalc.op.settings import extents
from archcalc.op.site import Site
from archcalc.ops import REGISTRY

SITES = ["4x6x7", "4x7", "6x9x9", "8", "3x4", "16x2x3", "36x2x2", "3x29x30"]
"""Inputs beside those of an op's example; windows with a stride leave something over on some of them."""
VALUES = {
    "axis": [-2, -1, 0, 1, 2],
    "axes": [[1], [2], [1, 2], [-1]],
    "count": [1, 2, 3, 4],
    "flag": [False, True],
    "number": [-1, 0.25, 0.5, 1, 3],
    "padding": [0, 1, [[0, 1]], "same", "valid"],
    "size": [1, 2, 3, [1, 2]],
    "table": [[[0], [1], [0, 1], [2]], [[0, 1]]],
    "words": ["a", "b"],
}
"""What settings are changed to, by their kind; a choice goes through all of its words."""
OWN_VALUES = {
    "einsum.equation": ["nhid,nhjd->nhij", "nhid,nhjd->nhji", "nhid,nhjd->n"],
    "expand.shape": [[1, 8, 4, 4], [1, 8, 2, 4], [2, 8, 4, 4]],
    "permute.order": [[0, 1], [1, 0], [0, 1, 2], [1, 0, 2], [0, 2, 1, 3], [0, 3, 2, 1]],
    "reshape.shape": [[9216], [2, 0], [0, 2], [4, 0, 7]],
    "scalar.value": [-1, 0, 0.25, 3],
    "roll.axes": [[1], [2], [1, 2], [-1]],
    "roll.shift": [-2, 1, [1, -1]],
    "relative_bias.window": [2, [3, 3], [7, 7], [1, 2]],
    "linear.zero_bias": [[0, 8], [3, 5]],
    "window_mask.map": [[8, 8], [4, 16], [16, 4]],
    "window_mask.shift": [1, 2, [1, 2]],
    "window_mask.window": [4, [2, 8], [8, 2]],
    "tile.repeats": [[1, 2], [1, 1, 2], [1, 1, 2, 1], [1, 3, 2, 1]],
}
"""Where only values of a certain form make sense."""

EVERY = [
    pytest.param(cls, setting, id=f"{kind}.{setting.name}")
    for kind, cls in REGISTRY.items()
    for setting in cls.declared.values()
]


def values(cls, setting):
    """Return the values that a setting is changed to."""
    own = OWN_VALUES.get(f"{cls.kind}.{setting.name}") or VALUES.get(setting.kind) or setting.schema["enum"]
    return [value for value in own if is_readable(setting, value)]


def is_readable(setting, value):
    try:
        setting.parse(value)
    except ArchcalcError:
        return False
    return True


def bases(cls, setting):
    """Yield the settings of the example without one, and these with another one changed or left out."""
    given = {name: value for name, value in cls.example[1].items() if name != setting.name}
    yield given
    for other in cls.declared.values():
        if other is not setting:
            yield from ({**given, other.name: value} for value in values(cls, other))
            if other.name in given and not other.required:
                yield {name: value for name, value in given.items() if name != other.name}


def sites(cls):
    """Return input shapes with a batch of 2: those of the example, and others where the op takes one input."""
    shapes, _ = cls.example
    others = [(shape,) for shape in SITES] if len(shapes) == 1 else []
    return [Site(tuple((2, *extents(shape)) for shape in each)) for each in (shapes, *others)]


def placed(cls, settings, at):
    """Return an op with these settings at a site, or the error that refuses it there or everywhere."""
    try:
        op = cls(**settings)
        if all(len(x) >= cls.traits.least_axes for x in at.xs):
            op.check(at)
            return op
    except ArchcalcError as error:
        return error
    return ArchcalcError("too few axes")


@cache
def numbers(shape):
    """Return quarters of both signs, the same ones for a shape each time, so that whole numbers are among them."""
    drawn = np.random.default_rng(0).integers(-20, 20, shape)
    return (drawn / 4).astype(np.float32)


def figures(op, at):
    """Return what a report says of an op, its settings apart."""
    from archcalc.questions.analyze import analyze

    inputs = [Node(f"x{i}", REGISTRY["input"](shape=x[1:]).replace(batch=x[0])) for i, x in enumerate(at.xs)]
    row = analyze(Network("alone", (*inputs, Node("op", op, tuple(range(len(inputs))))))).rows[-1]
    return row._replace(settings={})


def result(op, at):
    """Return the bytes that come out where an op is run."""
    rng = np.random.default_rng(1)
    tensors = {name: rng.random(shape, dtype=np.float32) + 0.1 for name, shape in op.tensors(at).items()}
    return op.forward(*map(numbers, at.xs), **tensors).tobytes()


def differ(one, other, at):
    """Tell whether two ops differ in anything that can be seen at a site."""
    if figures(one, at) != figures(other, at):
        return True
    with np.errstate(all="ignore"):
        return one.traits.role in ("layer", "constant") and result(one, at) != result(other, at)


def is_the_same(setting, one, other, at):
    """Tell whether two values of a setting say the same at a site, such as the axes 1 and -1 of two."""
    if one == other:
        return True
    if setting.kind not in ("axis", "axes") or None in (one, other):
        return False
    rank = len(at.xs[0])
    return np.array_equal(np.sort(np.ravel(one) % rank), np.sort(np.ravel(other) % rank))


def change(cls, setting, base):
    """Return what changing a setting does: "seen", "refused", "idle", or "untried" where the base suits no site.

    What is refused at every site, and so by the other settings, must say how to mend it.
    """
    answers = set()
    refusals = {}
    for at in sites(cls):
        ops = {repr(value): placed(cls, {**base, setting.name: value}, at) for value in values(cls, setting)}
        before = placed(cls, base, at)
        known = [op for op in (before, *ops.values()) if isinstance(op, cls)]
        for value, op in ops.items():
            refusals.setdefault(value, []).append(op if isinstance(op, ArchcalcError) else None)
        if not known:
            continue
        first, *_ = known
        held = first.__dict__[setting.attribute]
        for op in ops.values():
            if isinstance(op, ArchcalcError):
                answers.add("refused")
            elif not is_the_same(setting, held, op.__dict__[setting.attribute], at):
                if differ(first, op, at):
                    return "seen"
                answers.add("idle")
    for errors in refusals.values():
        assert None in errors or any(error.hint for error in errors), str(errors[0])
    return "refused" if "refused" in answers else "idle" if "idle" in answers else "untried"


@pytest.mark.slow
@pytest.mark.parametrize(("cls", "setting"), EVERY)
def test_a_setting_that_changes_nothing_is_refused_or_says_where(cls, setting):
    answers = {str(base): change(cls, setting, base) for base in bases(cls, setting)}
    idle = [base for base, answer in answers.items() if answer == "idle"]
    assert bool(idle) == bool(setting.idle), f"{setting.name} changes nothing with {idle or 'nothing'}"
    assert set(answers.values()) != {"untried"}


@pytest.mark.parametrize(
    ("kind", "given", "fact", "hint"),
    [
        ("layernorm", {"axes": 1}, "'axes' changes nothing with 'over: all'", "leave 'axes' out, or write over: last"),
        ("pad", {"amount": 1, "mode": "edge", "value": 0}, "'value' changes nothing with 'mode: edge'", "leave 'value' out, or write mode: constant"),
        ("resize", {"size": 4, "corners": False}, "'corners' changes nothing with 'mode: nearest'", "leave 'corners' out, or write mode: linear or mode: cubic"),
        ("scalar", {"by": "add", "value": 1, "swapped": False}, "'swapped' changes nothing with 'by: add'", "leave 'swapped' out, or choose 'by' among subtract, divide, modulo, power, less, less_or_equal, greater, greater_or_equal"),
        ("unaccounted", {"what": "NMS", "axes": "sample"}, "'axes' changes nothing without 'shape'", "leave 'axes' out, or state 'shape'"),
        ("maxpool", {"kernel": 3, "padding": "same", "rounding": "ceil"}, "'rounding: ceil' changes nothing with 'padding: same', which makes ⌈I/s⌉ of I", "leave 'rounding' out, or state the padding in numbers"),
    ],
)  # fmt: skip
def test_a_setting_that_another_one_leaves_no_say_is_refused_even_where_it_states_the_default(
    kind, given, fact, hint
):
    with pytest.raises(ArchcalcError) as caught:
        REGISTRY[kind](**given)
    assert (caught.value.fact, caught.value.hint) == (fact, hint)
    assert caught.value.setting in given


@pytest.mark.parametrize(("cls", "setting"), [case for case in EVERY if case.values[1].only])
def test_where_a_setting_has_a_say_is_said_and_holds(run, cls, setting):
    other = cls.declared[setting.only.setting]
    assert f"; only with {other.name}" in " ".join(run("ops", cls.kind, COLUMNS=400).out.split())
    for value in values(cls, other):
        given = {**cls.example[1], other.name: value, setting.name: values(cls, setting)[0]}
        if setting.only.holds(other.parse(value)):
            assert cls(**given)
        else:
            with pytest.raises(ArchcalcError, match=f"'{setting.name}' changes nothing"):
                cls(**given)


@pytest.mark.parametrize(("cls", "setting"), [case for case in EVERY if case.values[1].idle])
def test_where_a_setting_changes_nothing_is_said(run, cls, setting):
    assert f"changes nothing {setting.idle}" in " ".join(run("ops", cls.kind, COLUMNS=400).out.split())
