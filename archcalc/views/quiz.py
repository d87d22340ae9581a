"""Exercises as a sheet to fill in, and their answers as another."""

from __future__ import annotations

from collections.abc import Sequence

from archcalc.questions.quiz import Question
from archcalc.sheet.kinds import COUNT, DERIVATION, TEXT, WORDS
from archcalc.sheet.sheet import Column, Sheet

NUMBER = Column("number", "", COUNT, "the question's number")
QUESTIONS = (
    NUMBER,
    Column("topic", "topic", TEXT, "what it is about", 1),
    Column("question", "question", WORDS, "what is asked"),
)
ANSWERS = (
    NUMBER,
    Column("answer", "answer", COUNT, "the answer"),
    Column("derivation", "symbols = numbers = result", DERIVATION, "how it comes about"),
)


def sheet(questions: Sequence[Question], seed: int) -> Sheet:
    """Return a row for each question."""
    return Sheet(
        columns=QUESTIONS,
        rows=tuple((number, each.topic, each.text) for number, each in enumerate(questions, 1)),
        title=f"quiz {seed}",
        notes=(f"--seed {seed} asks the same again, with --answers what is right",),
        facts={"seed": seed},
    )


def answers(questions: Sequence[Question], seed: int) -> Sheet:
    """Return a row for each answer, and how it comes about."""
    return Sheet(
        columns=ANSWERS,
        rows=tuple((number, each.answer, each.derivation.steps) for number, each in enumerate(questions, 1)),
        title=f"answers to quiz {seed}",
        facts={"seed": seed},
    )
