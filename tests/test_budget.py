"""Limits on figures: stated in a spec's budget or on the command line, held under the conditions asked for."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.budget import OPERATORS, judge, limit, limitable
from archcalc.analysis.figures import FIGURES
from archcalc.commands.cli import cli
from archcalc.network.network import Limit
from archcalc.sheet.kinds import BYTES, DURATION

# 3·3·3·4 weights and 4 biases: 112 parameters; 6·6·4 outputs of 27 MACs each: 3,888. The input of 192 numbers and the
# convolution's 144 are alive together, and then twice 144: 336·4 and 288·4 bytes.
SPEC = """\
name: n
input: 3x8x8
layers:
  - conv: {name: c, out: 4, kernel: 3}
  - relu
budget: BUDGET
"""


def spec(budget):
    return SPEC.replace("BUDGET", budget)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params <= 5M", ("params", "<=", 5_000_000)),
        ("params<=5M", ("params", "<=", 5_000_000)),
        ("  macs  <  1.5G ", ("macs", "<", 1_500_000_000)),
        ("flops > 3k", ("flops", ">", 3_000)),
        ("params >= 1,000", ("params", ">=", 1000)),
        ("macs <= 2T", ("macs", "<=", 2 * 10**12)),
        ("depth == 18", ("depth", "==", 18)),
        ("peak_bytes <= 256KiB", ("peak_bytes", "<=", 256 * 1024)),
        ("memory_bytes <= 64 MiB", ("memory_bytes", "<=", 64 * 1024**2)),
        ("weight_bytes <= 1.5GB", ("weight_bytes", "<=", 1_500_000_000)),
        ("activation_bytes <= 100", ("activation_bytes", "<=", 100)),
        ("time_us <= 5ms", ("time_us", "<=", 5000)),
        ("time_us < 250", ("time_us", "<", 250)),
        ("time_us@rpi5 >= 1.5 s", ("time_us@rpi5", ">=", 1_500_000)),
        ("time_us@./My-Board.yaml <= 2.5us", ("time_us@./My-Board.yaml", "<=", 2.5)),
    ],
)
def test_a_limit_is_a_key_an_operator_and_a_quantity(text, expected):
    assert limit(text)[:3] == expected


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        ("", "'' is no limit", "KEY OP VALUE"),
        ("params", "'params' is no limit", "KEY OP VALUE"),
        ("params <=", "'params <=' is no limit", "KEY OP VALUE"),
        ("<= 5M", "'<= 5M' is no limit", "KEY OP VALUE"),
        ("params = 5M", "'params = 5M' is no limit", "<=, <, >=, > or =="),
        ("params != 5M", "'params != 5M' is no limit", "KEY OP VALUE"),
        ("params =< 5M", "'params =< 5M' is no limit", "KEY OP VALUE"),
        ("params <== 5M", "'params <== 5M' is no limit", "KEY OP VALUE"),
        ("peak_byte <= 5M", "there is no limit on 'peak_byte'", "peak_bytes"),
        ("Params <= 5M", "there is no limit on 'Params'", "params"),
        ("jump <= 5", "there is no limit on 'jump'", "choose from params, fixed"),
        ("params_share <= 5", "there is no limit on 'params_share'", "params"),
        ("params <= 5MiB", "limit on params: '5MiB' is no quantity", None),
        ("params <= -5", "limit on params: '-5' is no quantity", None),
        ("params <= 1.5", "limit on params: '1.5' is no whole number", "5M or 1.5G"),
        ("peak_bytes <= 5M", "limit on peak_bytes: '5M' is no quantity such as 64MiB", None),
        ("peak_bytes <= 5M", "limit on peak_bytes: '5M'", "5MiB (2^20) or 5MB (10^6)"),
        ("peak_bytes <= 24 g", "limit on peak_bytes: '24 g'", "24GiB (2^30) or 24GB (10^9)"),
        ("peak_bytes <= 1.5k", "limit on peak_bytes: '1.5k'", "1.5KiB (2^10) or 1.5KB (10^3)"),
        ("peak_bytes <= 24Gb", "limit on peak_bytes: '24Gb'", "Gb are bits: 24GiB (2^30) or 24GB (10^9)"),
        ("params <= 5M, macs <= 1G", "limit on params: '5M, macs <= 1G'", "and, or, not join limits"),
        ("params <= 5M AND macs <= 1G", "limit on params: '5M AND macs <= 1G'", "and, or, not join limits"),
        ("params <= 5M && macs <= 1G", "limit on params: '5M && macs <= 1G'", "and, or, not join limits"),
        ("params <= 5M and", "'params <= 5M and' is no limit: a limit is missing at the end", "and, or, not"),
        ("or params <= 5M", "'or params <= 5M' is no limit: a limit is missing before 'or'", "and, or, not"),
        ("not", "'not' is no limit: a limit is missing at the end", "and, or, not"),
        (
            "params <= 5M and or macs <= 1G",
            "'params <= 5M and or macs <= 1G' is no limit: a limit is missing before 'or'",
            None,
        ),
        ("(params <= 5M", "'(params <= 5M' is no limit: a ( is not closed", "and, or, not"),
        ("params <= 5M)", "'params <= 5M)' is no limit: a ) closes nothing", "and, or, not"),
        (
            "(depth > 1) macs <= 1G",
            "'(depth > 1) macs <= 1G' is no limit: nothing joins 'macs <= 1G' to it",
            None,
        ),
        ("depth > 1 and heat < 5", "there is no limit on 'heat'", "choose from"),
        ("(" * 31 + "depth > 1" + ")" * 31, "a limit is nested more than 30 deep", "ARCHCALC_MAX_BRACKETS"),
        ("depth > 1 and " * 40 + "depth > 1", "a limit has 569 characters", "ARCHCALC_MAX_EXPRESSION"),
        ("params <= 5\x1b[31m", "limit on params", None),
    ],
)
def test_what_is_no_limit_is_answered_with_the_way_to_write_one(text, fact, hint):
    with pytest.raises(ArchcalcError) as caught:
        limit(text)
    assert caught.value.fact.startswith(fact)
    assert (hint or "") in (caught.value.hint or "")
    assert str(caught.value).replace("\n", "").isprintable()


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("bound", [111, 112, 113])
def test_an_operator_says_how_the_figure_stands_to_the_bound(network, operator, bound):
    (finding,) = archcalc.check(network(spec(f"params {operator} {bound}")))
    holds = eval(f"112 {operator} {bound}")  # noqa: S307  # the operators are Python's own
    assert (finding.computed, finding.verdict) == (112, "ok" if holds else "wrong")


@pytest.mark.parametrize(
    ("conditions", "peak"),
    [
        ("", 336 * 4),
        ("--batch 2", 2 * 336 * 4),
        ("--dtype float16", 336 * 2),
        ("--input 3x10x10", (300 + 256) * 4),
        ("--set out=1", (192 + 36) * 4),
    ],
)
def test_limits_are_held_under_the_conditions(run, conditions, peak):
    """The budget and `--limit` say the same thing."""
    text = (
        SPEC.replace("out: 4", "out: out").replace("BUDGET", f"peak_bytes <= {peak}")
        + "parameters: {out: 4}\n"
    )
    rest = (*conditions.split(), "--limit", f"peak_bytes < {peak}", "--format", "json")
    outcome = run("check", "-", *rest, stdin=text)
    rows = [
        {key: row[key] for key in ("figure", "operator", "expected", "computed", "verdict", "source")}
        for row in json.loads(outcome.out)["rows"]
    ]
    about = {"figure": "peak_bytes", "expected": peak, "computed": peak}
    assert rows == [
        about | {"operator": "<=", "verdict": "ok", "source": "the budget"},
        about | {"operator": "<", "verdict": "wrong", "source": "the command line"},
    ]
    assert outcome.status == 1


def test_conditions_reach_the_heads_and_the_rounding(run):
    """GoogLeNet of torchvision: 6,624,904 parameters, 13,004,888 with its heads; ResNet-18 rounds up to 113×113."""
    line = ("check", "googlenet_torchvision", "--limit", "params <= 6.7M")
    assert [run(*line, *more).status for more in ((), ("--train",))] == [0, 1]
    line = ("check", "resnet18", "--limit", "macs <= 1.9G")
    assert [run(*line, *more).status for more in ((), ("--rounding", "ceil"))] == [0, 1]


def test_short_forms_state_the_same_limits(run):
    def rows(*line):
        return json.loads(run("check", "lenet5", *line, "--format", "json").out)["rows"][:3]

    short = ("--max-params", "50k", "--max-macs", "1M", "--max-memory", "256KiB")
    stated = ("params <= 50k", "macs <= 1M", "memory_bytes <= 256KiB")
    long = [word for text in stated for word in ("--limit", text)]
    assert rows(*short) == rows(*long)
    assert [row["verdict"] for row in rows(*short)] == ["wrong", "ok", "wrong"]


@pytest.mark.parametrize("option", ["check lenet5 --max-memory", "fit lenet5 --memory", "fit lenet5 --ram"])
@pytest.mark.parametrize(
    ("size", "fact"),
    [
        ("24", "24 bytes? write 24GiB, or 24B where bytes are meant"),
        ("24G", "'24G' is no quantity such as 64MiB or 1.5GB; 24GiB (2^30) or 24GB (10^9)"),
        ("A100", "'A100' is no "),
        ("1GiB or depth<=1", "'1GiB or depth<=1' is no quantity"),
    ],
)
def test_what_is_no_size_is_said_of_the_option_as_it_is_typed(run, option, size, fact):
    outcome = run(*option.split(), size)
    assert (outcome.status, outcome.out) == (2, "")
    assert f"Invalid value for '{option.split()[-1]}': {fact}" in outcome.err


STEP = ["--optimizer", "AdamW", "--checkpoint", "blocks", "--accumulate", "2", "--frozen", "conv1"]
PEAK = ["check", "resnet18", "--batch", "64", "--limit"]


def test_limits_on_a_step_of_training_are_held_as_it_is_done(run):
    """The figure is the one that `memory` shows for the same options; the layer is when most is there."""
    shown = json.loads(run("memory", "resnet18", "--batch", "64", *STEP, "--format", "json").out)["training"]
    line = [*PEAK, "train.peak_bytes <= 512MiB", *STEP]
    row = json.loads(run(*line, "--format", "json").out)["rows"][0]
    assert (row["figure"], row["computed"], row["layer"]) == ("train.peak_bytes", shown["peak_bytes"], None)
    out = run(*line, COLUMNS=80).out
    assert f"in the way  {shown['peak_at']}: most of train.peak_bytes" in out
    assert "≤ 512 MiB" in out
    plain = json.loads(run(*PEAK, "train.peak_bytes <= 2GiB", "--format", "json").out)["rows"][0]
    assert plain["computed"] > row["computed"]


@pytest.mark.parametrize(
    ("limit", "more", "fact"),
    [
        ("memory_bytes <= 2GiB", ["--optimizer", "adam"], "no limit is on what it takes"),
        ("train.peak_bytes <= 2GiB", ["--shard", "zero1"], "shard zero1 shares out among ranks"),
        ("train.peak_bytes <= 2GiB", ["--checkpoint", "every:9999"], "is longer than the network"),
        ("train.peak_bytes <= 2GiB", ["--dtype", "int8"], "what would be trained in int8 is not known"),
    ],
)
def test_a_step_that_cannot_be_is_a_mistake_of_the_call(run, limit, more, fact):
    outcome = run(*PEAK, limit, *more)
    assert (outcome.status, outcome.out) == (2, "")
    assert fact in outcome.err


def test_a_broken_limit_says_where_most_of_a_figure_is(run):
    out = run("check", "alexnet", "--max-params", "1M", COLUMNS=200).out
    assert re.search("alexnet +params +≤ 1,000,000", out)
    assert "in the way  fc6: most of params\n" in out
    assert "most" not in run("check", "alexnet", "--max-params", "1G", COLUMNS=200).out


def test_a_page_says_under_which_conditions_limits_are_held(run):
    """Expected figures are about the network as its spec states it, whatever the options say."""
    line = ["check", "mobilenet_v2", "--limit", "deployed.arena_bytes <= 256KiB", "--dtype", "int8"]
    out = run(*line, "--input", "3x93x93", COLUMNS=200).out
    assert out.startswith("limits: input 3×93×93 · batch 1 · int8\n")
    assert "expected figures are about the network as its spec states it" in out
    out = run("check", "resnet18", "--limit", "train.peak_bytes <= 24GiB", "--batch", "64").out
    assert out.startswith("limits: input 3×224×224 · batch 64 · float32 · training step · sgd\n")
    several = run("check", "lenet5", "alexnet", "--max-params", "1G", "--batch", "2").out
    assert several.startswith("limits: batch 2 · float32\n")
    assert "limits:" not in run("check", "lenet5", "--max-params", "1G").out


def test_bytes_may_be_few_where_they_are_called_so(run):
    assert run("check", "lenet5", "--max-memory", "24B").status == 1


UNKNOWN = """\
name: u
input: 3x8x8
layers:
  - conv: {name: c, out: 4, kernel: 3}
  - unaccounted: {what: Mystery, shape: 4x6x6}
