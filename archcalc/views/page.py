"""What every page about a report shares: its heading, its summary, its notes, its facts for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcalc.analysis.conditions import AUTOCAST
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.analysis.timing.device import Placement
from archcalc.ground.errors import visible
from archcalc.op.op import Work
from archcalc.sheet.kinds import SETTINGS, SHAPE, SHAPES, WHOLE_SHAPE, WHOLE_SHAPES
from archcalc.sheet.numbers import group_digits, short, write_bytes
from archcalc.sheet.sheet import Column, Kind

REACHES = "* larger than the input: it reaches into the padding"
"""What the mark at a receptive field stands for."""
MOST_ROUNDED = 3
"""How many uneven windows are noted below the table."""


def shape_kind(report: Report) -> Kind:
    """Return how people read the shapes of a report: with the batch, N×C×H×W, where there are several samples."""
    return WHOLE_SHAPE if report.batch > 1 else SHAPE


def with_batch(columns: Sequence[Column], report: Report) -> tuple[Column, ...]:
    """Return columns whose shapes have the batch where there are several samples."""
    whole = {SHAPE: WHOLE_SHAPE, SHAPES: WHOLE_SHAPES} if report.batch > 1 else {}
    return tuple(column._replace(kind=whole.get(column.kind, column.kind)) for column in columns)


def facts(report: Report) -> dict[str, object]:
    """Return what machines are told of a report beside its rows."""
    incomplete, placement = report.totals.incomplete, report.run.conditions.placement
    return {
        "network": {"name": report.name, "title": report.title or None, "source": report.source or None},
        "conditions": {
            "inputs": [{"name": name, "shape": list(shape[1:])} for name, shape in report.entries],
            "batch": report.batch,
            "dtype": report.dtype,
            "rounding": report.rounding,
            "train": report.train,
            "frozen": list(report.run.conditions.frozen),
            "device": placement.device.name if placement else None,
            "mode": placement.mode if placement else None,
            "set": SETTINGS.plain(report.parameters),
        },
        "totals": {
            **{
                key: figure.kind.plain(figure.of_total(report))
                for key, figure in FIGURES.items()
                if figure.listed
            },
            "complete": not incomplete,
            "incomplete": list(incomplete),
        },
    }


def state_placement(placement: Placement) -> dict[str, object]:
    """Return what machines are told of where a network runs."""
    return {"name": placement.device.name, "title": placement.device.title, "mode": placement.mode}


ABOUT = ("op", "settings", "from", "inputs", "output")
"""What machines are told of a layer beside its rows."""


def about(row: Row, report: Report) -> dict[str, object]:
    """Return what machines are told of a layer beside its rows."""
    return {key: FIGURES[key].kind.plain(FIGURES[key].of_row(row, report)) for key in ABOUT}


def used_letters(formulas: str, legend: Mapping[str, str]) -> dict[str, str]:
    """Return the letters of a legend that occur in formulas, with their meaning."""
    plain = formulas.replace("bytes", "")
    used = {}
    for letters, meaning in legend.items():
        known = [
            letter
            for letter in letters.split(", ")
            if _occurs(letter, formulas if letter == "bytes" else plain)
        ]
        if known:
            used[", ".join(known)] = meaning
    return used


def _occurs(letter: str, text: str) -> bool:
    """Tell whether a letter stands in a text by itself, not as part of an indexed one."""
    return any(
        text.startswith(letter, place) and text[place + len(letter) :][:1] not in tuple("₁₂₃₄₅₆₇₈₉′")
        for place in range(len(text))
    )


def subtitle(report: Report, *others: str, without: str = "") -> tuple[str, ...]:
    """Return the conditions that the figures hold for, with `others`, and the network's source.

    Where the figures are of several values of a condition, it is the one `without` which the others are told.
    """
    usual = {"input": _inputs(report), "batch": f"batch {report.batch}", "dtype": report.dtype}
    told = [text for name, text in usual.items() if name != without]
    if frozen := report.run.conditions.frozen:
        others = (*others, f"frozen {', '.join(map(visible, frozen))}")
    others = (*others, *tell_placement(report.run.conditions.placement))
    setting = " · ".join((*told, *others))
    return (setting, report.source) if report.source else (setting,)


MODES = {
    "graph": "replayed as one graph",
    "eager": "called layer by layer",
    "fused": "compiled, passes over memory fused",
}


def tell_placement(placement: Placement | None) -> tuple[str, ...]:
    """Return where a network runs, and how; nothing where nobody says."""
    return () if placement is None else (f"on {visible(placement.device.title)}", MODES[placement.mode])


def _inputs(report: Report) -> str:
    """Return the shape of the input, or of each where there are several."""
    if len(report.input_shapes) == 1:
        return f"input {SHAPE.text((0, *report.input_shape))}"
    return "inputs " + ", ".join(f"{name} {SHAPE.text(shape)}" for name, shape in report.entries)


def summary(report: Report) -> tuple[tuple[str, str], ...]:
    """Return the totals in words."""
    totals = report.totals
    apart = [
        f"{group_digits(count)} {what}"
        for count, what in ((totals.fixed, "fixed"), (totals.buffers, "buffers"))
        if count
    ]
    beside = f" and {', '.join(apart)}" if apart else ""
    return (
        (
            "parameters",
            f"{group_digits(totals.params)} ({short(totals.params)}){beside}, {write_bytes(report.weight_bytes)}",
        ),
        ("MACs", f"{group_digits(totals.macs)} ({short(totals.macs)})"),
        ("FLOPs", f"{group_digits(totals.flops)} = 2 · MACs + {other_work(totals.work)}"),
        (
            "activations",
            f"{group_digits(totals.activations)}, {write_bytes(report.activation_bytes)}; at most {write_bytes(report.peak_bytes)} alive at once",
        ),
        ("depth", f"{totals.depth} weighted layer{'s' if totals.depth != 1 else ''}"),
    )


def other_work(work: Work) -> str:
    """Return the operations beside MACs, by kind."""
    counts = ((getattr(work, kind), FIGURES[kind].title) for kind in Work._fields if kind != "macs")
    return " + ".join(f"{short(count)} {word}" for count, word in counts if count) or "0"


def notes(report: Report) -> tuple[str, ...]:
    """Return what a reader must know besides: sizes that were rounded, work that is not known."""
    rounded = [row for row in report.rows if row.uneven]
    return (*([_rounding(rounded)] if rounded else []), *note_incomplete(report))


def note_incomplete(report: Report) -> tuple[str, ...]:
    """Return of which layers the work is not known; nothing where it is of all."""
    missing = ", ".join(report.totals.incomplete)
    return (f"incomplete: the work of {missing} is not known and not in the totals",) if missing else ()


def mixed_notes(report: Report, what: str = "activations at inference") -> tuple[str, ...]:
    """Return how some activations are counted where autocast chooses a type for each."""
    low = AUTOCAST.get(report.dtype)
    if low is None:
        return ()
    return (f"{what} are counted in {low}; what autocast runs in float32 takes twice that",)


def _rounding(rows: Sequence[Row]) -> str:
    """Return one line about the windows that do not fit evenly."""
    shown = ", ".join(
        f"{row.name} {' and '.join(map(str, dict.fromkeys(row.uneven)))}" for row in rows[:MOST_ROUNDED]
    )
    more = len(rows) - MOST_ROUNDED
    rest = f" and {more} more: show --columns layer,rounded lists them" if more > 0 else ""
    return f"windows that do not fit evenly: {shown}{rest}"
