"""What people write for an expression out of habit, and what to write in its place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from archcalc.formats.language.operators import FUNCTIONS
from archcalc.ground.errors import nearest

OFFER = (
    "there are + - * / // %, comparisons such as i == 0, and or not, a if c else b, items such as widths[0], "
    "and min max round floor ceil sqrt round_to"
)
POWER = re.compile(r"(\w+)\s*(?:\^|\*\*)\s*([234])(?![\w.])")
PAIR = re.compile(r"\(\s*[0-9]+(?:\s*,\s*[0-9]+)+\s*,?\s*\)")
SHARE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*%")
THOUSANDS = re.compile(r"(?<!\w)[0-9]{1,3}(?:,[0-9]{3})+(?!\w)")
CALL = re.compile(r"([^\W0-9]\w*)\s*\(")
OPEN = frozenset("+-*/%<>=([,")
"""Signs behind which an expression goes on."""
WORDS = frozenset(("if", "else", "and", "or", "not"))
"""Words that may stand before a bracket and call nothing."""


def habits(text: str) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a text that is no expression, and how to mend it, where a habit explains it."""
    if "^" in text or "**" in text:
        powers = POWER.sub(lambda match: "*".join([match[1]] * int(match[2])), text)
        yield "there are no powers", OFFER if "^" in powers or "**" in powers else f"write {powers}"
    if share := SHARE.fullmatch(text.strip()):
        yield "a share is a decimal", f"write {float(share[1]) / 100:g}"
    if "$" in text:
        yield "a parameter is called by its name alone", f"write {re.sub('[${}]', '', text)}"
    if pair := PAIR.fullmatch(text.strip()):
        yield "a list stands in brackets", f"write [{', '.join(re.findall('[0-9]+', pair[0]))}]"
    if text.startswith("(") and ")" not in text:
        yield "a list stands in brackets", "write [3, 3] where Python has (3, 3)"
    if (plain := THOUSANDS.sub(lambda match: match[0].replace(",", ""), text)) != text:
        yield "a number has no comma", f"write {plain}"
    for name in CALL.findall(text):
        if name not in FUNCTIONS and name not in WORDS:
            known = f"the functions are {', '.join(FUNCTIONS)}"
            yield f"there is no function '{name}'", nearest(name, FUNCTIONS) or known
    if text.rstrip()[-1:] in OPEN:
        yield f"it ends with '{text.rstrip()[-1]}'", "a number or a name belongs behind it"
