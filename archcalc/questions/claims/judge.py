"""Judges what sources claim: figures of networks, layers and stacks, relations between them, and formulas."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple, cast

from archcalc.formats.claims_files import ClaimsFile, find_claims
from archcalc.formats.language.claims import COUNTS, Assertion, Claimed, StatedFormula
from archcalc.formats.language.subjects import Subject, name_layers, name_subject
from archcalc.ground.errors import ArchcalcError, ExceededError, Problems
from archcalc.ground.quantity import Claim, Relative, SizeClaim
from archcalc.questions.claims.excerpt import Excerpt
from archcalc.questions.claims.formulas import try_on_layer, try_on_stack, try_on_windows
from archcalc.questions.claims.runs import Runs
from archcalc.questions.finding import Finding, Verdict
from archcalc.sheet.numbers import group_digits

WITH_CHANNELS = (
    "write 'channels: 256' beside it, or a formula such as 'formula: 27C^2, equals: weight_params'"
)
FORMULA_COSTS = 100
"""How many layers a formula that is tried on small cases counts for, where a file asks for too much."""


def judge_claims(file: ClaimsFile, note: Callable[[ArchcalcError], None]) -> Iterator[Finding]:
    """Yield what comes of each claim in a file; `note` is told which cannot be judged, and why."""
    judge = _Judge(file)
    for assertion in file.assertions:
        try:
            yield judge.judge(assertion)
        except ExceededError as error:  # no further claim is looked at
            note(error)
            return
        except ArchcalcError as error:
            note(error)


def check_claims(file: str, note: Callable[[ArchcalcError], None] | None = None) -> list[Finding] | None:
    """Return what comes of each claim in a file; None where it holds none, but a network.

    Args:
        file: its path, or the name of one that archcalc ships, such as "lecture_notes".
        note: told which claims cannot be judged, and why; without it that is an error.

    Raises:
        ArchcalcError: the file cannot be read, or its claims are wrong; or some are about what there is not, all of them.
    """
    located = find_claims(file)
    if located is None:
        return None
    problems = Problems()
    findings = list(judge_claims(located, note or problems.note))
    problems.raise_noted()
    return findings


def judge_figure(excerpt: Excerpt, key: str, claimed: Claimed) -> Finding:
    """Return what comes of a claim about a figure; whoever asks knows what it is about, and who claims it.

    Raises:
        ArchcalcError: it is a figure of a stack that depends on its channels or its input, which are left open.
    """
    value = excerpt.value(key)
    if excerpt.costs is not None and excerpt.channels is None and excerpt.formula(key) is not None:
        raise ArchcalcError(f"{key} of a stack depend on C: {value}", hint=WITH_CHANNELS)
    outcome = _judge(claimed, value) if excerpt.is_known(key) else UNKNOWN
    needs = outcome.verdict == "refuted" or outcome.reading
    finding = _state(key, _number(claimed), value, outcome, excerpt.derive(key) if needs else None)
    return finding._replace(layer=excerpt.layer)


class _Outcome(NamedTuple):
    """Whether a claim holds, and how it has to be read for that."""

    verdict: Verdict
    reading: str | None = None


UPHELD, REFUTED, UNKNOWN = _Outcome("upheld"), _Outcome("refuted"), _Outcome("unknown")


def _state(
    key: str, expected: object, computed: object, outcome: _Outcome, arithmetic: str | None = None
) -> Finding:
    """Return what comes of a claim about a figure, but for what it is about and who claims it."""
    return Finding(
        network=None,
        layer=None,
        figure=key,
        expected=expected,
        computed=computed,
        verdict=outcome.verdict,
        source="",
        reading=outcome.reading,
        arithmetic=arithmetic,
    )


def _number(claimed: Claimed) -> object:
    """Return the number that is claimed, or the sizes."""
    if isinstance(claimed, SizeClaim):
        return claimed.readings[0].value
    return claimed.value if isinstance(claimed, Claim) else claimed


def _judge(claimed: Claimed, value: object) -> _Outcome:
    """Return whether a value is what is claimed, at the precision of the claim."""
    if isinstance(claimed, SizeClaim):
        outcomes = [_judge(reading, value) for reading in claimed.readings]
        for outcome, reading in zip(outcomes, claimed.readings, strict=True):
            if outcome == UPHELD:
                return UPHELD._replace(reading=f"as {reading.unit}" if reading.unit else None)
        return outcomes[0]
    if not isinstance(claimed, Claim):
        return UPHELD if value == claimed else REFUTED
    if not isinstance(value, int | float | Fraction):
        return REFUTED
    if claimed.rounds_from(value):
        return UPHELD
    return UPHELD._replace(reading="cut not rounded") if claimed.cut_from(value) else REFUTED


class _Judge:
    """Judges the claims of a file; what several are about is looked at once."""

    def __init__(self, file: ClaimsFile) -> None:
        self.runs = Runs(file)

    def judge(self, assertion: Assertion) -> Finding:
        """Return what comes of a claim."""
        subject, than = assertion.subject, assertion.than
        try:
            finding = self._compare(assertion, than) if than else self._look(assertion)
        except ExceededError:
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
        excerpt = self.runs.select(subject)
        if not key.startswith(f"{COUNTS}."):
            return judge_figure(excerpt, key, value)
        kind = key.partition(".")[2]
        count = excerpt.count(kind)
        outcome = _judge(value, count)
        names = None if outcome == UPHELD else excerpt.name_counted(kind)
        return _state(key, cast("Claim", value).value, count, outcome, names)

    def _try(self, assertion: Assertion, formula: str) -> Finding:
        """Return what comes of a formula."""
        key = assertion.figure
        if assertion.subject.of is None:
            self.runs.spend(FORMULA_COSTS)
            tried = try_on_windows(formula, assertion.subject.rounding, assertion.subject.set)
        else:
            excerpt = self.runs.select(assertion.subject)
            in_channels = None if excerpt.channels else excerpt.formula(key)
            if in_channels is None or excerpt.costs is None:
                tried = try_on_layer(formula, excerpt, key)
            else:
                tried = try_on_stack(formula, in_channels, excerpt.costs.multiple)
        return _state(
            key, None, tried.really, REFUTED if tried.counterexample else UPHELD, tried.counterexample
        )

    def _compare(self, assertion: Assertion, than: Subject) -> Finding:
        """Return what comes of a claim about a subject beside another one."""
        key, claimed = assertion.figure, cast("Relative", assertion.value)
        sides = [self.runs.select(each) for each in (assertion.subject, than)]
        values = [side.value(key) for side in sides]
        expected = claimed.claim.value
        if not all(side.is_known(key) for side in sides):
            return _state(key, expected, None, UNKNOWN)
        amounts, texts = _amounts(values, key)
        try:
            measured = claimed.measure(*amounts)
        except ZeroDivisionError:
            raise ArchcalcError(f"there is no {key} to put it in relation to") from None
        outcome = _judge(claimed.claim, measured)
        computed = int(measured) if claimed.relation in ("more", "fewer") else measured
        return _state(key, expected, computed, outcome, _relate(claimed, amounts, texts, measured))


def _relate(
    claimed: Relative, amounts: Sequence[int | Fraction], texts: Sequence[str], measured: Fraction
) -> str:
    """Return how two amounts are related, in numbers, and what that is in the words of a claim."""
    first, other = amounts
    words = claimed.relation.removeprefix("%").removeprefix("times").strip()
    if claimed.relation in ("more", "fewer"):
        difference = group_digits(int(first - other))
        return f"{' − '.join(texts)} = {difference}"
    ratio = f"{' / '.join(texts)} = {float(Fraction(first) / Fraction(other)):.4g}"
    if claimed.relation == "times":
        return ratio
    if claimed.relation == "times fewer":
        return f"{ratio}: {float(measured):.4g} times fewer"
    return f"{ratio}: {float(measured):.4g}% {words}".rstrip()


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
