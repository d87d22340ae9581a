"""The bounds on a spec: each can be moved, says how where it is met, and moved anyhow lets nothing crash."""

import re

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.language.expressions import parse
from archcalc.formats.language.read import Document, override
from archcalc.ground.errors import SourceText
from archcalc.ground.limits import (
    BRACKETS,
    EXPRESSION,
    FILE_BYTES,
    LAYERS,
    LIMITS,
    NAME,
    NESTING,
    STACK_LAYERS,
    VALUES,
)
from archcalc.questions.stacks import stack


def spec(layers, extra=""):
    return f"input: 3x64x64\n{extra}layers: [{layers}]\n"


MET = [
    # bound, the least value with which the spec is read (counted by hand), the spec
    (FILE_BYTES, len("input: 3x64x64\nlayers: [relu]\n"), spec("relu")),
    (VALUES, 6, spec("relu")),  # the whole, two keys, a size, a list, a word
    (LAYERS, 4, spec("relu, relu, relu, relu")),
    (LAYERS, 5, spec("repeat: {times: 4, layers: [relu]}")),  # the repeat and its rounds, beside four layers
    (NESTING, 6, spec("maxpool: {kernel: [2, 2]}")),  # three mappings, two lists, a number
    (NAME, 4, spec("relu: {name: four}")),
    (EXPRESSION, 5, spec("maxpool: 1 + 1")),
    (BRACKETS, 4, spec("maxpool: (((2)))")),  # three and the expression itself
]


@pytest.mark.parametrize(("limit", "enough", "text"), MET, ids=[limit.variable for limit, _, _ in MET])
def test_a_bound_holds_where_the_environment_puts_it_and_says_so(tmp_path, monkeypatch, limit, enough, text):
    path = tmp_path / "net.yaml"
    path.write_text(text)
    monkeypatch.setenv(limit.variable, str(enough))
    parse.cache_clear()
    assert archcalc.analyze(archcalc.load(path)).rows
    monkeypatch.setenv(limit.variable, str(enough - 1))
    parse.cache_clear()
    with pytest.raises(ArchcalcError) as caught:
        archcalc.load(path)
    assert f" {enough - 1} " in f"{caught.value.fact} "
    assert f"set {limit.variable} to allow more" in caught.value.hint


def test_the_layers_of_a_stack_are_bounded_likewise(monkeypatch):
    monkeypatch.setenv(STACK_LAYERS.variable, "4")
    assert len(stack("3x3,3x3*3").layers) == 4
    with pytest.raises(ArchcalcError, match="more than 4 layers") as caught:
        stack("3x3,3x3*4")
    assert caught.value.hint == "set ARCHCALC_MAX_STACK_LAYERS to allow more"


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.variable)
def test_every_bound_is_on_the_first_page_of_help(run, limit):
    out = run("--help", COLUMNS=100).out
    assert re.search(rf"^  {limit.variable} +\w.*\[default: {limit.default:,}\]$", out, re.MULTILINE)
    assert limit.value == limit.default


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "1e6", "²", " 7", "9" * 5000, "\x1b[31m"])
@pytest.mark.parametrize("line", ["show lenet5", "list", "check lenet5", "compare 3x3 lenet5"])
def test_a_value_that_is_no_bound_is_an_error(run, line, value):
    outcome = run(*line.split(), **{LAYERS.variable: value})
    assert outcome.status == (1 if line.startswith("check") else 2)
    assert "the environment variable ARCHCALC_MAX_LAYERS is '" in outcome.err
    assert "': it must be a whole number from 1 to 1,000,000,000,000,000,000\n" in outcome.err
    assert outcome.err.count("\n") <= 3
    assert all(part.isprintable() for part in outcome.err.split("\n"))


def test_an_empty_value_is_none(run):
    assert run("show", "lenet5", ARCHCALC_MAX_LAYERS="").status == 0


@pytest.mark.parametrize("variable", [NESTING.variable, BRACKETS.variable])
def test_nesting_is_not_raised_past_what_python_could_ever_follow(run, variable):
    assert run("show", "lenet5", **{variable: "1000"}).status == 0
    assert f"{variable} is '1001': it must be a whole number from 1 to 1,000\n" in (
        run("show", "lenet5", **{variable: "1001"}).err
    )