budget: BUDGET
"""


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("macs <= 10K", "unknown"),
        ("macs <= 3887", "wrong"),  # the convolution alone has 3,888
        ("macs < 3888", "wrong"),
        ("macs <= 3888", "unknown"),
        ("macs == 3887", "wrong"),
        ("macs == 3888", "unknown"),
        ("macs >= 3888", "ok"),
        ("macs > 3888", "unknown"),
        ("additions <= 1M", "unknown"),
        ("params <= 112", "ok"),
        ("peak_bytes <= 1MiB", "ok"),
    ],
)
def test_what_is_not_known_entirely_proves_nothing_but_what_is_known_may(network, text, verdict):
    (finding,) = archcalc.check(network(UNKNOWN.replace("BUDGET", text)))
    assert finding.verdict == verdict
    assert (finding.computed is None) == (verdict == "unknown")
    assert finding.fails == (verdict != "ok")


SINGLES = {"ok": "depth == 1", "wrong": "depth > 1", "unknown": "macs <= 10K"}
"""A limit for each outcome, of the network that is not known entirely."""
TRUTH = {"ok": 1.0, "unknown": 0.5, "wrong": 0.0}
"""Kleene's strong logic: `and` is the least, `or` the most, `not` what is missing to 1."""


def truth_of(network, text):
    (finding,) = archcalc.check(network(UNKNOWN.replace("BUDGET", text)))
    return TRUTH[finding.verdict]


