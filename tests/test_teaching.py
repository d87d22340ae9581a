"""Exercises and statements of courses: one command answers each, and its page shows the answer."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from known import read_yaml

TOLD = read_yaml(Path(__file__).with_name("teaching.yaml").read_text(encoding="utf-8"))
EVERY = [case for cases in TOLD.values() for case in cases]
ANSWERED = [case for case in EVERY if "untold" not in case]


def rows(page):
    """Return the rows of a page, each a line with the indented lines below it, with single spaces."""
    below = re.sub(r"\n +(?=\S)", " ", page)
    return [" ".join(line.split()) for line in below.splitlines()]


def pattern(row):
    """Return what a row of the data file looks like on a page: a number is a whole one, … stands for anything."""
    pieces = (re.escape(piece.strip()) for piece in row.split("…"))
    return re.compile(".*?".join(rf"(?<![\w·×.,]){piece}(?![\w·×′]|[.,]\d)" for piece in pieces))


@pytest.mark.parametrize("case", [pytest.param(case, id=case["id"]) for case in ANSWERED])
def test_one_command_shows_the_answer(run, case):
    status, out, err = run(*shlex.split(case["command"])[1:])
    assert (status, bool(err)) == ((case["fails"], True) if "fails" in case else (0, False))
    page = rows(out + err)
    for row in case["shows"].splitlines():
        assert any(pattern(row).search(line) for line in page), f"{row} is not in\n{out}{err}"


def test_a_number_is_neither_a_part_of_another_nor_near_it():
    line = "weights k·k·C·M parameters without biases = 5·5·3·1 = 1,075"
    assert pattern("weights … = 1,075").search(line)
    for other in ("= 075", "… 75", "= 1", "weights … = 1,07", "5·3·1 = 1,075", "= 5·5·3"):
        assert not pattern(other).search(line), other


def test_there_are_all_exercises_and_all_groups_of_statements():
    assert len(TOLD["exercises"]) == 63
    assert len({case["id"][:6] for case in TOLD["statements"]}) == 78


def test_each_is_told_once_and_answered_or_not_for_a_reason():
    assert len({case["id"] for case in EVERY}) == len(EVERY)
    for case in EVERY:
        assert {"source", "question"} <= set(case), case
        assert bool(case.get("untold")) != bool(case.get("command") and case.get("shows")), case["id"]
