"""The base of all ops: how a class becomes an op, and the arithmetic that every op shares."""

from __future__ import annotations

import pytest

import archcalc.op.op
from archcalc import ArchcalcError
from archcalc.arithmetic.term import Term
from archcalc.op.op import Op, Work, add_up, elements, op, per_axis
from archcalc.op.settings import count, flag
from archcalc.ops import REGISTRY


def test_a_registered_class_is_an_op_with_its_own_and_inherited_settings(monkeypatch):
    registry = {}
    monkeypatch.setattr(archcalc.op.op, "REGISTRY", registry)

    class Base(Op):
        inherited: bool = flag("a setting of the base", default=True)

    @op("some", main="lone", example=("3x4", {"lone": 2}))
    class Some(Base):
        optional: int = count("", "has a default", default=1)
        required: int = count("", "has none")
        lone: int = count("", "a lone number stands for it", default=1)

    assert registry == {"some": Some}
    assert (Some.kind, Some.main, Some.example) == ("some", "lone", (("3x4",), {"lone": 2}))
    assert list(Some.declared) == ["lone", "required", "inherited", "optional"]


def test_an_example_may_have_several_inputs(monkeypatch):
    monkeypatch.setattr(archcalc.op.op, "REGISTRY", {})
    some = op("some", example=(("3x4", "3x1"), {}))(type("Some", (Op,), {}))
    assert (some.main, some.example) == (None, (("3x4", "3x1"), {}))


def test_an_op_prints_as_the_settings_that_differ_from_their_defaults():
    assert repr(REGISTRY["conv"](out=6, kernel=5, stride=1)) == "Conv(out=6, kernel=(5,))"


@pytest.mark.parametrize(
    ("work", "flops"),
    [
        (Work(macs=3), 6),  # a multiply-accumulate is two operations
        (Work(additions=1, multiplications=10, comparisons=100, divisions=1000, exponentials=10000), 11111),
    ],
)
def test_flops_count_every_kind_of_work(work, flops):
    assert work.flops == flops


def test_work_adds_up_kind_by_kind():
    assert add_up([]) == Work(0, 0, 0, 0, 0, 0)
    assert add_up([Work(1, 2, 3, 4, 5, 6), Work(10, 20, 30, 40, 50, 60)]) == Work(11, 22, 33, 44, 55, 66)


# (shapes of tensors, how many numbers they hold, how the count reads)
@pytest.mark.parametrize(
    ("tensors", "number", "derivation"),
    [
        ([], 0, "0"),
        ([(6, 1, 5, 5), (6,)], 156, "(5·5·1 + 1)·6"),
        ([(6, 2), (5,), (5, 3)], 32, "2·6 + (1 + 3)·5"),
        ([(4,), (4, 2), (3,)], 15, "(1 + 2)·4 + 3"),
    ],
)
def test_neighbours_that_share_their_first_axis_are_counted_together(tensors, number, derivation):
    terms = [tuple(Term(extent, "x") for extent in shape) for shape in tensors]
    total = elements(terms)
    assert elements(tensors) == total == number
    assert (total.numbers() if tensors else str(total)) == derivation


def test_axes_of_one_size_but_other_names_are_counted_apart():
    total = elements([(Term(4, "M"), Term(2, "C")), (Term(4, "C"),)])
    assert (total, total.symbols()) == (12, "C·M + C")


@pytest.mark.parametrize(
    ("values", "spatial", "result"),
    [((3,), (8, 8), (3, 3)), ((3,), (8,), (3,)), ((3, 5), (8, 8), (3, 5)), ((3, 5, 7), (8, 8, 8), (3, 5, 7))],
)
def test_a_single_value_serves_every_axis(values, spatial, result):
    assert per_axis(values, spatial) == result


def test_a_setting_that_resembles_none_is_answered_with_all_of_them():
    with pytest.raises(ArchcalcError) as caught:
        REGISTRY["dropout"](zzz=1)
    assert (caught.value.fact, caught.value.setting) == ("has no setting 'zzz'", "zzz")
    assert caught.value.hint == "its settings: rate, in_place"


@pytest.mark.parametrize(
    ("kind", "given", "defaults", "source"),
    [
        ("batchnorm", {}, {"eps": 1e-5, "affine": True}, "torch.nn.BatchNorm2d"),
        ("layernorm", {}, {"eps": 1e-5}, "torch.nn.LayerNorm"),
        ("groupnorm", {"groups": 2}, {"eps": 1e-5}, "torch.nn.GroupNorm"),
        ("lrn", {}, {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}, "torch.nn.LocalResponseNorm"),
        ("leaky_relu", {}, {"slope": 0.01}, "torch.nn.LeakyReLU"),
        ("elu", {}, {"alpha": 1.0}, "torch.nn.ELU"),
        ("dropout", {}, {"rate": 0.5}, "torch.nn.Dropout"),
        ("scaled_tanh", {}, {"amplitude": 1.7159, "slope": 2 / 3}, "LeCun et al. 1998, appendix A"),
        ("pad", {}, {"amount": ((0, 0),), "channels": ((0, 0),)}, "nothing is added unless told"),
    ],
)
def test_defaults_are_those_of_the_source(kind, given, defaults, source):
    made = REGISTRY[kind](**given)
    assert {name: getattr(made, name) for name in defaults} == defaults, source