def chain(times, link):
    """Return blocks that each hold the next one, `link` saying how."""
    blocks = (f"  b{i}: {{layers: [{link.format(i + 1)}]}}\n" for i in range(times))
    return f"blocks:\n{''.join(blocks)}  b{times}: {{layers: [relu]}}\n"


DEEP = {
    "lists, past the bound": spec("maxpool: " + "[\n" * 10**5 + "1" + "]" * 10**5),
    "lists, past the bound, on one line": spec("maxpool: " + "[" * 10**5 + "1" + "]" * 10**5),
    "lists": spec("maxpool: " + "[" * 900 + "1" + "]" * 900),
    "layers that are lists": spec("[" * 900 + "]" * 900),
    "mappings": spec("{a: " * 900 + "1" + "}" * 900),
    "blocks": spec("b0", chain(900, "b{}")),
    "blocks in branches": spec("b0", chain(900, "add: [[b{}], []]")),
    "branches": spec("{add: [[" * 240 + "relu" + "], []]}" * 240),
    "repeats": spec("{repeat: {times: 1, name: a, layers: [" * 240 + "relu" + "]}}" * 240),
    "aliases": "input: 3x8x8\nlayers: [relu]\nparameters:\n  a0: &a0 [1]\n"
    + "".join(f"  a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 900)),
    "brackets": spec(f"linear: {'(' * 900}1{')' * 900}"),
    "brackets, past the bound": spec(f"linear: {'(' * 10**5}1{')' * 10**5}"),
    "items": spec(f'linear: "{"n[" * 900}0{"]" * 900}"', "parameters: {n: [0]}\n"),
    "a long sum": spec("linear: 1" + " + 1" * 10**4),
    "a long condition": spec("linear: 1" + " if 1 else 1" * 10**4),
    "many nots": spec("dropout: " + "not " * 10**4 + "1"),
    "a long size": spec("maxpool: " + "1x" * 10**5 + "1"),
    "what begins like a long size": spec("maxpool: " + "1x" * 10**5 + "!"),
    "what begins like a long number": spec(f'maxpool: "{"1" * 10**5}!"'),
}


@pytest.fixture
def _raised(monkeypatch):
    for limit in LIMITS:
        monkeypatch.setenv(limit.variable, str(limit.most))
    parse.cache_clear()


@pytest.mark.slow
@pytest.mark.usefixtures("_raised")
@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_with_every_bound_raised_there_is_a_report_or_an_error(text):
    found = None
    try:
        report = archcalc.analyze(Document(SourceText("net.yaml", text)).network())
    except ArchcalcError as error:
        found = error
    if found is None:
        assert report.rows
    else:
        assert all(line.isprintable() for line in str(found).split("\n"))
        assert "environment variable" not in found.fact


@pytest.mark.usefixtures("_raised")
def test_what_python_cannot_follow_says_so():
    with pytest.raises(ArchcalcError, match="deeper than Python can follow") as caught:
        Document(SourceText("net.yaml", DEEP["blocks"])).network()
    assert "ARCHCALC_MAX_NESTING" in caught.value.hint
    with pytest.raises(ArchcalcError, match="deeper than Python can follow"):
        override(f"n={'[' * 900}1{']' * 900}")


@pytest.mark.parametrize("line", ["show", "show --depth all", "tree", "explain", "params --formula", "check"])
@pytest.mark.parametrize("kind", ["branches", "repeats", "blocks"])
def test_no_command_crashes_on_a_deep_network(run, tmp_path, line, kind):
    path = tmp_path / "net.yaml"
    path.write_text(DEEP[kind])
    outcome = run(*line.split(), path, **{NESTING.variable: NESTING.most})
    assert (outcome.status, bool(outcome.out)) == (0, True) or "deeper than Python" in outcome.err


def test_the_variants_of_a_spec_are_bounded_together(run, tmp_path):
    """A file of a few kilobytes asked for thirty million layers."""
    variants = "".join(f"  v{n}: {{t: {900 - n}}}\n" for n in range(300))
    path = tmp_path / "net.yaml"
    path.write_text(
        f"input: 3x8x8\nparameters: {{t: 1}}\nvariants:\n{variants}"
        "layers:\n  - repeat: {times: t, layers: [relu]}\n"
    )
    outcome = run("check", str(path), ARCHCALC_MAX_LAYERS="1000")
    assert outcome.status == 1
    assert outcome.err.count("layers together") == 1
    assert "v5" not in outcome.out