@pytest.mark.parametrize("left", TRUTH)
@pytest.mark.parametrize("right", TRUTH)
def test_joined_limits_are_judged_in_three_values(network, left, right):
    a, b = SINGLES[left], SINGLES[right]
    x, y = TRUTH[left], TRUTH[right]
    assert truth_of(network, f"{a} and {b}") == min(x, y)
    assert truth_of(network, f"{a} or {b}") == max(x, y)
    assert truth_of(network, f"not {a}") == 1 - x
    assert truth_of(network, f"not not {a} and not ({b})") == min(x, 1 - y)
    assert truth_of(network, f"not ({a} or {b})") == truth_of(network, f"not {a} and not {b}")


WORDS = {"ok": "True", "wrong": "False"}
SMALL = archcalc.analyze(archcalc.loads("{input: 3x8x8, layers: [conv: {out: 4, kernel: 3}]}"))


@given(data=st.data())
def test_and_binds_tighter_than_or_and_not_tightest_as_in_python(data):
    """Whatever is joined with what brackets: Python's own grammar is the reference."""
    parts = st.recursive(
        st.sampled_from(sorted(WORDS)).map(lambda word: [word]),
        lambda part: st.one_of(
            part.map(lambda a: ["not", *a]),
            part.map(lambda a: ["(", *a, ")"]),
            st.tuples(part, st.sampled_from(["and", "or"]), part).map(lambda abc: [*abc[0], abc[1], *abc[2]]),
        ),
        max_leaves=8,
    )
    pieces = data.draw(parts.filter(lambda pieces: len(pieces) < 30))
    text = " ".join(SINGLES.get(piece, piece) for piece in pieces)
    holds = eval(" ".join(WORDS.get(piece, piece) for piece in pieces))  # noqa: S307  # the reference
    assert (judge(limit(text), SMALL) == "ok") == holds


