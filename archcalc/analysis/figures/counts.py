"""How many numbers are learnt or kept, and how much is worked out with them."""

from __future__ import annotations

from archcalc.analysis.figures.vocabulary import Figure, Traced, figure
from archcalc.analysis.learnable import part_of
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.arithmetic.number import Number
from archcalc.sheet.kinds import COUNT, SHARE


def _share(part: int | None, whole: int) -> float | None:
    return None if part is None else part / whole if whole else 0.0


def _weights(traced: Traced) -> Number:
    """Return how many parameters of a layer are weights."""
    tensors = traced.op.weights(traced.at)
    return traced.owned(
        {name: shape for name, shape in tensors.items() if part_of(name, traced.op) == "weights"}
    )


figure(
    Figure(
        "layers",
        COUNT,
        "how many layers a row stands for, inputs among them",
        of=lambda r, _: r.layers,
        total=lambda t: len(t.rows),
        priority=8,
    )
)
figure(
    Figure(
        "params",
        COUNT,
        "learnable parameters",
        label="parameters",
        of=lambda r, _: r.params,
        total=lambda t: t.totals.params,
        priority=1,
        listed=True,
        expect="both",
        limit=True,
        formula=lambda traced: traced.owned(traced.op.weights(traced.at)),
        meaning="numbers that are learnt",
        measured="weights",
    )
)
figure(
    Figure(
        "params_share",
        SHARE,
        "share of all parameters",
        title="of params",
        of=lambda r, t: _share(r.params, t.totals.params),
        priority=5,
    )
)
figure(
    Figure(
        "weight_params",
        COUNT,
        "learnable parameters of convolutions, linear and recurrent layers without their biases",
        title="weight params",
        label="weights",
        of=lambda r, _: r.params - r.biases - r.others,
        total=lambda t: sum(r.params - r.biases - r.others for r in t.rows),
        expect="both",
        formula=_weights,
        meaning="parameters without biases",
    )
)
figure(
    Figure(
        "bias_params",
        COUNT,
        "learnable parameters that such layers add: a number for each output channel",
        title="bias params",
        of=lambda r, _: r.biases,
        total=lambda t: sum(r.biases for r in t.rows),
        expect="both",
    )
)
figure(
    Figure(
        "other_params",
        COUNT,
        "all other learnable parameters: γ and β of normalisation, slopes, embeddings, learnt tensors",
        title="other params",
        of=lambda r, _: r.others,
        total=lambda t: sum(r.others for r in t.rows),
        expect="both",
    )
)
figure(
    Figure(
        "fixed",
        COUNT,
        "weights that are not learnt",
        label="fixed weights",
        of=lambda r, _: r.fixed,
        total=lambda t: t.totals.fixed,
        listed=True,
        expect="both",
        limit=True,
        formula=lambda traced: traced.owned(traced.op.fixed(traced.at)),
        meaning="numbers that are set once",
    )
)
figure(
    Figure(
        "buffers",
        COUNT,
        "numbers kept beside the weights, such as running statistics",
        of=lambda r, _: r.buffers,
        total=lambda t: t.totals.buffers,
        listed=True,
        expect="both",
        limit=True,
        formula=lambda traced: traced.owned(traced.op.buffers(traced.at)),
        meaning="numbers kept beside the weights",
    )
)
figure(
    Figure(
        "macs",
        COUNT,
        "multiply-accumulates of convolutions, linear layers and matrix products, without bias",
        title="MACs",
        label="MACs",
        of=lambda r, _: r.macs,
        total=lambda t: t.totals.macs,
        priority=0,
        listed=True,
        expect="both",
        limit=True,
        formula=lambda traced: traced.spent("macs"),
        meaning="multiply-accumulates, without bias",
        measured="MACs",
    )
)
figure(
    Figure(
        "macs_share",
        SHARE,
        "share of all multiply-accumulates",
        title="of MACs",
        of=lambda r, t: _share(r.macs, t.totals.macs),
        priority=4,
    )
)
figure(
    Figure(
        "flops",
        COUNT,
        "2 · MACs + every other operation",
        title="FLOPs",
        label="FLOPs",
        of=lambda r, _: r.flops,
        total=lambda t: t.totals.flops,
        priority=4,
        listed=True,
        expect="both",
        limit=True,
    )
)


def _work(kind: str, title: str, help: str, meaning: str = "") -> Figure:
    """Return one kind of work, of a layer and in total."""

    def of(row: Row, report: Report) -> object:
        return None if row.work is None else getattr(row.work, kind)

    def total(report: Report) -> object:
        return getattr(report.totals.work, kind)

    def formula(traced: Traced) -> Number | None:
        return traced.spent(kind)

    return Figure(
        kind,
        COUNT,
        help,
        title,
        heading=kind,
        of=of,
        total=total,
        priority=6,
        listed=True,
        limit=True,
        formula=formula,
        meaning=meaning,
    )


BESIDE = "beside MACs, such as a bias for each output element"
figure(_work("additions", "add", "additions and subtractions, beside MACs", BESIDE))
figure(_work("multiplications", "multiply", "multiplications, beside MACs"))
figure(_work("comparisons", "compare", "comparisons"))
figure(_work("divisions", "divide", "divisions"))
figure(_work("exponentials", "exp", "exp, log, tanh, erf, powers and roots"))
