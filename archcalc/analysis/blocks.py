"""Groups: the rows of a block folded into one. Folding never changes a total."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.network.network import parts, prefix
from archcalc.op.op import add_up

SCREEN = 48
"""The rows that a report opens with at most, where folding can bring it down to that."""


KIND = "block"
"""What stands in place of a layer type in a row that is several layers."""


def deepest(report: Report) -> int:
    """Return the most levels that a layer's dotted name has."""
    return max(len(parts(row.name)) for row in report.rows) - scope(report.rows)


def scope(rows: Sequence[Row]) -> int:
    """Return how many blocks all layers stand in together; they fold nothing."""
    named = [parts(row.name)[:-1] for row in rows if row.inputs]
    return sum(1 for _ in takewhile(lambda level: len({*level}) == 1, zip(*named, strict=False)))


def fitting_depth(report: Report) -> int:
    """Return the deepest folding that fits a screen; 1 where none does."""
    outer = scope(report.rows)
    for depth in range(deepest(report), 1, -1):
        if len({prefix(row.name, depth + outer) for row in report.rows}) <= SCREEN:
            return depth
    return 1


def fold(report: Report, depth: int) -> tuple[Row, ...]:
    """Return the rows with the layers below `depth` levels of blocks folded into one row a block.

    A layer that is alone in its block stays itself.
    """
    blocks = groups(report.rows, depth + scope(report.rows))
    return tuple(group(name, rows) if len(rows) > 1 else rows[0] for name, rows in blocks)


def fold_names(report: Report, depth: int) -> list[str]:
    """Return what the row is called into which each layer folds, in the order of the layers."""
    blocks = groups(report.rows, depth + scope(report.rows))
    return [name if len(rows) > 1 else rows[0].name for name, rows in blocks for _ in rows]


def groups(rows: Sequence[Row], depth: int) -> Iterator[tuple[str, list[Row]]]:
    """Yield the rows that share the first `depth` parts of their names, in order."""
    for name, members in groupby(rows, key=lambda row: _group_of(row, depth)):
        yield name, list(members)


def _group_of(row: Row, depth: int) -> str:
    """Return the block that a row folds into; an input stays itself, whatever its name."""
    return row.name if row.role == "input" else prefix(row.name, depth)


def group(name: str, rows: Sequence[Row]) -> Row:
    """Return one row for several: sums of what adds up, the input of the first, the output of the last."""
    first, last = rows[0], rows[-1]
    if len(rows) == 1 and first.name == name:
        return first
    works = [row.work for row in rows if row.work is not None]
    gradients = [row.gradients for row in rows if row.gradients is not None]
    return last._replace(
        name=name,
        kind=KIND,
        settings={"layers": len(rows)},
        inputs=first.inputs,
        input_shapes=first.input_shapes,
        weights={},
        unfolded=None,
        params=sum(row.params for row in rows),
        fixed=sum(row.fixed for row in rows),
        buffers=sum(row.buffers for row in rows),
        work=add_up(works) if len(works) == len(rows) else None,
        activations=sum(row.activations for row in rows),
        in_place=sum(row.in_place for row in rows),
        alive=max(row.alive for row in rows),
        uneven=tuple(each for row in rows for each in row.uneven),
        members=tuple([name for row in rows for name in row.members or (row.name,)]),
        biases=sum(row.biases for row in rows),
        others=sum(row.others for row in rows),
        gradients=sum(gradients) if len(gradients) == len(rows) else None,
    )


def by_op(report: Report) -> tuple[Row, ...]:
    """Return a row for each layer type, in the order in which they first occur: the sums of all layers of it."""
    alike: dict[str, list[Row]] = {}
    for row in report.rows:
        alike.setdefault(row.kind, []).append(row)
    return tuple(group(kind, rows)._replace(kind=kind) for kind, rows in alike.items())


def tree(report: Report, depth: int) -> list[tuple[str, Row]]:
    """Return the rows of a tree, each with its label: blocks before what is in them, down to `depth` levels."""
    return list(_branches(report.rows, 1, depth, "", scope(report.rows)))


def _branches(
    rows: Sequence[Row], level: int, depth: int, margin: str, outer: int
) -> Iterator[tuple[str, Row]]:
    members = list(groups(rows, level + outer))
    for number, (name, inside) in enumerate(members):
        is_last = number == len(members) - 1
        row = group(name, inside)
        knot = "" if level == 1 else "└─ " if is_last else "├─ "
        yield margin + knot + parts(name)[-1], row
        if row.name != inside[0].name and level < depth:
            deeper = "" if level == 1 else "   " if is_last else "│  "
            yield from _branches(inside, level + 1, depth, margin + deeper, outer)
