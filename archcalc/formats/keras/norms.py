"""How Keras says normalisations and softmax."""

from __future__ import annotations

from archcalc.formats.keras.table import plain, writes
from archcalc.formats.keras.windows import CHAIN
from archcalc.formats.program.code import Expression, chain, expression
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops.norms.norm import BatchNorm, GroupNorm, LayerNorm
from archcalc.ops.norms.scaling import Affine, RMSNorm

LRN = "local_response_norm({0}, {size}, {alpha}, {beta}, {bias})"
plain("lrn", LRN, size="size", alpha="alpha", beta="beta", bias="bias")
plain("softmax", "layers.Softmax", axis=("axis", -1))
plain("log_softmax", "ops.log_softmax({0}, axis={axis})", axis="axis")
plain("l2norm", "ops.normalize({0}, axis={axis}, epsilon={eps})", axis="axis", eps="eps")


def _learnt(op: BatchNorm | LayerNorm | GroupNorm) -> dict[str, tuple[bool, bool]]:
    return {"center": (op.affine, True), "scale": (op.affine, True)}


@writes(BatchNorm)
def batchnorm(op: BatchNorm, at: Site) -> Expression:
    return expression("layers.BatchNormalization").given(axis=(1, -1), epsilon=(op.eps, 1e-3), **_learnt(op))


@writes(LayerNorm)
def layernorm(op: LayerNorm, at: Site) -> Expression:
    whole = {"all": range(1, len(at.x)), "last": range(len(at.x) - op.axes, len(at.x))}
    taken = tuple(whole.get(op.over, (1,)))
    inner = taken[-1] < len(at.x) - 1
    axis = -1 if len(taken) == 1 else taken
    layer = expression("layers.LayerNormalization").given(
        axis=(axis, -1), epsilon=(op.eps, 1e-3), **_learnt(op)
    )
    if not inner:
        return layer
    # With PyTorch underneath the layer normalises last axes only.
    away = expression("layers.Permute", dims=(*range(2, len(at.x)), 1))
    back = expression("layers.Permute", dims=(len(at.x) - 1, *range(1, len(at.x) - 1)))
    return chain(CHAIN, away, layer, back)


@writes(GroupNorm)
def groupnorm(op: GroupNorm, at: Site) -> Expression:
    layer = expression("layers.GroupNormalization", groups=op.groups)
    return layer.given(axis=(1, -1), epsilon=(op.eps, 1e-3), **_learnt(op))


@writes(RMSNorm)
def rmsnorm(op: RMSNorm, at: Site) -> Expression:
    if op.axes > 1 or not op.affine:
        raise ArchcalcError("its layer takes one axis and learns a scale")
    return expression("layers.RMSNormalization").given(axis=(-1, -1), epsilon=(op.eps, 1e-6))


@writes(Affine)
def affine(op: Affine, at: Site) -> Expression:
    return expression("Affine", axis=op.axis % len(at.x)).given(
        scale=(op.scale, True), shift=(op.shift, True)
    )