def test_a_row_has_joined_limits_as_they_are_written_and_each_figure(run):
    text = UNKNOWN.replace("BUDGET", "depth == 1 and (params<=5 or  macs <= 10K)")
    out = run("check", "-", stdin=text, COLUMNS=120).out
    assert "depth == 1 and (params<=5 or macs <= 10K)" in out
    for words in ("depth 1,", "params 112,", "macs ?"):
        assert f"{words} " in out or f"{words}\n" in out
    (row,) = json.loads(run("check", "-", "--format", "json", stdin=text).out)["rows"]
    assert row["figure"] == "depth == 1 and (params<=5 or macs <= 10K)"
    assert (row["operator"], row["expected"], row["verdict"]) == ("and", None, "unknown")
    assert row["computed"] == {"depth": 1, "params": 112, "macs": None}
    assert "1 limit checked, 1 unknown" in out
    assert '"depth 1, params 112, macs"' in run("check", "-", "--format", "csv", stdin=text).out


@pytest.mark.parametrize("key", limitable())
def test_a_figure_of_outputs_is_unknown_where_the_size_of_one_is(network, key):
    made = network(
        UNKNOWN.replace(", shape: 4x6x6", "").replace("BUDGET", f"{key} <= 1T".replace("1T", "999999999"))
    )
    (finding,) = archcalc.check(made, device="h100")
    about_work = key in ("time_us", "macs", "flops", "train.macs", *archcalc.Work._fields)
    about_outputs = key.endswith(("peak_bytes", "arena_bytes")) or key in (
        *("activations", "activation_bytes", "memory_bytes", "train.kept_bytes", "train.reserved_bytes"),
    )
    assert finding.verdict == ("unknown" if about_work or about_outputs else "ok")


