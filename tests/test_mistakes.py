"""Whatever stands where a network, a layer, a sum or a size belongs: an answer in words and the status 2, or a page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.commands.explain import is_sum
from archcalc.formats.language.expressions import work_out
from archcalc.op.settings import extents
from archcalc.questions.stacks import stack

ODD = [".", "..", "/", "./", "../", "//", "a/", "~", " ", "''", ":", ":x", "x:", ".yaml", "..yaml", "/.yaml", "-x", "%", "7^2", "1/0", "()", "3x", "x3", "3/", "/3", "*", "…", "0", "a" * 300]  # fmt: skip
"""Words that are no network, and that reading them as a path, a sum or a stack might trip over."""
COMMANDS = ["show {}", "explain {}", "explain lenet5 {}", "compare {} 3x3", "check {}", "export lenet5 --to {}", "ops {}", "size {} -k 3", "show lenet5 --input {}", "show lenet5 --set {}", "show lenet5 --columns {}", "{}"]  # fmt: skip


@pytest.mark.usefixtures("few_of_ours")
@pytest.mark.parametrize("line", COMMANDS)
def test_an_odd_word_is_answered_in_words(run, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    for word in ODD:
        outcome = run(*(part.format(word) for part in line.split()))
        assert outcome.status in (0, 1, 2), word
        assert bool(outcome.err) == (outcome.status != 0), word
        assert "Traceback" not in outcome.err, word
        assert list(tmp_path.iterdir()) == [], word


@pytest.mark.parametrize("line", ["foo", "show ./foo.yaml", "show lenet5 foo", "export lenet5 foo"])
def test_a_mistake_is_answered_where_a_folder_of_specs_is_gone(run, tmp_path, line):
    outcome = run(*line.split(), ARCHCALC_PATH=tmp_path / "gone")
    assert outcome.status == 2
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize(
    "name", ["a\0.yaml", "a\0b/net.yaml", "a" * 300, "a" * 300 + "/net.yaml", "a/" + "b" * 300 + ".onnx"]
)
def test_a_file_that_cannot_be_is_missed_in_words(name):
    with pytest.raises(ArchcalcError):
        archcalc.load(name)


@given(st.text("0123456789+-*/%^()<>=!., xX×·abif", max_size=20))
def test_any_text_is_a_sum_or_refused(text):
    if is_sum(text):
        try:
            assert isinstance(work_out(text), int | float | bool | tuple)
        except ArchcalcError as error:
            assert error.fact.startswith((f"'{text}'", "a value of"))  # noqa: PT017


@given(st.lists(st.integers(1, 4096), min_size=2, max_size=8), st.sampled_from(["({})", "[{}]", "{}", "torch.Size([{}])"]), st.sampled_from([", ", ",", " ", "*", " * ", ";"]))  # fmt: skip
def test_a_size_in_another_spelling_is_told_the_one_to_write(sizes, around, between):
    with pytest.raises(ArchcalcError) as caught:
        extents(around.format(between.join(map(str, sizes))))
    if len(str(caught.value)) < 100:
        word, right = caught.value.hint.split()
        assert word == "write"
        assert extents(right) == tuple(sizes)


@given(st.integers(1, 99), st.integers(1, 99), st.integers(1, 9))
def test_a_kernel_in_another_spelling_is_told_the_one_to_write(height, width, times):
    for text, right in (
        (f"{times}*{height}x{width}", f"{height}x{width}*{times}"),
        (f"{height}*{width}", f"{height}x{width}"),
        (f"{height}x{width} {width}x{height}", f"{height}x{width},{width}x{height}"),
    ):
        with pytest.raises(ArchcalcError) as caught:
            stack(text)
        assert right in caught.value.hint
        assert stack(right).layers
