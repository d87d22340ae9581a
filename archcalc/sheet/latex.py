"""A sheet as a tabular for a paper in LaTeX."""

from __future__ import annotations

import re
from collections.abc import Iterable

from archcalc.sheet.renderers import renderer
from archcalc.sheet.sheet import Column, Sheet

LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "&": r"\&",
        "%": r"\%",
        "$": r"\$",
        "#": r"\#",
        "_": r"\_",
        "{": r"\{",
        "}": r"\}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "→": r"$\to$",
        "≤": r"$\le$",
        "≥": r"$\ge$",
        **{
            sign: rf"\textsuperscript{{{plain}}}"
            for sign, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ˣᵈᵖᵀ", "0123456789-+xdpT", strict=True)
        },
        **{sign: rf"\textsubscript{{{number}}}" for number, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        "⌊": r"$\lfloor$",
        "⌋": r"$\rfloor$",
        "⌈": r"$\lceil$",
        "⌉": r"$\rceil$",
        "√": r"$\surd$",
        "µ": r"$\mu$",
        "≈": r"$\approx$",
        "–": "--",
        "…": r"\dots{}",
        **{
            sign: rf"$\{name}$"
            for sign, name in zip(
                "αβγλμπσΣ", ("alpha", "beta", "gamma", "lambda", "mu", "pi", "sigma", "Sigma"), strict=True
            )
        },
        "\u0302": r"\^{}",
        "′": "$'$",
        "∞": r"$\infty$",
        "−": r"$-$",
        "█": "",
    }
)
WORD = re.compile("[A-Za-z_]{3,}")
"""What is a word in a formula, and no letter or two."""
MATHS = str.maketrans(
    {
        "·": r"\cdot ",
        "−": "-",
        "√": r"\surd ",
        "⌊": r"\lfloor ",
        "⌋": r"\rfloor ",
        "⌈": r"\lceil ",
        "⌉": r"\rceil ",
        "′": "'",
        ",": "{,}",
    }
    | {subscript: f"_{number}" for number, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")}
)


@renderer("latex")
def latex(sheet: Sheet) -> str:
    """A tabular for a paper, with a caption in a table; derivations are set as mathematics. Needs the package booktabs."""
    lines = [_join(column.title.translate(LATEX) for column in sheet.columns), r"\midrule"]
    lines += [_row(sheet.columns, row) for row in sheet.rows]
    if sheet.footer:
        lines += [r"\midrule", _row(sheet.columns, sheet.footer)]
    layout = "".join(column.kind.align[0] for column in sheet.columns)
    table = [rf"\begin{{tabular}}{{{layout}}}", r"\toprule", *lines, r"\bottomrule", r"\end{tabular}"]
    if sheet.caption:
        about = [rf"\caption{{{sheet.caption.translate(LATEX)}}}"]
        about += [rf"\label{{{sheet.label}}}"] if sheet.label else []
        table = [r"\begin{table}", r"\centering", *about, *table, r"\end{table}"]
    title, *notes = (f"% {' '.join(text.split())}" for text in (sheet.title, *sheet.notes))
    return "\n".join([*([title] if sheet.title else []), *table, *notes]) + "\n"


def _row(columns: tuple[Column, ...], row: tuple[object, ...]) -> str:
    return _join(_cell(column, value) for column, value in zip(columns, row, strict=True))


def _join(cells: Iterable[str]) -> str:
    """Return a row; a [ or * that begins it would be taken for an option of what ends the row above."""
    line = " & ".join(cells) + r" \\"
    return f"{{}}{line}" if line.startswith(("[", "*")) else line


def _cell(column: Column, value: object) -> str:
    text = " ".join(column.kind.text(value).split())
    if not column.kind.is_formula or value is None or value == "":
        return text.translate(LATEX)
    steps, equals, result = text.rpartition("= ")
    worded = WORD.sub(lambda word: rf"\text{{{word[0].translate(LATEX)}}}", steps + equals)
    return f"${worded.translate(MATHS)}$ {result.translate(LATEX)}"
