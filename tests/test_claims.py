"""Claims: what a source says of a network, judged at the precision in which it says so."""

from __future__ import annotations

import json

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.ground import quantity
from archcalc.ground.quantity import Claim
from archcalc.views.claimed import write_verdict

# fmt: off
READ = [  # text, number, step to which it is stated
    ("60M parameters", 60_000_000, 10_000_000),
    ("60M", 60_000_000, 10_000_000),
    ("110M", 110_000_000, 10_000_000),
    ("138M parameters", 138_000_000, 1_000_000),
    ("4M", 4_000_000, 1_000_000),
    ("51.3M", 51_300_000, 100_000),
    ("51.30M", 51_300_000, 10_000),        # a digit after the point is written because it is meant
    ("60K", 60_000, 10_000),
    ("1.5G MACs", 1_500_000_000, 100_000_000),
    ("3.8 billion multiply-adds", 3_800_000_000, 100_000_000),
    ("138 million", 138_000_000, 1_000_000),
    ("about 60 thousand", 60_000, 10_000),
    ("~5M", 5_000_000, 1_000_000),
    ("22 layers", 22, 1),                  # counted one by one
    ("8 layers", 8, 1),
    ("50 layers", 50, 1),
    ("110 layers", 110, 1),
    ("0 weights", 0, 1),
    ("0M", 0, 1),
    ("433,890 parameters", 433_890, 10),
    ("60,000", 60_000, 10_000),
    ("60000", 60_000, 10_000),
    ("1.0 layers", 1, 1),
]
JUDGED = [  # claim, what is computed, verdict, source of the figures
    ("60M", 62_378_344, "upheld", "AlexNet in a single tower"),
    ("60M", 60_965_224, "upheld", "AlexNet on two GPUs"),
    ("110M", 138_357_544, "refuted", "VGG-16"),
    ("110M", 143_667_240, "refuted", "VGG-19"),
    ("138M parameters", 138_357_544, "upheld", "VGG-16"),
    ("22 layers", 22, "upheld", "GoogLeNet"),
    ("22 layers", 23, "refuted", "one layer more"),
    ("20 layers", 22, "refuted", "a depth is counted and not estimated"),
    ("4M", 6_998_552, "refuted", "GoogLeNet without heads"),
    ("51.3M", 51_380_224, "upheld, cut not rounded", "7·7·1024·1024"),
    ("51.4M", 51_380_224, "upheld", "7·7·1024·1024"),
    ("51M", 51_380_224, "upheld", "rounded and cut agree"),
    ("60K", 60_000, "upheld", "LeNet-5 of 1998"),
    ("3.8 billion", 3_857_973_248, "upheld, cut not rounded", "ResNet-50 as published"),
    ("5M", 4_500_000, "upheld", "half is rounded up"),
    ("5M", 4_499_999, "refuted", "just below half"),
    ("5M", 5_500_000, "upheld, cut not rounded", "half is rounded up, away from it"),
    ("0 weights", 0, "upheld", "pooling"),
    ("0 weights", 1, "refuted", "pooling"),
]
IN_SPECS = [  # network, layer, figure, claim, verdict
    ("alexnet", None, "params", "60M parameters", "upheld"),
    ("alexnet", None, "depth", "8 layers", "upheld"),
    ("alexnet_two_gpus", None, "params", "60M parameters", "upheld"),
    ("lenet5_1998", None, "params", "60K parameters", "upheld"),
    ("vgg19", None, "depth", "19 layers", "upheld"),
    ("vgg19", None, "params", "110M parameters", "refuted"),
    ("vgg19", "stage5", "depth", "16 convolutions", "upheld"),
    ("googlenet", None, "depth", "22 layers", "upheld"),
    ("googlenet", None, "params", "4M parameters", "refuted"),
    ("googlenet", "global_avgpool1", "params", "0 weights", "upheld"),
    ("googlenet_fc", "fc", "params", "51.3M weights", "upheld, cut not rounded"),
]
# fmt: on
SPEC = """\
input: 3x16x16
layers:
  - conv: {out: 4, kernel: 3}
expect:
  CLAIMS
  source: a note
"""


def findings(network, claims):
    return archcalc.check(network(SPEC.replace("CLAIMS", claims)))


@pytest.mark.parametrize(("text", "value", "step"), READ)
def test_a_claim_is_read_with_its_precision(text, value, step):
    assert quantity.claim(text) == Claim(value, step)


