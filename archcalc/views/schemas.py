"""The JSON Schema of what every command writes with --format json, made from the columns of its pages.

A field that a version has keeps its name, its type and its meaning for as long as `SCHEMA` keeps its number;
fields may be added.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

from archcalc.analysis.conditions import DType
from archcalc.analysis.figures import FIGURES, column_keys, columns
from archcalc.op.op import Work
from archcalc.sheet import kinds
from archcalc.sheet.json import SCHEMA
from archcalc.sheet.sheet import Column, Kind
from archcalc.views import (
    catalogue,
    explanation,
    layers,
    reconciliation,
    reference,
    sizes,
    totals,
    verdicts,
    verification,
)

Schema = dict[str, object]

TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
SIZES: Schema = {"type": "array", "items": COUNT}


def _object(properties: Mapping[str, Mapping[str, object]], optional: Sequence[str] = ()) -> Schema:
    """Return the schema of an object; more fields may be added to it at any time."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _said(description: str, schema: Schema) -> Schema:
    return {**schema, "description": description}


def _cell(kind: Kind) -> Schema:
    """Return the schema of a cell: a value of its kind, null where it is not known, "" where there is none."""
    if kind.schema.get("type") == "string":
        return kind.schema
    return {"anyOf": [kind.schema, {"enum": [None, ""]}]}


def _row(columns: Sequence[Column], optional: Sequence[str] = ()) -> Schema:
    cells = {
        column.key: {"$ref": f"#/$defs/{column.kind.name}", "description": column.help} for column in columns
    }
    return _object(cells, optional)


def _totals() -> Schema:
    """Return the schema of a network's totals, which mean what the columns of that name mean."""
    work = {kind: _said(FIGURES[kind].help, COUNT) for kind in Work._fields}
    listed = {key: _said(one.help, one.kind.schema) for key, one in FIGURES.items() if one.listed}
    return _object(
        {
            **listed,
            "work": _said("operations by kind", _object(work)),
            "complete": _said("false where the work of a layer is not known and not in the totals", FLAG),
            "incomplete": _said("the layers whose work is not known", _list(TEXT)),
        }
    )


CONDITIONS = {
    "network": _said("the network's name", TEXT),
    "input": _said("shape of the first input, without the batch", SIZES),
    "batch": _said("samples that go through at once", COUNT),
}
FACTS: dict[str, Schema] = {
    **CONDITIONS,
    "inputs": _said(
        "shape of each input by name, without the batch", {"type": "object", "additionalProperties": SIZES}
    ),
    "title": TEXT,
    "source": _said("who describes the network", TEXT),
    "dtype": _said("type of one number", {"enum": list(get_args(DType))}),
    "totals": {"$ref": "#/$defs/totals"},
}
"""What a page about a network says beside its rows."""
SUM: dict[str, Schema] = {
    "sum": _said("as it was asked for", TEXT),
    "value": _said("what it comes to", {"type": ["number", "boolean"]}),
}
WINDOW: dict[str, Schema] = {
    "size": _said("elements that go in", COUNT),
    "target": _said("elements that are to come out", COUNT),
    "window": _object(dict.fromkeys(("kernel", "stride", "before", "after", "dilation"), COUNT)),
    "output": _said("elements that come out", COUNT),
    "exact": _said("the output before rounding; null where it is whole", {"type": ["string", "null"]}),
}
LAYER: dict[str, Schema] = {
    "layer": _said("the layer that is explained", TEXT),
    "op": _said("its type", TEXT),
    "legend": _said("what the letters stand for", {"type": "object", "additionalProperties": TEXT}),
}
BLOCK: dict[str, Schema] = {
    "block": _said("the block that is explained", TEXT),
    "params": _said("its learnable parameters", COUNT),
    "macs": _said("its multiply-accumulates; null where they are not known", {"type": ["integer", "null"]}),
}
CHECKED: dict[str, Schema] = {
    "checked": _said("figures and limits that were compared", COUNT),
    "wrong": _said("those that do not hold", COUNT),
    "claims": _said("claims that were judged", COUNT),
    "refuted": _said("those that do not hold", COUNT),
    "networks": _said("networks that are sound", COUNT),
    "errors": _said("what is wrong with the others", _list(TEXT)),
}
DIFFERENCE = _object(
    {
        "network": TEXT,
        "name": _said("the first layer of a run that differs", TEXT),
        "last": _said("the last one", TEXT),
        "layers": _said("how many there are", COUNT),
        "change": {"enum": ["added", "missing", "changed"]},
    }
)
COEFFICIENTS = _said("exact coefficients of 1, C, C², such as 9/32", _list(TEXT))
COMPARED: dict[str, Schema] = {
    "compared": _said("the keys of the columns, beside figure and part", _list(TEXT)),
    "channels": _said("what C is; null where it is left open", {"type": ["integer", "null"]}),
    "size": _said("input height and width; empty where they are left open", SIZES),
    "formulas": _list(
        _object(dict.fromkeys(("weights", "weights_and_biases", "macs_per_position"), COEFFICIENTS))
    ),
    "networks": _list(_object(FACTS)),
    "shared_prefix": _said("layers at the beginning that all share", COUNT),
    "differences": _list(DIFFERENCE),
}
VERIFIED: dict[str, Schema] = {
    **CONDITIONS,
    "compared": _said("how many figures were compared", COUNT),
    "complete": _said("false where a wrong shape ended the run", FLAG),
    "disagreements": _list(_object({"layer": TEXT, "figure": TEXT, "predicted": {}, "real": {}})),
}
OP: dict[str, Schema] = {
    "op": _said("the layer type", TEXT),
    "main": _said("the setting that a lone value means", {"type": ["string", "null"]}),
    "weighted": _said("whether it counts for the depth", FLAG),
}


