"""The JSON Schema of what every command writes with --format json, made from the columns of its pages.

Every document has the same frame: what it is, what it is about, rows, totals, notes. Lists are lists, however short;
what is absent or not known is null; bytes are bytes, shares fractions of 1, shapes lists without the batch.

A field that a version has keeps its name, its type and its meaning for as long as `SCHEMA` keeps its number;
fields may be added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from archcalc.analysis.figures import FIGURES, column_keys, columns
from archcalc.sheet import kinds
from archcalc.sheet.json import HEAD, SCHEMA
from archcalc.sheet.sheet import Column, Schema
from archcalc.views import (
    beside,
    beside_calibration,
    beside_device,
    beside_duration,
    beside_memory,
    beside_reference,
    beside_step,
    beside_time,
    calibration,
    catalogue,
    devices,
    duration,
    explanation,
    fitting,
    latency,
    layers,
    measurement,
    quiz,
    reconciliation,
    reference,
    roofline,
    sizes,
    step,
    totals,
    training,
    training_layers,
    unfolded,
    verdicts,
    verification,
    worked,
)
from archcalc.views.beside_layer import PARTICULARS


def _row(columns: Sequence[Column]) -> Schema:
    """Return the schema of a row: a cell for each column, and what is said beside it."""
    cells: dict[str, Schema] = {}
    placed: dict[str, Schema] = {}
    for column in columns:
        cells[column.key] = {"$ref": f"#/$defs/{column.kind.name}", "description": column.help}
        cells |= {f"{column.key}_{name}": dict(schema) for name, schema in column.kind.aside.items()}
        if column.key in FIGURES and FIGURES[column.key].on_device:
            placed[f"^{column.key}@"] = {"$ref": f"#/$defs/{column.kind.name}"}
    return {**beside.object_of(cells), **({"patternProperties": placed} if placed else {})}


def _page(row: Schema, about: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of a page: its rows, and what it says beside them."""
    frame: dict[str, Schema] = {
        "schema": {"const": SCHEMA},
        "command": beside.describe("the command that wrote it", beside.TEXT),
        **beside.NOTHING,
        **(about or {}),
        "rows": beside.list_of(row),
        "notes": beside.describe("what a reader should know besides", beside.list_of(beside.TEXT)),
    }
    return beside.object_of(frame)


def _describe_comparison() -> Schema:
    """Return the schema of a comparison, where every column is called after what is compared."""
    names = (
        Column("figure", "", kinds.TEXT, "what is compared"),
        Column("part", "", kinds.TEXT, "the stage or the number that it is about; null for the whole"),
    )
    others = [{"$ref": "#/$defs/mixed"}, {"$ref": "#/$defs/ratio"}]
    return _page({**_row(names), "additionalProperties": {"anyOf": others}}, beside.COMPARED)


def _layers(keys: Sequence[str], about: Mapping[str, Schema] = beside.FACTS) -> Schema:
    """Return the schema of a page with a row a layer and these columns."""
    return _page({"$ref": "#/$defs/layer", "required": list(keys)}, about)


def _explain_pages() -> list[Schema]:
    """Return the pages of explain: of a layer, of one in a step of training, of one on a device, of a block, a network, a sum, values, matrices."""
    return [
        _page(_row(explanation.LAYER), beside.FACTS | beside.LAYER | PARTICULARS),
        _page(_row(step.COLUMNS), beside.FACTS | beside_step.STEP),
        _page(_row(duration.COLUMNS), beside.FACTS | beside_duration.DERIVED_TIME),
        _page(_row(explanation.BLOCK), beside.FACTS | beside.BLOCK),
        _page(_row(explanation.NETWORK), beside.FACTS | beside.REASONS),
        _page(_row(sizes.SUM), beside.SUM),
        _page({**_row(worked.COLUMNS), "required": []}, beside.FACTS | beside.WORKED),
        _page(_row(unfolded.COLUMNS), beside.FACTS | beside.UNFOLDED),
    ]


def _commands() -> dict[str, list[Schema]]:
    """Return the pages that each command may write."""
    folded = beside.FACTS | beside.FOLDING
    return {
        "show": [_layers(())],
        "tree": [_layers(layers.TREE)],
        "rf": [_layers(layers.FIELD)],
        "params": [
            _page(_row(totals.TOTALS), folded),
            _page(_row(totals.FORMULAS), folded),
            _layers(layers.PARAMS, folded),
            _layers(("op", *layers.PARTS), folded),
            _layers(("layer", "weights", *layers.PARTS), folded),
        ],
        "flops": [_page(_row(totals.TOTALS), beside.FACTS), _layers(layers.WORK)],
        "memory": [
            _page(_row(totals.MEMORY), beside.FACTS | beside_memory.MEMORY),
            _page(_row(training.COLUMNS), beside.FACTS | beside_memory.MEMORY),
            _page(_row(training.TIMELINE), beside.FACTS | beside_memory.MEMORY),
            _layers(layers.MEMORY, beside.FACTS | beside_memory.MEMORY),
            _layers(training_layers.COLUMNS, beside.FACTS | beside_memory.MEMORY),
        ],
        "latency": [
            _layers(latency.COLUMNS, beside_time.timed()),
            _page(_row(roofline.COLUMNS), beside.FACTS | beside_duration.ROOFLINE),
            _page(_row(measurement.COLUMNS), beside_calibration.RAN),
        ],
        "explain": _explain_pages(),
        "size": [_page(_row(sizes.COLUMNS), beside.WINDOW), _page(_row(sizes.SMALLEST), beside.SMALLEST)],
        "check": [_page(_row(verdicts.COLUMNS), beside.CHECKED)],
        "fit": [_page(_row(fitting.FOR_MACHINES), beside.FACTS | beside.FITTED)],
        "calibrate": [_page(_row(calibration.COLUMNS), beside_calibration.CALIBRATED)],
        "compare": [_describe_comparison()],
        "reconcile": [
            _page(_row(each), beside.FACTS) for each in (reconciliation.OVERVIEW, reconciliation.DETAILS)
        ],
        "quiz": [_page(_row(columns), beside.QUIZ) for columns in (quiz.QUESTIONS, quiz.ANSWERS)],
        "verify": [_page(_row(verification.COLUMNS), beside.FACTS | beside_reference.VERIFIED)],
        "list": [
            _page(_row(catalogue.columns(catalogue.SHOWN))),
            _page({**_row(catalogue.columns(catalogue.keys())), "required": []}),
        ],
        "devices": [_page(_row(devices.VALUES), beside_device.DEVICE), _page(_row(devices.DEVICES))],
        "ops": [_page(_row(reference.OF_SETTINGS), beside_reference.OP), _page(_row(reference.OPS))],
    }


def report_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of what the commands write with --format json."""
    commands = _commands()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "description": "What archcalc's commands write with --format json. Fields may be added; those that are here stay.",
        "type": "object",
        "required": ["schema", *HEAD, "rows", "totals", "notes"],
        "oneOf": [
            {"properties": {"command": {"const": command}}, "anyOf": pages}
            for command, pages in commands.items()
        ],
        "$defs": {
            **{kind.name: beside.or_null(kind.schema) for kind in kinds.KINDS},
            "totals": beside.totals(),
            "layer": {**_row(columns(column_keys())), "required": []},
        },
    }
