"""The contract that every op keeps, whatever it does. Adding an op adds its tests."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import jsonschema
import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.read import Document
from archcalc.ground.errors import SourceText
from archcalc.network.network import Network, Node
from archcalc.op.op import Work, elements
from archcalc.op.settings import extents
from archcalc.op.site import Site
from archcalc.ops import REGISTRY
from archcalc.questions import explain as derivation

SHAPE_LINE = re.compile(r"^ *\(.*\).* -> \((N|1), .*\)", re.MULTILINE)

every_op = pytest.mark.parametrize("cls", REGISTRY.values(), ids=REGISTRY)
every_op_of_one_input = pytest.mark.parametrize(
    "cls", [cls for cls in REGISTRY.values() if cls.traits.takes == (1, 1)], ids=lambda cls: cls.kind
)


def example(cls):
    shapes, settings = cls.example
    return cls(**settings), shapes


def batched(shapes):
    return tuple((1, *extents(shape)) for shape in shapes)


def reread(op):
    """Return the op that a spec with this op's settings, as YAML text, makes."""
    stated = json.loads(json.dumps(op.stated()))
    if op.kind == "input":
        text = yaml.safe_dump({"input": list(op.shape), "layers": []})
    elif op.traits.role == "constant":
        text = yaml.safe_dump({"input": 1, "layers": [{"add": [[{op.kind: stated}], []]}]})
        return Document(SourceText("spec.yaml", text)).network().nodes[-2].op
    elif op.traits.is_branched:
        branches = [[]] * max(1, op.traits.takes[0])
        text = yaml.safe_dump({"input": 1, "layers": [{op.kind: {"branches": branches, **stated}}]})
    else:
        text = yaml.safe_dump({"input": 1, "layers": [{op.kind: stated}]})
    return Document(SourceText("spec.yaml", text)).network().nodes[-1].op


whole = st.integers(1, 10**9)
margins = st.integers(0, 10**9)
axes = st.integers(-8, 7)
LETTERS = st.characters(exclude_categories=("C", "Z"), include_characters=" ")


def sizes(setting):
    """Return sizes that reach the least that the setting takes."""
    one = next(option for option in setting.schema["anyOf"] if option["type"] == "integer")
    extent = st.integers(one["minimum"], 10**9)
    return st.one_of(extent, st.lists(extent, min_size=1, max_size=3))


VALUES = {
    "axis": lambda setting: axes,
    "axes": lambda setting: st.one_of(axes, st.lists(axes, min_size=1, max_size=4)),
    "words": lambda setting: st.text(LETTERS, min_size=1, max_size=100).filter(str.strip),
    "count": lambda setting: whole,
    "size": sizes,
    "padding": lambda setting: st.one_of(
        margins,
        st.lists(st.one_of(margins, st.lists(margins, min_size=2, max_size=2)), min_size=1, max_size=3),
        st.sampled_from([word for option in setting.schema["anyOf"] for word in option.get("enum", [0])]),
    ),
    "flag": lambda setting: st.booleans(),
    "number": lambda setting: st.floats(1e-9, setting.schema.get("maximum", 1e9)),
    "choice": lambda setting: st.sampled_from(setting.schema["enum"]),
    "table": lambda setting: st.lists(st.lists(margins, min_size=1, max_size=4), min_size=1, max_size=4),
}


@st.composite
def ops(draw):
    cls = draw(st.sampled_from(list(REGISTRY.values())))
    chosen = [s for s in cls.declared.values() if s.required or draw(st.booleans())]
    given = {setting.name: draw(VALUES[setting.kind](setting)) for setting in chosen}
    try:
        return cls(**given)
    except ArchcalcError as error:
        assume("changes nothing with" not in error.fact and "changes nothing without" not in error.fact)
        raise


@every_op
def test_it_says_what_it_does_and_its_shapes(cls):
    first = (cls.__doc__ or "").split("\n")[0]
    assert first.endswith(".")
    assert SHAPE_LINE.search(cls.__doc__)


@every_op
def test_it_is_registered_under_its_name(cls):
    assert REGISTRY[cls.kind] is cls
    assert cls.main is None or cls.main in cls.declared


@every_op
def test_its_example_analyses(cls, row_of):
    op, shapes = example(cls)
    row = row_of(op, *shapes)
    least, most = cls.traits.takes
    assert least <= len(shapes) <= (most or len(shapes))
    assert row.kind == cls.kind
    assert all(extent >= 1 for extent in row.output_shape)


@every_op
def test_doubling_the_batch_doubles_work_and_activations_and_leaves_the_weights(cls, row_of):
    op, shapes = example(cls)
    one, two = row_of(op, *shapes), row_of(op, *shapes, batch=2)
    times = 1 if cls.traits.role == "constant" else 2
    assert two.output_shape == (times, *one.output_shape[1:])
    assert two.work == (one.work and Work(*(times * count for count in one.work)))
    assert two.activations == times * one.activations
    assert (two.params, two.fixed, two.buffers) == (one.params, one.fixed, one.buffers)
    assert (two.weights, two.field) == (one.weights, one.field)


