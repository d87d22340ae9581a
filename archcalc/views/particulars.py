"""What is said of a layer or a network beside its figures: weights, the matrix of im2col, heads of training."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from archcalc.analysis.row import Row
from archcalc.op.site import Sizes
from archcalc.questions.aside import Groups, LeftOut
from archcalc.questions.dense import Conversion, DenseConvolution
from archcalc.questions.explain import Explanation
from archcalc.questions.heads import Heads
from archcalc.sheet.numbers import group_digits


def remarks(explanation: Explanation) -> Iterator[str]:
    """Yield what is said of a layer below its figures."""
    row = explanation.row
    yield from (f"does not fit evenly: {size}" for size in dict.fromkeys(row.uneven))
    yield from grouping(explanation.groups, row)
    yield from dropping(explanation.left_out)
    yield from unfolding(row)
    yield from convolving(explanation.convolution, row)
    yield from converting(explanation.conversion)


def plain_remarks(explanation: Explanation) -> dict[str, object]:
    """Return what machines are told of a layer beside its figures."""
    return {
        "weights": {name: list(shape) for name, shape in explanation.row.weights.items()},
        "convolution": plain_convolution(explanation.convolution),
        "conversion": plain_conversion(explanation.conversion),
        "groups": plain_groups(explanation.groups),
        "left_out": plain_left_out(explanation.left_out),
    }


def write_sizes(sizes: Sizes) -> str:
    """Return sizes as people read them: 48×5×5."""
    return "×".join(map(str, sizes))


def tensors(row: Row) -> Iterator[str]:
    """Yield the layer's weights by name and shape, or that it has none."""
    if row.weights:
        named = ", ".join(f"{name} {write_sizes(shape)}" for name, shape in row.weights.items())
        yield f"weights: {named}"
    else:
        yield "no weights: there is nothing to learn"


def unfolding(row: Row) -> Iterator[str]:
    """Yield how much larger the matrix of im2col is than the input."""
    if row.unfolded:
        rows, columns = row.unfolded
        growth = rows * columns / prod(row.input_shapes[0])
        yield (
            f"im2col lays the windows out as a matrix of {group_digits(rows)} × {group_digits(columns)}, "
            f"{growth:.3g} times as many numbers as the input has"
        )


def grouping(groups: Groups | None, row: Row) -> Iterator[str]:
    """Yield what each group of channels sees and makes."""
    if groups is not None:
        filters, size = (write_sizes(sizes) for sizes in (groups.weight[:1], groups.weight[1:]))
        yield (
            f"{groups.number} groups: each sees {groups.sees} of {row.input_shapes[0][1]} channels and makes "
            f"{groups.makes} of {row.output_shape[1]} with {filters} filter{'s' * (groups.makes > 1)} of {size}"
        )


def dropping(left_out: LeftOut | None) -> Iterator[str]:
    """Yield how much a layer leaves out in training."""
    if left_out is not None:
        probability, numbers = f"{left_out.probability:g}", group_digits(left_out.numbers)
        times = f"1/(1 − {probability}) = {left_out.scale:.3g}" if left_out.scale else "nothing"
        yield (
            f"in training each number is left out with probability p = {probability}: "
            f"{left_out.kept:,.6g} of {numbers} stay on average, multiplied by {times}"
        )
        yield f"at inference all {numbers} stay as they are"


def convolving(convolution: DenseConvolution | None, row: Row) -> Iterator[str]:
    """Yield the convolution that a fully connected layer is, with as many numbers."""
    if convolution is not None:
        kernel, size = write_sizes(convolution.kernel), write_sizes(convolution.map)
        biases = f" and {group_digits(row.biases)} biases" if row.biases else ""
        is_own = row.params == convolution.weights + row.biases
        same = f"the same {group_digits(row.params)} parameters, " if is_own else ""
        yield (
            f"it is a convolution of kernel {kernel} over the {size} of {convolution.source} with "
            f"{group_digits(convolution.filters)} filters: {same}{group_digits(convolution.weights)} weights{biases}"
        )


def converting(conversion: Conversion | None) -> Iterator[str]:
    """Yield what several fully connected layers make as convolutions, or one that slides."""
    if conversion is None:
        return
    layers = conversion.layers
    if len(layers) > 1 or max(layers[-1].output[1:]) > 1:
        without = f" in place of {conversion.without}" if conversion.without else ""
        steps = (f"{layer} {write_sizes(kernel)} → {write_sizes(output)}" for layer, kernel, output in layers)
        yield (
            f"as convolutions over the {write_sizes(conversion.map)} of {conversion.source}{without}: {', '.join(steps)}"
        )


def plain_conversion(conversion: Conversion | None) -> dict[str, object] | None:
    """Return the layers as convolutions as machines are told them."""
    if conversion is None:
        return None
    layers = [
        {"layer": layer, "kernel": list(kernel), "output": list(output)}
        for layer, kernel, output in conversion.layers
    ]
    return {**conversion._asdict(), "map": list(conversion.map), "layers": layers}


def plain_convolution(convolution: DenseConvolution | None) -> dict[str, object] | None:
    """Return the convolution as machines are told it."""
    if convolution is None:
        return None
    return {
        "source": convolution.source,
        "input": list(convolution.map),
        "kernel": list(convolution.kernel),
        "filters": convolution.filters,
        "weights": convolution.weights,
    }


def plain_groups(groups: Groups | None) -> dict[str, object] | None:
    """Return the groups as machines are told them."""
    return None if groups is None else {**groups._asdict(), "weight": list(groups.weight)}


def plain_left_out(left_out: LeftOut | None) -> dict[str, object] | None:
    """Return what training leaves out as machines are told it."""
    return (
        None if left_out is None else {**left_out._asdict(), "kept": left_out.kept, "scale": left_out.scale}
    )


def training_heads(heads: Heads | None) -> Iterator[tuple[str, str]]:
    """Yield what the heads add that exist only in training."""
    if heads is not None:
        macs = "work that is not known" if heads.macs is None else f"{group_digits(heads.macs)} MACs"
        counted = f"{group_digits(heads.params)} parameters and {macs}, which --train counts"
        yield ("in training alone", f"{', '.join(heads.names)}: {counted}{_weigh_losses(heads.losses)}")


def _weigh_losses(losses: Mapping[str, float]) -> str:
    """Return how much the losses of heads count beside the network's own; nothing where nobody says it."""
    if not losses:
        return ""
    if len({*losses.values()}) == 1:
        return f"; each loss has the weight {next(iter(losses.values())):g}"
    return f"; their losses have the weights {', '.join(f'{weight:g} for {name}' for name, weight in losses.items())}"


def plain_heads(heads: Heads | None) -> dict[str, object] | None:
    """Return the heads as machines are told them."""
    return (
        None
        if heads is None
        else {**heads._asdict(), "names": list(heads.names), "losses": dict(heads.losses)}
    )
