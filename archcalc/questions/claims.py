"""Judges what sources claim: figures of networks, layers and stacks, relations between them, and formulas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

from archcalc.formats.claims import ClaimsFile, find_claims
from archcalc.formats.language.claims import COUNTS, Assertion, Claimed, StatedFormula
from archcalc.formats.language.subjects import Subject, name_layers, name_subject
from archcalc.ground.errors import ArchcalcError, ExceededError, Problems
from archcalc.ground.quantity import Claim, Relative, SizeClaim
from archcalc.questions.finding import Finding, Verdict
from archcalc.questions.formulas import try_on_layer, try_on_stack, try_on_windows
from archcalc.questions.selection import Selection
from archcalc.questions.subjects import Subjects
from archcalc.sheet.numbers import group_digits

FORMULA_COSTS = 100
"""How many layers a formula that is tried on small cases counts for, where a file asks for too much."""


def judge_claims(file: ClaimsFile) -> Iterator[Finding]:
    """Yield what comes of each claim in a file.

    Raises:
        ArchcalcError: claims are about what there is not, all of them.
    """
    judge, problems = _Judge(file), Problems()
    for assertion in file.assertions:
        with problems.noted():
            yield judge.judge(assertion)
    problems.raise_noted()


def check_claims(file: str) -> list[Finding] | None:
    """Return what comes of each claim in a file; None where it holds none, but a network.

    Args:
        file: its path, or the name of one that archcalc ships, such as "lecture_notes".

    Raises:
        ArchcalcError: claims are wrong, or about what there is not, all of them.
    """
    located = find_claims(file)
    return None if located is None else list(judge_claims(located))


def judge_figure(selection: Selection, key: str, claimed: Claimed) -> Finding:
    """Return what comes of a claim about a figure; whoever asks knows what it is about, and who claims it."""
    value = selection.value(key)
    verdict = _judge(claimed, value) if selection.is_known(key) else "unknown"
    needs = verdict not in ("upheld", "unknown")
    finding = _finding(key, _number(claimed), value, verdict, selection.derive(key) if needs else None)
    return finding._replace(layer=selection.layer)


def _finding(
    key: str, expected: object, computed: object, verdict: Verdict, arithmetic: str | None = None
) -> Finding:
    """Return what comes of a claim about a figure, but for what it is about and who claims it."""
    return Finding(
        network=None,
        layer=None,
        figure=key,
        expected=expected,
        computed=computed,
        verdict=verdict,
        source="",
        arithmetic=arithmetic,
    )


def _number(claimed: Claimed) -> object:
    """Return the number that is claimed, or the sizes."""
    if isinstance(claimed, SizeClaim):
        return claimed.readings[0].value
    return claimed.value if isinstance(claimed, Claim) else claimed


def _judge(claimed: Claimed, value: object) -> Verdict:
    """Return whether a value is what is claimed, at the precision of the claim."""
    if isinstance(claimed, SizeClaim):
        verdicts = [_judge(reading, value) for reading in claimed.readings]
        if "upheld" in verdicts:
            unit = claimed.readings[verdicts.index("upheld")].unit
            return cast("Verdict", f"upheld, as {unit}") if unit else "upheld"
        return verdicts[0]
    if not isinstance(claimed, Claim):
        return "upheld" if value == claimed else "refuted"
    if not isinstance(value, int | float | Fraction):
        return "refuted"
    if claimed.rounds_from(value):
        return "upheld"
    return "upheld, cut not rounded" if claimed.cut_from(value) else "refuted"


class _Judge:
    """Judges the claims of a file; what several are about is looked at once."""

    def __init__(self, file: ClaimsFile) -> None:
        self.subjects = Subjects(file)

    def judge(self, assertion: Assertion) -> Finding:
        """Return what comes of a claim."""
        subject, than = assertion.subject, assertion.than
        try:
            finding = self._compare(assertion, than) if than else self._look(assertion)
        except ExceededError:  # no further claim is looked at
            raise
        except ArchcalcError as error:
            if error.place:
                raise
            raise ArchcalcError(error.fact, place=assertion.at.place(), hint=error.hint) from None
        names = [name_subject(each) for each in (subject, than) if each and each.of]
        layers = [name_layers(each) for each in (subject, than) if each]
        return finding._replace(
            network=_against(names) or None,
            layer=_against(layers) or None,
            source=assertion.source,
            claim=assertion.text,
        )

    def _look(self, assertion: Assertion) -> Finding:
        """Return what comes of a claim about one subject."""
        key, value, subject = assertion.figure, assertion.value, assertion.subject
        if isinstance(value, StatedFormula):
            return self._try(assertion, value.text)
        selection = self.subjects.select(subject)
        if not key.startswith(f"{COUNTS}."):
            return judge_figure(selection, key, value)
        kind = key.partition(".")[2]
        count = selection.count(kind)
        verdict = _judge(value, count)
        names = None if verdict == "upheld" else selection.name_counted(kind)
        return _finding(key, cast("Claim", value).value, count, verdict, names)

    def _try(self, assertion: Assertion, formula: str) -> Finding:
        """Return what comes of a formula."""
        key = assertion.figure
        if assertion.subject.of is None:
            self.subjects.spend(FORMULA_COSTS)
            tried = try_on_windows(formula, assertion.subject.rounding, assertion.subject.set)
        else:
            selection = self.subjects.select(assertion.subject)
            is_open = selection.costs is not None and selection.channels is None
            tried = (try_on_stack if is_open else try_on_layer)(formula, selection, key)
        verdict: Verdict = "refuted" if tried.counterexample else "upheld"
        return _finding(key, None, tried.really, verdict, tried.counterexample)

    def _compare(self, assertion: Assertion, than: Subject) -> Finding:
        """Return what comes of a claim about a subject beside another one."""
        key, claimed = assertion.figure, cast("Relative", assertion.value)
        sides = [self.subjects.select(each) for each in (assertion.subject, than)]
        values = [side.value(key) for side in sides]
        expected = claimed.claim.value
        if not all(side.is_known(key) for side in sides):
            return _finding(key, expected, None, "unknown")
        amounts, texts = _amounts(values, key)
        try:
            measured = claimed.measure(*amounts)
        except ZeroDivisionError:
            raise ArchcalcError(f"there is no {key} to put it in relation to") from None
        verdict = _judge(claimed.claim, measured)
        difference = claimed.relation in ("more", "fewer")
        computed = amounts[0] - amounts[1] if difference else Fraction(amounts[0]) / Fraction(amounts[1])
        sign, result = (
            (" − ", group_digits(int(computed))) if difference else (" / ", f"{float(computed):.4g}")
        )
        arithmetic = None if verdict == "upheld" else f"{sign.join(texts)} = {result}"
        return _finding(key, expected, int(computed) if difference else computed, verdict, arithmetic)


def _amounts(values: Sequence[object], key: str) -> tuple[list[int | Fraction], list[str]]:
    """Return two values as numbers, and as they are written; two formulas in C as their ratio, where C leaves it."""
    if all(isinstance(value, int) for value in values):
        numbers = cast("list[int]", values)
        return list(numbers), [group_digits(number) for number in numbers]
    from archcalc.arithmetic.polynomial import Formula as InChannels

    first, other = values
    if isinstance(first, InChannels) and isinstance(other, InChannels):
        ratio = first.over(other)
        if isinstance(ratio, Fraction):
            return [ratio, Fraction(1)], [str(first), str(other)]
        raise ArchcalcError(
            f"the ratio of {key} depends on C: {first} / {other}", hint="write 'channels: 256' beside it"
        )
    raise ArchcalcError(f"{key} has no relation to another", hint="numbers have one")


def _against(names: Sequence[str]) -> str:
    """Return one name, or both where they differ."""
    return " against ".join(dict.fromkeys(name or "the whole" for name in names)) if any(names) else ""