@every_op
def test_its_derivations_end_at_its_counts(cls):
    op, shapes = example(cls)
    xs = batched(shapes)
    output = op.output(Site(tuple(xs)))
    symbols = tuple(map(derivation.symbolic, xs))
    assert op.trace().output(Site(tuple(symbols))) == output
    assert derivation.parameters(op, xs) == elements(op.weights(Site(tuple(xs))).values())
    work = op.work(Site(tuple(xs), output))
    assert derivation.macs(op, xs) == (work and work.macs)


@every_op
def test_it_is_a_value(cls):
    op, _ = example(cls)
    twin, _ = example(cls)
    assert op == twin
    assert hash(op) == hash(twin)
    assert len({op, twin}) == 1
    assert op != object()
    with pytest.raises(AttributeError):
        op.anything = 1


@every_op
def test_an_unknown_setting_is_named_and_the_nearest_suggested(cls):
    _, settings = cls.example
    for name in cls.declared:
        with pytest.raises(ArchcalcError, match=f"has no setting '{name}e'") as caught:
            cls(**settings, **{f"{name}e": 1})
        assert name in caught.value.hint


@every_op
def test_the_hint_for_an_unknown_setting_is_never_empty(cls):
    _, settings = cls.example
    with pytest.raises(ArchcalcError, match="has no setting 'qqq'") as caught:
        cls(**settings, qqq=1)
    assert caught.value.hint is None or not caught.value.hint.rstrip().endswith(":")


def test_a_required_setting_that_is_misspelt_is_found_by_its_nearest_name():
    with pytest.raises(ArchcalcError, match="has no setting 'otu'") as caught:
        REGISTRY["conv"](otu=6, kernel=5)
    assert "out" in caught.value.hint


@every_op_of_one_input
def test_two_inputs_for_an_op_that_takes_one_are_refused(cls, network):
    (shape,), settings = cls.example
    layers = [
        {"identity": {"name": "a"}},
        {"identity": {"name": "b"}},
        {cls.kind: {**settings, "from": ["a", "b"]}},
    ]
    with pytest.raises(ArchcalcError, match="input"):
        archcalc.analyze(network(yaml.safe_dump({"input": shape, "layers": layers})))


@every_op
def test_one_number_a_sample_is_taken_or_refused_in_words(cls):
    """What is left where an op took the last axis away has no channels."""
    op, shapes = example(cls)
    single = REGISTRY["input"](shape=(1,)).replace(shape=())
    sources = tuple(Node(f"x{place}", single) for place in range(len(shapes)))
    made = Network("alone", (*sources, Node("op", op, tuple(range(len(sources))))))
    with suppress(ArchcalcError):
        assert archcalc.analyze(made, batch=3).rows


def test_an_input_in_the_middle_of_a_network_is_refused(network):
    with pytest.raises(ArchcalcError, match="input"):
        archcalc.analyze(network("input: 4\nlayers: [{input: 3x4x4}]"))


@every_op
def test_a_setting_says_what_it_means(cls):
    for name, setting in cls.declared.items():
        assert setting.help, name
        assert setting.help == setting.help.strip(), name
        assert setting.name == name


@every_op
def test_a_default_is_what_parsing_it_gives(cls):
    for name, setting in cls.declared.items():
        if setting.required or setting.default is None:
            assert setting.required == (setting.default is not None), name
        else:
            assert setting.parse(setting.default) == setting.default, name


@every_op
def test_an_op_round_trips_through_yaml(cls):
    op, _ = example(cls)
    assert reread(op) == op


@given(ops())
def test_any_settings_round_trip_through_yaml(op):
    assert reread(op) == op


@given(ops())
def test_stated_settings_make_an_equal_op(op):
    again = type(op)(**op.stated()) if op.kind != "input" else op.replace()
    assert again == op
    assert hash(again) == hash(op)


@given(ops())
def test_stated_settings_suit_the_schema(op):
    for name, value in json.loads(json.dumps(op.stated())).items():
        jsonschema.validate(value, op.declared[name].schema)


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("maxpool: 2", "maxpool: {kernel: 2}"),
        ("maxpool: 2x3", "maxpool: {kernel: [2, 3]}"),
        ("maxpool: [2, 3]", "maxpool: {kernel: [2, 3]}"),
        ("linear: 10", "linear: {out: 10}"),
        ("relu", "relu: {}"),
        ("conv: {out: 6, kernel: 5}", "conv: {kernel: 5x5, out: 6, padding: valid, bias: true}"),
        ("conv: {out: 6, kernel: 3, padding: 1}", "conv: {out: 6, kernel: 3, padding: [[1, 1]]}"),
    ],
)
def test_two_ways_to_write_an_op_mean_the_same(short, long, network, row_of):
    one, other = (network(f"input: 1x8x8\nlayers: [{text}]").nodes[-1].op for text in (short, long))
    shape = "400" if one.kind == "linear" else "1x8x8"
    assert row_of(one, shape)._replace(settings={}) == row_of(other, shape)._replace(settings={})
