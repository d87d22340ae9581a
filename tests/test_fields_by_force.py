"""Receptive fields against brute force: what each element of random networks really sees, position by position.

One sample of a batch holds what is not a number at one position of one axis. So a single run of the layers' own
references shows for every element of every layer the positions that it is computed from.
"""

from __future__ import annotations

import random
from math import prod

import numpy as np
import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.read import Document
from archcalc.ground.errors import SourceText
from archcalc.op.site import Site
from archcalc.questions.verify.marks import length

EXTENTS = {1: (96,), 2: (40, 36)}
"""The sizes of the inputs, by how many spatial axes they have."""


def windowed(r, kernels, *, strides=(1, 1, 1, 2, 3)):
    k = r.choice(kernels)
    return {"kernel": k, "stride": r.choice(strides), "padding": r.randint(0, k // 2)}


def spread(r):
    stride, dilation = r.choice((1, 2, 2, 3)), r.choice((1, 1, 1, 2, 3))
    k = r.randint(1, 5)
    return {"out": 2, "kernel": k, "stride": stride, "dilation": dilation, "padding": r.randint(0, k // 2)}


def resized(r, shape):
    size = [max(1, n + r.randint(-n // 2, n)) for n in shape[1:]]
    mode = r.choice(("nearest", "linear", "cubic"))
    corners = mode != "nearest" and r.random() < 0.4
    return {"size": size, "mode": mode, "corners": corners}


def sliced(r, shape):
    axis = r.randint(2, len(shape))
    return {"axes": [axis], "starts": [r.randint(0, 3)], "steps": [r.randint(1, 3)]}


def merged(r, shape):
    """Return a residual block or a concatenation whose branches see differently."""
    k = r.choice((1, 2, 3, 5))
    before = (k - 1) // 2
    conv = {"conv": {"out": shape[0], "kernel": k, "padding": [[before, k - 1 - before]] * len(shape[1:])}}
    return {"branches": [[conv, "relu"], r.choice(([], [{"upsample": 2}, {"maxpool": 2}], ["tanh"]))]}


def regrouped(r, shape):
    """Return a chain that merges or splits axes, and moves them."""
    c, *extents = shape
    order = list(range(len(shape)))
    r.shuffle(order)
    chains = [
        [{"permute": order}],
        [{"reshape": [c, prod(extents)]}],
        [{"reshape": [c, prod(extents)]}, {"reshape": list(shape)}],
        [{"reshape": [c, prod(extents)]}, {"permute": [1, 0]}, {"linear": {"out": 3, "axis": -1}}],
        [{"permute": [*order[:-1], order[-1]]}, "relu", {"permute": sorted(order, key=order.__getitem__)}],
        ["flatten", "relu"],
    ]
    if extents and extents[-1] % 2 == 0:  # what is split off goes to the channels, as patches do
        split = [c, *extents[:-1], extents[-1] // 2, 2]
        last = len(split) - 1
        chains.append(
            [
                {"reshape": split},
                {"permute": [0, last, *range(1, last)]},
                {"reshape": [2 * c, *split[1:-1]]},
                {"conv": {"out": 2, "kernel": 1}},
            ]
        )
    if extents and c % 2 == 0:  # and channels become positions, as pixels are shuffled
        axes = len(extents)
        chains.append(
            [
                {"reshape": [c // 2, 2, *extents]},
                {"permute": [0, *range(2, 2 + axes), 1]},
                {"reshape": [c // 2, *extents[:-1], 2 * extents[-1]]},
            ]
        )
    return r.choice(chains)


def layers_after(r, shape):
    """Return one or more random layers that suit a shape, most of the time."""
    axes = len(shape) - 1
    if not axes:
        return ["relu"]
    kind = r.choice(KINDS)
    make = {
        "conv": lambda: {"out": 2, "dilation": r.choice((1, 1, 1, 2, 3)), **windowed(r, (1, 2, 3, 3, 4, 5))},
        "maxpool": lambda: windowed(r, (1, 2, 3)),
        "avgpool": lambda: windowed(r, (1, 2, 3)),
        "conv_transpose": lambda: spread(r),
        "upsample": lambda: {"scale": r.choice((2, 2, 3)), "mode": r.choice(("nearest", "linear"))},
        "resize": lambda: resized(r, shape),
        "pad": lambda: r.randint(1, 2),
        "crop": lambda: r.randint(1, 2),
        "slice": lambda: sliced(r, shape),
        "space_to_depth": lambda: 2,
        "depth_to_space": lambda: 2,
        "adaptive_avgpool": lambda: [max(2, n // r.randint(1, 3) - r.randint(0, 2)) for n in shape[1:]],
        "add": lambda: merged(r, shape),
        "concat": lambda: merged(r, shape),
        "layernorm": lambda: {"over": "channels"},
    }
    if kind == "regrouped":
        return regrouped(r, shape)
    if kind == "depth_to_space":
        return [{"conv": {"out": 2**axes, "kernel": 1}}, {kind: 2}]
    return [{kind: make[kind]()}]


KINDS = (
    *("conv",) * 6,
    *("upsample", "conv_transpose", "resize", "maxpool") * 2,
    *("avgpool", "pad", "crop", "slice", "space_to_depth", "depth_to_space", "adaptive_avgpool"),
    *("add", "concat", "layernorm", "regrouped"),
)


def random_report(seed):
    """Return the report of a random network, a sample for each position of each axis."""
    r = random.Random(seed)  # noqa: S311  # nothing secret
    extents = EXTENTS[r.choice((1, 1, 2))]
    body, report = [], None
    for _ in range(r.randint(1, 6)):
        shape = report.output.output_shape[1:] if report else (2, *extents)
        grown = [*body, *layers_after(r, shape)]
        try:
            found = archcalc.analyze(network_of(extents, grown), batch=sum(extents))
        except ArchcalcError:
            continue
        if max(prod(row.output_shape[1:]) for row in found.rows) > 40_000:
            continue
        body, report = grown, found
    return report


def network_of(extents, body):
    text = str({"name": "n", "input": [2, *extents], "layers": body})
    return Document(SourceText("random.yaml", text)).network()


def tensors_of(layer, row):
    """Return weights that hide nothing: all of them positive."""
    rng = np.random.default_rng(0)
    declared = layer.op.tensors(Site(row.input_shapes))
    return {name: rng.uniform(0.5, 1, shape).astype(np.float32) for name, shape in declared.items()}


def spans(report):
    """Yield each layer's row with the first and the last position that its elements see on each axis.

    These are two arrays an axis, one number for each element of the layer's output; what sees nothing has -1 as its last.
    """
    extents = report.input_shape[1:]
    x = np.zeros(report.rows[0].output_shape, np.float32)
    for sample, (axis, position) in enumerate((a, p) for a, n in enumerate(extents) for p in range(n)):
        np.moveaxis(x[sample], axis + 1, 0)[position] = np.nan
    values = [x]
    for layer, row in zip(report.run.layers, report.rows, strict=True):
        if layer.node.inputs:
            with np.errstate(all="ignore"):
                ins = (values[source] for source in layer.node.inputs)
                values.append(layer.op.forward(*ins, **tensors_of(layer, row)))
        marks = np.isnan(values[-1])
        begin, found = 0, []
        for n in extents:
            seen = marks[begin : begin + n]
            found.append(
                (seen.argmax(axis=0), np.where(seen.any(axis=0), n - 1 - seen[::-1].argmax(axis=0), -1))
            )
            begin += n
        yield row, found


def inner(row, axis, n, before):
    """Return the bounds within which no edge of any layer `before` can be seen."""
    edges = [(0, n)]
    for one in before:
        over = one.extents[axis].over_all if one.extents else None
        size = over and length(one, axis)
        if size and over and over.size:
            some = [over.at(place) for place in range(-over.period, 0)]
            more = [over.at(place) for place in range(size, size + over.period)]
            edges.append((max(e[1] for e in some if e) + 1, min(e[0] for e in more if e)))
    return max(e[0] for e in edges), min(e[1] for e in edges)


def wrong_layers(report):
    """Yield for each layer and axis what is wrong with its field, None where it is right."""
    for place, (row, found) in enumerate(spans(report)):
        for axis, (first, last) in enumerate(found):
            if not row.extents:
                continue
            bounds = inner(row, axis, report.input_shape[1 + axis], report.rows[: place + 1])
            over = row.extents[axis].over_all
            if lies_along(row, axis):
                wrong = differing(over, *along(row, axis, first, last), bounds)
            else:  # in no order that is kept
                wrong = (last - first + 1).max() > over.size and "more"
            yield wrong and f"{row.name} axis {axis}: says {over.size}, {wrong}"


def lies_along(row, axis):
    """Tell whether the positions of an axis of the field are kept in a layer's output."""
    parts = [part for one in row.places or () for part in one]
    return row.places is None or any(part.axis == axis for part in parts)


def along(row, axis, first, last):
    """Return what the positions on an axis see, each over everything that is not along this axis."""
    if row.places is None:
        shape, order = first.shape, [1 + axis]
    else:
        parts = [part for one in row.places[1:] for part in one]
        shape = [part.size for part in parts]
        mine = [i for i, part in enumerate(parts) if part.axis == axis]
        order = sorted(mine, key=lambda i: -parts[i].step)
    rest = [i for i in range(len(shape)) if i not in order]
    size = prod(shape[i] for i in order)
    first, last = (array.reshape(shape).transpose(*order, *rest).reshape(size, -1) for array in (first, last))
    blind = last < 0
    return np.where(blind, 10**6, first).min(axis=1), last.max(axis=1)


def differing(over, firsts, lasts, bounds):
    """Return how what positions see differs from what they should, nothing where it does not."""
    least, beyond = bounds
    run = longest = biggest = 0
    for place, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        wanted = over.at(place)
        if wanted is None:
            wanted = (10**6, -1)
        elif not (least <= wanted[0] and wanted[1] < beyond):
            run = 0
            continue
        run += 1
        longest = max(longest, run)
        biggest = max(biggest, last - first + 1)
        if (first, last) != wanted:
            return f"position {place} sees {first} to {last}, not {wanted[0]} to {wanted[1]}"
    return f"sees {biggest}" if longest >= over.period and biggest != over.size else None


def wrong_among(seeds, layers):
    """Return what is wrong with the fields of random networks of so many layers together."""
    count, wrong = 0, []
    for seed in seeds:
        report = random_report(seed)
        if report is None:
            continue
        wrong += [f"{seed}: {text}" for text in wrong_layers(report) if text]
        wrong += [f"{seed}: {text}" for text in explained_otherwise(report)]
        count += len(report.rows) - 1
        if count >= layers:
            return wrong
    raise AssertionError(f"only {count} layers")


def explained_otherwise(report):
    """Yield the layers whose fields are derived to something else than the report says."""
    for row in report.rows:
        results = {one.key: one.result for one in archcalc.explain(report, row.name).derivations}
        for key, value in (("field", "size"), ("jump", "stride")):
            if key in results and results[key] != getattr(row.extents[0], value):
                yield f"{row.name}: {key} {results[key]} is derived"


@pytest.mark.parametrize("part", range(4))
def test_a_few_hundred_layers_see_what_they_are_said_to(part):
    assert wrong_among(range(1000 * part, 1000 * part + 1000), 60) == []


@pytest.mark.large
@pytest.mark.parametrize("part", range(20))
def test_twenty_thousand_layers_see_what_they_are_said_to(part):
    assert wrong_among(range(10_000 * (1 + part), 10_000 * (2 + part)), 1000) == []


@pytest.mark.parametrize("seed", range(20))
def test_what_is_said_of_a_random_network_verifies(seed):
    report = random_report(seed)
    assert archcalc.verify(archcalc.analyze(report.run.network, batch=1)).disagreements == ()
