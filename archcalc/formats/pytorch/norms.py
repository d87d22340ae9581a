"""How PyTorch says normalisations and softmax."""

from __future__ import annotations

from archcalc.formats.padding import rank_of
from archcalc.formats.program.code import Call, call
from archcalc.formats.pytorch.table import says
from archcalc.ground.errors import ArchcalcError
from archcalc.op.site import Site
from archcalc.ops.norms.norm import BatchNorm, GroupNorm, LayerNorm, LocalResponseNorm
from archcalc.ops.norms.scaling import Affine, L2Norm, RMSNorm
from archcalc.ops.norms.softmax import LogSoftmax, Softmax


@says(BatchNorm)
def batchnorm(op: BatchNorm, at: Site) -> Call:
    rank = rank_of(at.x) if len(at.x) > 2 else 1
    return call(f"nn.BatchNorm{rank}d", num_features=at.x[1]).given(
        eps=(op.eps, 1e-5), affine=(op.affine, True)
    )


@says(LayerNorm)
def layernorm(op: LayerNorm, at: Site) -> Call:
    normalized = {"all": at.x[1:], "last": at.x[-op.axes :]}
    shape = normalized.get(op.over, at.x[1:] if len(at.x) == 2 else None)
    if shape is None:
        return call("ChannelNorm", channels=at.x[1]).given(eps=(op.eps, 1e-5), affine=(op.affine, True))
    found = call("nn.LayerNorm", normalized_shape=shape[0] if len(shape) == 1 else shape)
    return found.given(eps=(op.eps, 1e-5), elementwise_affine=(op.affine, True))


@says(GroupNorm)
def groupnorm(op: GroupNorm, at: Site) -> Call:
    options = {"eps": (op.eps, 1e-5), "affine": (op.affine, True)}
    return call("nn.GroupNorm", num_groups=op.groups, num_channels=at.x[1]).given(**options)


@says(LocalResponseNorm)
def lrn(op: LocalResponseNorm, at: Site) -> Call:
    if len(at.x) < 3:
        raise ArchcalcError("compares the channels of a flat input, for which the framework has no layer")
    # PyTorch's alpha multiplies the mean of the window, here it multiplies the sum.
    alpha = float(f"{op.alpha * op.size:.15g}")
    return call("nn.LocalResponseNorm", size=op.size).given(
        alpha=(alpha, 1e-4), beta=(op.beta, 0.75), k=(op.bias, 1.0)
    )


@says(Softmax)
def softmax(op: Softmax, at: Site) -> Call:
    return call("nn.Softmax").given(dim=(op.axis, None))


@says(LogSoftmax)
def log_softmax(op: LogSoftmax, at: Site) -> Call:
    return call("nn.LogSoftmax").given(dim=(op.axis, None))


@says(RMSNorm)
def rmsnorm(op: RMSNorm, at: Site) -> Call:
    shape = at.x[-op.axes :]
    found = call("nn.RMSNorm", normalized_shape=shape[0] if op.axes == 1 else shape)
    return found.given(eps=(op.eps, None), elementwise_affine=(op.affine, True))


@says(L2Norm)
def l2norm(op: L2Norm, at: Site) -> Call:
    return call("F.normalize({0}, dim={axis}, eps={eps})", axis=op.axis, eps=op.eps)


@says(Affine)
def affine(op: Affine, at: Site) -> Call:
    shape = (at.x[op.axis], *(1 for _ in at.x[op.axis % len(at.x) + 1 :]))
    return call("Affine", shape=shape).given(scale=(op.scale, True), shift=(op.shift, True))