@pytest.mark.parametrize(
    "text",
    ["", "many", "M", "-3M", "60Q", "6O", "1e6", "2.5 layers", "60M!", "9" * 200, "1" + " -" * 5000 + "!"],
)
def test_what_is_no_claim_is_refused(text):
    with pytest.raises(ArchcalcError, match="claims no"):
        quantity.claim(text)


@pytest.mark.parametrize(("text", "computed", "verdict", "source"), JUDGED)
def test_a_claim_is_judged_at_its_own_precision(text, computed, verdict, source):
    claim = quantity.claim(text)
    judged = (claim.rounds_from(computed), claim.cut_from(computed))
    words = {True: "upheld", False: "upheld, cut not rounded" if judged[1] else "refuted"}
    assert words[judged[0]] == verdict, source


@pytest.mark.parametrize(("name", "layer", "figure", "claim", "verdict"), IN_SPECS)
def test_what_notes_and_papers_claim_stands_in_the_specs(name, layer, figure, claim, verdict):
    found = archcalc.check(archcalc.load(name))
    judged = {(one.layer, one.figure, one.claim): write_verdict(one) for one in found if one.claim}
    assert judged[layer, figure, claim] == verdict


@pytest.mark.parametrize(
    ("claims", "verdict"),
    [
        ("claims: {params: 112}", "upheld"),
        ("claims: {params: 0.1K}", "upheld"),
        ("claims: {params: 0.2K}", "refuted"),
        ("layers: {conv1: {claims: {field: 3}}}", "upheld"),
        ("layers: {conv1: {claims: {field: 5 pixels}}}", "refuted"),
        ("layers: {conv1: {claims: {macs: 21K}}}", "upheld"),  # 14·14·3·3·3·4 = 21,168
    ],
)
def test_any_figure_can_be_claimed(network, claims, verdict):
    (found,) = findings(network, claims)
    assert (found.verdict, found.source) == (verdict, "a note")


def test_a_field_claimed_of_what_sees_everything_is_refuted(network):
    text = SPEC.replace("kernel: 3}\n", "kernel: 3}\n  - global_avgpool\n")
    (found,) = archcalc.check(
        network(text.replace("CLAIMS", "layers: {global_avgpool1: {claims: {field: 16}}}"))
    )
    assert found.verdict == "refuted"


def test_a_refuted_claim_fails_no_check_and_a_wrong_expectation_does(network):
    claimed, expected = findings(network, "claims: {params: 5M}\n  params: 5000000")[::-1]
    assert (claimed.verdict, claimed.holds, claimed.fails) == ("refuted", False, False)
    assert (expected.verdict, expected.holds, expected.fails) == ("wrong", False, True)


@pytest.mark.parametrize(
    ("claims", "fact"),
    [
        ("claims: {params: many}", "claim 'params': 'many' claims no number"),
        ("claims: {output: many}", "'output' must be a size"),
        ("claims: {parms: 5M}", "claims has no 'parms'"),
        ("claims: {settings: 5}", "claims has no 'settings'"),  # a network as a whole has none
        ("claims: {params: [5M]}", "a claim is text"),
        ("claims: 5M", "'claims' must be a mapping"),
        ("layers: {conv2: {claims: {params: 5M}}}", "expect is about 'conv2'"),
    ],
)
def test_a_mistaken_claim_is_named_at_its_place(network, claims, fact):
    with pytest.raises(ArchcalcError) as caught:
        findings(network, claims)
    assert caught.value.fact.startswith(fact)
    assert caught.value.place.line in (4, 5)


@pytest.mark.parametrize(("claim", "status"), [("claims: {params: 5M}", 0), ("params: 5000000", 1)])
def test_check_shows_claims_and_its_status_is_that_of_expectations(run, claim, status):
    outcome = run("check", "-", stdin=SPEC.replace("CLAIMS", claim), COLUMNS=100)
    assert outcome.status == status
    assert ("refuted" if status == 0 else "wrong") in outcome.out
    assert ("claimed" in outcome.out) == (status == 0)


def test_check_shows_claimed_computed_and_verdict(run):
    rows = json.loads(run("check", "vgg19", "--format", "json").out)["rows"]
    row = next(row for row in rows if row["claimed"] == "110M parameters")
    assert (row["expected"], row["computed"], row["verdict"]) == (None, 143_667_240, "refuted")
    assert row["source"] == "lecture notes on convolutional networks"
    out = run("check", "vgg19", "googlenet", COLUMNS=100).out
    assert "claims judged, 2 refuted" in out
    assert "all hold" in out