def _page(facts: Mapping[str, Schema], row: Schema, optional: Sequence[str] = ()) -> Schema:
    frame: dict[str, Schema] = {
        "schema": {"const": SCHEMA},
        "command": _said("the command that wrote it", TEXT),
        **facts,
        "rows": _list(row),
        "notes": _said("what a reader should know besides", _list(TEXT)),
    }
    return _object(frame, ("notes", *optional))


def _compared() -> Schema:
    """Return the schema of a comparison, where every column is called after what is compared."""
    names = (
        Column("figure", "", kinds.TEXT, "what is compared"),
        Column(
            "part", "", kinds.TEXT, "the stage or the number that the row is about; nothing for the whole"
        ),
    )
    others = [{"$ref": "#/$defs/mixed"}, {"$ref": "#/$defs/ratio"}]
    row = {**_row(names), "additionalProperties": {"anyOf": others}}
    return _page(COMPARED, row, [name for name in COMPARED if name not in ("compared", "networks")])


def _layers(keys: Sequence[str], optional: Sequence[str] = ()) -> Schema:
    """Return the schema of a page with a row a layer and these columns."""
    required = [key for key in keys if key not in optional]
    return _page(FACTS, {"$ref": "#/$defs/layer", "required": required})


def _commands() -> dict[str, list[Schema]]:
    """Return the pages that each command may write."""
    sums = _page(FACTS, _row(totals.TOTALS))
    return {
        "show": [_layers(())],
        "tree": [_layers(layers.TREE)],
        "rf": [_layers(layers.FIELD, ("smallest", "gateless"))],
        "params": [sums, _page(FACTS, _row(totals.FORMULAS)), _layers(layers.PARAMS)],
        "flops": [sums, _layers(layers.WORK)],
        "memory": [_page(FACTS, _row(totals.MEMORY)), _layers(layers.MEMORY)],
        "explain": [
            _page({**FACTS, **LAYER}, _row(explanation.LAYER)),
            _page({**FACTS, **BLOCK}, _row(explanation.BLOCK)),
            _page(FACTS, _row(explanation.NETWORK)),
            _page(SUM, _row(sizes.SUM)),
        ],
        "size": [_page(WINDOW, _row(sizes.COLUMNS), ("size", "target", "output", "exact"))],
        "check": [_page(CHECKED, _row(verdicts.COLUMNS, ("claimed",)))],
        "compare": [_compared()],
        "reconcile": [
            _page(FACTS, _row(reconciliation.OVERVIEW)),
            _page(FACTS, _row(reconciliation.DETAILS)),
        ],
        "verify": [_page(VERIFIED, _row(verification.COLUMNS))],
        "list": [_page({}, _row(catalogue.COLUMNS))],
        "ops": [_page(OP, _row(reference.OF_SETTINGS)), _page({}, _row(reference.OPS))],
    }


def report_schema() -> Schema:
    """Return the JSON Schema (draft 2020-12) of what the commands write with --format json."""
    commands = _commands()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": SCHEMA,
        "description": "What archcalc's commands write with --format json. Fields may be added; those that are here stay.",
        "type": "object",
        "required": ["schema", "command", "rows"],
        "oneOf": [
            {"properties": {"command": {"const": command}}, "anyOf": pages}
            for command, pages in commands.items()
        ],
        "$defs": {
            **{kind.name: _cell(kind) for kind in kinds.KINDS},
            "totals": _totals(),
            "layer": _row(columns(column_keys()), column_keys()),
        },
    }
