"""Exercises: the answers are those of the report and of the arithmetic done here, and a session is graded."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.questions.quiz import MOST, OF_LAYERS, TAUGHT, TOPICS, draw, grade

LAYER = re.compile(r"(\w+), ([\w.]+): .*")
WINDOW = re.compile(
    r"A window of (\d+) goes over (\d+) elements(?:, (\d+) at a time)?(?:, without padding)?\. How many "
)
STACK = re.compile(r"(?:(\d+) convolutions|A convolution) of (\d+)×\d+ from (\d+) channels to \d+: ")


def report_of(name, cache={}):  # noqa: B006  # for as long as the tests run
    if name not in cache:
        cache[name] = archcalc.analyze(name)
    return cache[name]


def of_layer(question):
    """Return what the report says of the layer that a question is about."""
    name, layer = LAYER.match(question.text).groups()
    report = report_of(name)
    row = report.rows[report.position(layer)]
    return {
        "size": set(row.output_shape[1:]),
        "params": {row.params},
        "macs": {row.macs},
        "field": {extent.size for extent in row.extents or ()},
    }[question.topic]


def worked_out(question):
    """Return the answer to a question about windows or stacks, worked out here."""
    if question.topic == "compare":
        times, kernel, channels = (int(number or 1) for number in STACK.match(question.text).groups())
        return times * (kernel * channels) ** 2
    kernel, size, stride = (int(number or 1) for number in WINDOW.match(question.text).groups())
    if "must be added" in question.text:
        return next(padding for padding in range(99) if len(range(size + padding - kernel + 1)) == size)
    return len([start for start in range(0, size, stride) if start + kernel <= size])


@given(st.integers(0, 10**6))
def test_every_answer_is_right(seed):
    questions = draw(len(TOPICS), seed)
    assert [question.topic for question in questions] == list(TOPICS)
    for question in questions:
        if question.topic in OF_LAYERS:
            assert question.answer in of_layer(question)
        else:
            assert question.answer == worked_out(question)


def test_the_same_seed_asks_the_same_and_another_something_else():
    assert draw(20, 5) == draw(20, 5)
    assert draw(20, 5) != draw(20, 6)


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_by_itself_without_a_question_twice(topic):
    questions = draw(20, 1, topic=topic)
    assert {question.topic for question in questions} == {topic}
    assert len({question.text for question in questions}) == len(questions) == 20


def test_a_network_by_itself():
    report = report_of("alexnet")
    assert {LAYER.match(question.text)[1] for question in draw(20, 1, report)} == {"alexnet"}
    few = draw(MOST, 1, archcalc.analyze("conv: {out: 2, kernel: 3}", input="1x5x5"))
    assert 1 <= len(few) <= len(OF_LAYERS)  # no question comes twice, and there are no more


def test_the_networks_that_are_asked_about_are_there():
    assert {*TAUGHT} <= {*archcalc.names()}


def test_what_nothing_can_be_asked_about(run):
    with pytest.raises(ArchcalcError, match="there are no questions about 'sizes'"):
        draw(1, 1, topic="sizes")
    with pytest.raises(ArchcalcError, match="there are no questions about 'window'"):
        draw(1, 1, report_of("lenet5"), topic="window")
    outcome = run("quiz", "relu", "--input", "3")
    assert (outcome.status, outcome.out) == (2, "")
    with pytest.raises(ArchcalcError, match=f"no more than {MOST} questions"):
        draw(MOST + 1, 1)


def test_a_network_and_a_topic_go_together_in_any_order(run):
    one, other = (
        run("quiz", *words, "--seed", "1", "--format", "json").out
        for words in (("lenet5", "params"), ("params", "lenet5"))
    )
    assert one == other
    assert {row["topic"] for row in json.loads(one)["rows"]} == {"params"}
    assert all(row["question"].startswith("lenet5, ") for row in json.loads(one)["rows"])
    for words in (("lenet5", "alexnet"), ("params", "macs")):
        assert "one network and one topic at most" in run("quiz", *words).err


@pytest.fixture(scope="module")
def conv1():
    """Return the question for the parameters of AlexNet's first layer."""
    return next(each for each in draw(40, 1, report_of("alexnet"), "params") if each.answer == 34_944)


@pytest.mark.parametrize(("text", "right"), [("34944", True), (" 34,944 ", True), ("34 944", True), ("34_944", True), ("", False), ("34943", False), ("34944.0", False), ("-34944", False), ("٣", False), ("9" * 5000, False)])  # fmt: skip
def test_how_an_answer_may_be_written(text, right, conv1):
    assert grade(text, conv1) is right


def test_a_sheet_holds_no_answers_and_the_answers_follow_with_the_same_seed(run):
    sheet = json.loads(run("quiz", "--seed", "3", "--format", "json").out)
    answers = json.loads(run("quiz", "--seed", "3", "--answers", "--format", "json").out)
    assert [row["number"] for row in sheet["rows"]] == [row["number"] for row in answers["rows"]]
    assert [row["answer"] for row in answers["rows"]] == [each.answer for each in draw(10, 3)]
    assert not {key for row in sheet["rows"] for key in row} & {"answer", "derivation"}


def test_a_draw_without_a_seed_says_which_it_was(run):
    sheet = json.loads(run("quiz", "size", "--format", "json").out)
    again = run("quiz", "size", "--seed", str(sheet["seed"]), "--format", "json").out
    assert json.loads(again) == sheet


@pytest.fixture
def at_a_terminal(monkeypatch):
    """Return a function that runs a quiz whose answers are typed."""
    from click.testing import CliRunner

    from archcalc.commands import quiz

    monkeypatch.setattr(quiz, "is_a_dialogue", lambda: True)
    return lambda *arguments, typed: CliRunner().invoke(quiz.quiz, [*arguments], input=typed, obj=None)


def test_a_session_is_graded(at_a_terminal):
    questions = draw(3, 7)
    typed = f"{questions[0].answer:,}\nnonsense\n{questions[2].answer}\n"
    outcome = at_a_terminal("--seed", "7", "--count", "3", typed=typed)
    assert outcome.exit_code == 0
    assert outcome.output.count("right:") == 2
    assert f"no: {questions[1].derivation.symbols}" in outcome.output
    assert outcome.output.endswith("2 of 3 right\n")


def test_the_end_of_input_ends_a_session(at_a_terminal):
    outcome = at_a_terminal("--seed", "7", typed="1\n")
    assert outcome.exit_code == 0
    assert outcome.output.endswith("of 1 right\n")


def test_conditions_without_a_network_are_refused(run):
    outcome = run("quiz", "--batch", "3")
    assert outcome.status == 2
    assert "none is named" in outcome.err