def test_a_page_says_how_many_hold(run):
    text = UNKNOWN.replace("BUDGET", "[macs <= 10K, params <= 5, depth <= 1]")
    outcome = run("check", "-", stdin=text, COLUMNS=100)
    assert outcome.status == 1
    assert "3 limits checked, 1 wrong, 1 unknown" in outcome.out
    document = json.loads(run("check", "-", "--format", "json", stdin=text).out)
    counts = {key: document[key] for key in ("checked", "wrong", "unknown", "sound")}
    assert counts == {"checked": 3, "wrong": 1, "unknown": 1, "sound": 1}
    assert "1 limit checked, all hold" in run("check", "-", stdin=spec("depth <= 1")).out


@pytest.mark.parametrize("width", [80, 120, 200])
def test_limits_come_first_and_their_units_are_readable(run, width):
    text = f"{spec('peak_bytes <= 256KiB')}expect: {{params: 112, source: by hand}}\n"
    out = run("check", "-", "--limit", "weight_bytes<=2KiB", stdin=text, COLUMNS=width).out
    rows = [line.split() for line in out.splitlines()[2:5]]
    assert "≤ 256 KiB  1.31 KiB" in out
    assert "≤ 2.00 KiB" in out
    assert [row[1] for row in rows] == ["peak_bytes", "weight_bytes", "params"]


def test_a_limit_that_is_missed_by_a_byte_does_not_read_like_one_that_holds(run):
    """LeNet-5 needs 284,456 bytes: both are 278 KiB."""
    out = run("check", "lenet5", "--max-memory", "284455").out
    assert "≤ 284,455 B  284,456 B  wrong" in out
    assert re.search("≤ 278 KiB +278 KiB +ok", run("check", "lenet5", "--max-memory", "284456").out)


def test_a_budget_stands_in_a_spec_and_in_its_variants_whatever_the_parameters():
    text = """\
name: f
input: 3x8x8
parameters: {out: 4}
variants:
  small: {}
  large: {out: 8, budget: [params >= 200, depth <= 2]}
layers:
  - conv: {out: out, kernel: 3}
budget: params <= 150
expect: {depth: 1, source: by hand}
"""
    from archcalc.formats.language.read import Document
    from archcalc.ground.errors import SourceText

    document = Document(SourceText("f.yaml", text))
    verdicts = {
        name: [(one.figure, one.verdict) for one in archcalc.check(document.network(name, set))]
        for name, set in (("small", None), ("large", {"out": 5}))
    }
    assert verdicts == {
        "small": [("params", "ok"), ("depth", "ok")],
        "large": [
            ("params", "ok"),
            ("params", "wrong"),
            ("depth", "ok"),
        ],  # what is expected no longer applies
    }


@pytest.mark.parametrize(
    "budget",
    [
        "params <= 5M",
        "[params <= 1.5K, peak_bytes < 256 KiB, depth >= 1]",
        "not (macs > 1G or depth>9) and params <= 1,000",
    ],
)
def test_a_budget_is_kept_where_a_network_is_written_as_a_spec(network, budget):
    made = network(spec(budget))
    text = archcalc.export(archcalc.analyze(made, batch=3), to="spec")
    assert network(text).budget == made.budget
    assert made.budget
    assert all(isinstance(one, Limit) for one in made.budget)


def test_the_help_names_every_figure_and_every_operator(run):
    text = re.sub(r"\s+", " ", run("check", "--help").out)
    assert f"KEY is one of: {', '.join(limitable())}." in text
    operators = re.search(r"OP is one of (.*?)\.", text)
    assert sorted(re.split(r", | and ", operators[1])) == sorted(OPERATORS)
    assert {FIGURES[key].kind for key in limitable()} == {FIGURES["params"].kind, BYTES, DURATION}


def test_a_shell_completes_the_figure(run):
    from click.shell_completion import ShellComplete

    words = ShellComplete(cli, {}, "archcalc", "_").get_completions(["check", "lenet5", "--limit"], "peak")
    assert [word.value for word in words] == ["peak_bytes"]
