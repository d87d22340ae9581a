"""A layer type that nobody has heard of goes through every command, format and profile: unknown, never zero."""

from __future__ import annotations

import pytest
from commands import COMMANDS

import archcalc
from archcalc.formats.registry import WRITTEN
from archcalc.op.op import REGISTRY, Op, Work, op
from archcalc.op.settings import count
from archcalc.ops import REGISTRY as OPS
from archcalc.questions.reconcile.profile import tools

SPEC = """\
name: odd
input: 4x8x8
layers:
  - conv: {out: 6, kernel: 3}
  - swirl: {name: s1, turns: 2}
  - relu
  - swirl: 3
"""
SPEC_OF_ONE = "name: plain\ninput: 4x8x8\nlayers: [relu]\n"


@pytest.fixture(params=[0, 5], ids=["without MACs", "with MACs"])
def swirl(request, monkeypatch, tmp_path):
    """Register a layer type; return the file of a network that has it."""
    monkeypatch.setattr("archcalc.op.op.REGISTRY", dict(REGISTRY))
    monkeypatch.setattr(archcalc.op.op, "REGISTRY", {})

    @op("swirl", main="turns", example=("4x8x8", {"turns": 2}))
    class Swirl(Op):
        """Turn every channel around its middle.

        (N, C, *I) -> (N, C, *I). Source: nobody.
        """

        turns: int = count("", "how often")

        def weights(self, at):
            return {"weight": (at.x[1], self.turns)}

        def work(self, at):
            size = at.y[0] * at.y[1] * at.y[2] * at.y[3]
            return Work(macs=request.param * size, additions=size * self.turns)

        def forward(self, x, weight):
            return x * 1

    monkeypatch.setitem(OPS, "swirl", Swirl)
    path = tmp_path / "odd.yaml"
    path.write_text(SPEC)
    (tmp_path / "plain.yaml").write_text(SPEC_OF_ONE)
    monkeypatch.chdir(tmp_path)
    return request.param


LINES = [
    "fit odd.yaml --memory 1MiB",
    "show odd.yaml",
    "show odd.yaml --columns all --format json",
    "show odd.yaml --format html",
    "tree odd.yaml",
    "params odd.yaml --formula",
    "params odd.yaml --per-layer --format latex",
    "flops odd.yaml --per-layer --format csv",
    "memory odd.yaml --train --optimizer adam",
    "rf odd.yaml",
    "explain odd.yaml",
    "explain odd.yaml s1",
    "quiz odd.yaml --seed 1",
    "show odd.yaml --by op",
    "params odd.yaml --split --per-layer",
    "params odd.yaml --fold-batchnorm",
    "flops odd.yaml --train",
    "compare odd.yaml plain.yaml",
    "compare odd.yaml 3x3",
    "check odd.yaml --max-params 1M",
    "latency odd.yaml --device h100",
    "ops",
    "ops swirl",
    "schema",
    "schema report",
]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.usefixtures("swirl")
def test_every_command_takes_it(line, run):
    outcome = run(*line.split())
    assert (outcome.status, outcome.err) == (0, "")
    assert (
        "swirl" in outcome.out
        or "schema" in line
        or line.split()[0] in ("memory", "compare", "check", "fit", "rf")
        or line.endswith(("--fold-batchnorm", "--train"))
    )


def test_these_are_all_commands_that_could_meet_it():
    asked = {line.split()[0] for line in LINES}
    others = {
        "calibrate",
        "completion",
        "devices",
        "export",
        "help",
        "list",
        "new",
        "reconcile",
        "size",
        "verify",
    }
    assert asked | others == COMMANDS.keys()


def test_it_runs_as_predicted(swirl, run):
    outcome = run("verify", "odd.yaml")
    assert outcome.status == bool(swirl)  # it says that it multiplies, and does not
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("to", WRITTEN)
@pytest.mark.usefixtures("swirl")
def test_a_format_writes_it_or_says_that_it_cannot(to, run):
    outcome = run("export", "odd.yaml", "--to", to)
    if to in ("spec", "mermaid", "dot"):
        assert outcome.status == 0
        assert "swirl" in outcome.out
    else:
        assert (outcome.status, outcome.out) == (2, "")
        assert "swirl 's1'" in outcome.err
        assert "cannot say" in outcome.err or "has nothing for" in outcome.err


@pytest.mark.parametrize("tool", tools())
@pytest.mark.usefixtures("swirl")
def test_a_profile_counts_it_only_where_the_tool_has_a_rule_for_everything(tool):
    for one in archcalc.reconcile(archcalc.analyze(archcalc.load("odd.yaml")), [tool]):
        (share,) = (share for share in one.shares if share.kind == "swirl")
        assert share.value != 0
        assert one.value is None or share.rule == ("unsupported",) or share.value
