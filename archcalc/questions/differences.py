"""What two networks do not share: the layers that they begin alike, and those that only one has or has otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from archcalc.analysis.blocks import groups
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.network.network import parts, prefix


class Difference(NamedTuple):
    """Layers that are not the same in both networks: one, a block, or a run of numbered blocks from `name` to `last`.

    `before` is the first of the `layers` in the one network and `after` in the other; None where it is missing.
    """

    name: str
    last: str
    layers: int
    before: Row | None
    after: Row | None


def count_shared(reports: Sequence[Report]) -> int:
    """Return how many layers all networks begin alike: the same ops with the same settings, weights and inputs.

    The names do not matter, nor do the sizes of the data.
    """
    begun = zip(*(_signatures(report) for report in reports), strict=False)
    count = 0
    for alike in begun:
        if any(other != alike[0] for other in alike[1:]):
            break
        count += 1
    return count


def share_stages(reports: Sequence[Report]) -> bool:
    """Tell whether most of the stages that have weights or work, blocks at the top, are called alike in all networks."""
    called = [
        {name for name, rows in groups(report.rows, 1) if any(row.params or row.macs != 0 for row in rows)}
        for report in reports
    ]
    return 2 * len(set.intersection(*called)) > len(set.union(*called))


def _signatures(report: Report) -> Iterator[tuple[object, ...]]:
    positions = {row.name: position for position, row in enumerate(report.rows)}
    for row in report.rows:
        yield (*_design(row), tuple(positions[name] for name in row.inputs))


def _design(row: Row) -> tuple[object, ...]:
    """Return what makes a layer the layer it is; of an input only that it is one."""
    return (row.kind, dict(row.settings), dict(row.weights)) if row.inputs else (row.kind, {}, {})


def differences(first: Report, second: Report) -> tuple[Difference, ...]:
    """Return what is different in the other network, matched by name: changed layers, those missing, those added."""
    before = {row.name: row for row in first.rows}
    changed = [
        Difference(row.name, row.name, 1, before[row.name], row)
        for row in second.rows
        if row.name in before and _design(before[row.name]) != _design(row)
    ]
    missing = [run._replace(before=run.after, after=None) for run in _only(first.rows, second.rows)]
    return (*changed, *missing, *_only(second.rows, first.rows))


def _only(ours: Sequence[Row], theirs: Sequence[Row]) -> list[Difference]:
    """Return the layers that `theirs` lack, whole blocks as one, blocks numbered in a row as a run."""
    known = {path for row in theirs for path in _paths(row.name)}
    named = ((next((path for path in _paths(row.name) if path not in known), None), row) for row in ours)
    runs: list[Difference] = []
    is_adjacent = False
    for path, members in groupby(named, key=lambda pair: pair[0]):
        if path is None:
            is_adjacent = False
            continue
        rows = [row for _, row in members]
        if is_adjacent and _follows(runs[-1].last, path):
            runs[-1] = runs[-1]._replace(last=path, layers=runs[-1].layers + len(rows))
        else:
            runs.append(Difference(path, path, len(rows), None, rows[0]))
        is_adjacent = True
    return runs


def _paths(name: str) -> list[str]:
    """Return a layer's blocks from the outside in, and itself."""
    return [prefix(name, level + 1) for level in range(len(parts(name)))]


NUMBERED = re.compile(r"(.*?)([0-9]{1,9})")


def _follows(last: str, name: str) -> bool:
    """Tell whether a name has the next number."""
    first, second = NUMBERED.fullmatch(last), NUMBERED.fullmatch(name)
    return bool(first and second and first[1] == second[1] and int(second[2]) == int(first[2]) + 1)
