"""A sheet as a table that a browser shows by itself and a notebook can hold."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import Column, Sheet, Span, bars, is_heavy

STYLE = """\
.archcalc{font:14px/1.45 system-ui,sans-serif;color-scheme:light dark;color:CanvasText;overflow-x:auto}
.archcalc table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6em 0}
.archcalc caption{text-align:left;font-weight:600;padding-bottom:.3em}
.archcalc small{display:block;font-size:inherit;font-weight:400;color:GrayText}
.archcalc th,.archcalc td{padding:.15em .7em;text-align:right;white-space:pre;vertical-align:top}
.archcalc .left{text-align:left}
.archcalc .wraps{white-space:pre-line}
.archcalc thead th{border-bottom:1px solid GrayText}
.archcalc tfoot td{border-top:1px solid GrayText;font-weight:600}
.archcalc tbody tr:hover{background:color-mix(in srgb,CanvasText 7%,transparent)}
.archcalc .quiet,.archcalc p{color:GrayText}
.archcalc .heavy{font-weight:600}
.archcalc .good{color:#1a7f37}
.archcalc .bad{color:#cf222e;font-weight:600}
.archcalc meter{width:5em;height:.7em;margin-left:.5em}
.archcalc dl{display:grid;grid-template-columns:max-content 1fr;column-gap:1.5em}
.archcalc dt{color:GrayText}
.archcalc dd{margin:0}"""


@renderer("html")
def html(sheet: Sheet) -> str:
    """A page of its own, without anything from elsewhere."""
    title = escape(sheet.title or sheet.caption or "archcalc")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{title}</title>\n</head>\n<body>\n{fragment(sheet)}</body>\n</html>\n"
    )


def fragment(sheet: Sheet) -> str:
    """Return a sheet as a part of a page, its style with it."""
    return "\n".join(_parts(sheet)) + "\n"


def _parts(sheet: Sheet) -> Iterator[str]:
    yield f'<div class="archcalc">\n<style>\n{STYLE}\n</style>'
    yield f'<table id="{escape(sheet.label)}">' if sheet.label else "<table>"
    beneath = () if sheet.caption else sheet.subtitle  # what a paper says stands alone
    if caption := sheet.caption or sheet.title:
        lines = "".join(f"<small>{escape(line)}</small>" for line in beneath)
        yield f"<caption>{escape(caption)}{lines}</caption>"
    heads = (
        f'<th scope="col"{_class(column)}{_tip(column)}>{escape(column.title)}</th>'
        for column in sheet.columns
    )
    yield f"<thead><tr>{''.join(heads)}</tr></thead>"
    yield "<tbody>"
    for row in sheet.rows:
        yield f"<tr>{''.join(_cells(sheet.columns, row))}</tr>"
    yield "</tbody>"
    if sheet.footer:
        yield f"<tfoot><tr>{''.join(_cells(sheet.columns, sheet.footer))}</tr></tfoot>"
    yield "</table>"
    if sheet.summary:
        pairs = (f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in sheet.summary)
        yield f"<dl>{''.join(pairs)}</dl>"
    heading = (sheet.title, *sheet.subtitle) if sheet.caption else () if sheet.title else sheet.subtitle
    yield from (f"<p>{escape(line)}</p>" for line in (*heading, *sheet.notes) if line)
    yield "</div>"


def _class(column: Column) -> str:
    words = [*(["left"] if column.kind.align == "left" else []), *(["wraps"] if column.kind.wraps else [])]
    return f' class="{" ".join(words)}"' if words else ""


def _tip(column: Column) -> str:
    return f' title="{escape(column.help)}"' if column.help else ""


def _cells(columns: tuple[Column, ...], row: tuple[object, ...]) -> Iterator[str]:
    heavy = is_heavy(bars(columns), row)
    for column, value in zip(columns, row, strict=True):
        pieces = column.kind.spans(column.kind.text(value), is_nothing=value == 0, heavy=heavy)
        spans = "".join(map(_span, pieces))
        yield f"<td{_class(column)}>{spans}{_meter(column, value)}</td>"


def _span(span: Span) -> str:
    text, style = span
    return f'<span class="{style}">{escape(text)}</span>' if style and text else escape(text)


def _meter(column: Column, value: object) -> str:
    is_drawn = column.kind.has_bar and value not in (None, "")
    return f'<meter value="{value:.4f}" aria-hidden="true"></meter>' if is_drawn else ""
