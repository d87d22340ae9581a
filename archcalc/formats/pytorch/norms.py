"""How PyTorch says normalisations and softmax."""

from __future__ import annotations

from archcalc.formats.padding import rank_of
from archcalc.formats.program.code import Expression, expression
from archcalc.formats.pytorch.table import plain, writes
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops.norms.norm import BatchNorm, GroupNorm, LayerNorm
from archcalc.ops.norms.response import LocalResponseNorm
from archcalc.ops.norms.scaling import Affine, RMSNorm

plain("softmax", "nn.Softmax", dim=("axis", None))
plain("log_softmax", "nn.LogSoftmax", dim=("axis", None))
plain("l2norm", "F.normalize({0}, dim={axis}, eps={eps})", axis="axis", eps="eps")


@writes(BatchNorm)
def batchnorm(op: BatchNorm, at: Site) -> Expression:
    rank = rank_of(at.x) if len(at.x) > 2 else 1
    return expression(f"nn.BatchNorm{rank}d", num_features=at.x[1]).given(
        eps=(op.eps, 1e-5), affine=(op.affine, True)
    )


@writes(LayerNorm)
def layernorm(op: LayerNorm, at: Site) -> Expression:
    normalized = {"all": at.x[1:], "last": at.x[-op.axes :]}
    shape = normalized.get(op.over, at.x[1:] if len(at.x) == 2 else None)
    if shape is None:
        return expression("ChannelNorm", channels=at.x[1]).given(eps=(op.eps, 1e-5), affine=(op.affine, True))
    layer = expression("nn.LayerNorm", normalized_shape=shape[0] if len(shape) == 1 else shape)
    return layer.given(eps=(op.eps, 1e-5), elementwise_affine=(op.affine, True))


@writes(GroupNorm)
def groupnorm(op: GroupNorm, at: Site) -> Expression:
    options = {"eps": (op.eps, 1e-5), "affine": (op.affine, True)}
    return expression("nn.GroupNorm", num_groups=op.groups, num_channels=at.x[1]).given(**options)


@writes(LocalResponseNorm)
def lrn(op: LocalResponseNorm, at: Site) -> Expression:
    if len(at.x) < 3:
        raise ArchcalcError("compares the channels of a flat input, for which the framework has no layer")
    # PyTorch's alpha multiplies the mean of the window, here it multiplies the sum.
    alpha = float(f"{op.alpha * op.size:.15g}")
    return expression("nn.LocalResponseNorm", size=op.size).given(
        alpha=(alpha, 1e-4), beta=(op.beta, 0.75), k=(op.bias, 1.0)
    )


@writes(RMSNorm)
def rmsnorm(op: RMSNorm, at: Site) -> Expression:
    shape = at.x[-op.axes :]
    layer = expression("nn.RMSNorm", normalized_shape=shape[0] if op.axes == 1 else shape)
    return layer.given(eps=(op.eps, None), elementwise_affine=(op.affine, True))


@writes(Affine)
def affine(op: Affine, at: Site) -> Expression:
    shape = (at.x[op.axis], *(1 for _ in at.x[op.axis % len(at.x) + 1 :]))
    return expression("Affine", shape=shape).given(scale=(op.scale, True), shift=(op.shift, True))
