"""The command that asks."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack

import click

from archcalc.commands.completions import complete_model
from archcalc.commands.group import cli
from archcalc.commands.options import (
    ConditionOptions,
    analyze_model,
    condition_options,
    examples,
    input_option,
)
from archcalc.commands.output import destination, emit, page_options
from archcalc.commands.values import Whole
from archcalc.ground.errors import ArchcalcError, visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from archcalc.questions.quiz import Question

SEEDS = 10_000
"""Draws that are made where no seed is given: few enough to be copied from a blackboard."""


def complete_subject(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem[str]]:
    """Return the topics that a word begins, then the networks."""
    from click.shell_completion import CompletionItem

    from archcalc.questions.quiz import TOPICS

    topics = [CompletionItem(topic) for topic in TOPICS if topic.startswith(incomplete)]
    return [*topics, *complete_model(ctx, param, incomplete)]


@cli.command(
    epilog=examples(
        "quiz",
        "quiz alexnet --seed 7",
        "quiz alexnet --seed 7 --answers",
        "quiz lenet5 params --count 5",
        "quiz window --count 20 --format markdown",
    )
)
@click.argument("subjects", nargs=-1, metavar="[MODEL] [TOPIC]", shell_complete=complete_subject)
@click.option("--count", type=Whole(), metavar="N", default=10, help="How many questions.  [default: 10]")
@click.option("--seed", type=Whole(0), metavar="N", help="Which draw; the same number asks the same again.")
@click.option(
    "--answers", "with_answers", is_flag=True, help="Print what is right, and why, in place of the questions."
)
@input_option
@condition_options
@page_options
def quiz(
    form: str,
    subjects: tuple[str, ...],
    count: int,
    seed: int | None,
    with_answers: bool,
    settings: tuple[str, ...],
    **conditions: Unpack[ConditionOptions],
) -> None:
    """Ask questions whose answers are worked out, at a terminal; elsewhere print them as a sheet.

    They are about the layers of a MODEL, or of networks from lecture notes, and about all topics or one TOPIC: size, params, macs,
    field, window (what fits, and what comes out) or compare (stacks of kernels). A wrong answer is told the arithmetic.
    """
    from random import randrange

    from archcalc.questions.quiz import TOPICS, draw
    from archcalc.views import quiz as page

    models = [subject for subject in subjects if subject not in TOPICS]
    topics = [subject for subject in subjects if subject in TOPICS]
    if len(models) > 1 or len(topics) > 1:
        raise ArchcalcError(
            "a quiz is about one network and one topic at most",
            hint=f"the topics are {', '.join(TOPICS)}; leave out what is neither",
        )
    topic = topics[0] if topics else None
    report = analyze_model(models[0], settings, **conditions) if models else None
    if report is None and (settings or any(conditions.values())):
        raise ArchcalcError(
            "conditions are those of a network, and none is named", hint="archcalc quiz MODEL asks about one"
        )
    seed = randrange(SEEDS) if seed is None else seed  # noqa: S311  # exercises, and no secret
    questions = draw(count, seed, report, topic)
    if with_answers:
        emit(page.answers(questions, seed), form)
    elif form == "table" and destination() is None and is_a_dialogue():
        _ask(questions)
    else:
        emit(page.sheet(questions, seed), form)


def is_a_dialogue() -> bool:
    """Tell whether a person reads and types."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _ask(questions: Sequence[Question]) -> None:
    """Ask one question after the other, tell how each answer comes about, and how many were right; an end of input ends it."""
    from archcalc.questions.quiz import grade
    from archcalc.sheet.kinds import DERIVATION

    right = asked = 0
    for number, question in enumerate(questions, 1):
        try:
            text = click.prompt(f"{number}. {visible(question.text)}\n  ", default="", show_default=False)
        except click.Abort:
            click.echo()
            break
        asked += 1
        is_right = grade(text, question)
        right += is_right
        click.echo(f"   {'right' if is_right else 'no'}: {DERIVATION.flatten(question.derivation.steps)}\n")
    click.echo(f"{right} of {asked} right")
