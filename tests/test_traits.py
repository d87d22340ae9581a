"""What a layer type is by nature: nonsense is refused where it is declared."""

from __future__ import annotations

import pytest

from archcalc.op.op import Op, op
from archcalc.op.traits import Traits, check_traits
from archcalc.ops import REGISTRY


@pytest.mark.parametrize(
    ("traits", "fault"),
    [
        (Traits(takes=(2, 1)), "takes at least more"),
        (Traits(storage="view", takes=(0, 0), role="constant"), "an input that it does not have"),
        (Traits(storage="overwrite", takes=(0, None)), "an input that it does not have"),
        (Traits(role="input"), "enters the network and takes an input"),
        (Traits(role="constant", takes=(0, 2)), "enters the network and takes an input"),
        (Traits(role="unknown", deep=True), "counts for the depth"),
        (Traits(least_axes=0), "without an axis"),
    ],
)
def test_contradictions_are_refused(traits, fault):
    with pytest.raises(ValueError, match=f"odd: .*{fault}"):
        check_traits("odd", traits)


def test_a_kind_belongs_to_one_class():
    with pytest.raises(ValueError, match="relu: Relu is called so already"):
        op("relu", example=("4x8x8", {}))(type("Other", (Op,), {}))
    assert REGISTRY["relu"].__name__ == "Relu"


def test_no_layer_type_contradicts_itself():
    for kind, cls in REGISTRY.items():
        check_traits(kind, cls.traits)
