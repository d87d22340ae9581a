"""Files of claims: every verdict is that of the facts, and what is written in them is read, judged and refused as it should be."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from known import read_yaml

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.claims_files import claims_files
from archcalc.formats.language.claims import KEYS, claimable
from archcalc.formats.language.claims_schema import claims_schema
from archcalc.ground import quantity
from archcalc.ground.quantity import Claim
from archcalc.views.claimed import write_verdict

# fmt: off
CLAIMED = {"lecture_notes": 116, "cs231n": 35, "dive_into_deep_learning": 39, "courses": 28}
"""How many claims each file makes; all of them hold but for those below."""
WRONG = [  # file, network, layer, figure, claim, what is so, part of the arithmetic, who says that it is wrong
    ("lecture_notes", None, None, "output", "(N - 2P)/S + 1", "(H + 2·p − k)/s + 1",
     "N = 1, F = 1, P = 0, S = 1: claimed 2, really (1 + 2·0 − 1)/1 + 1 = 1", "filter size missing, sign of P wrong"),
    ("lecture_notes", None, None, "output", "1 + (H - FH)/S", "(H + 2·p − k)/s + 1",
     "P = 1, S = 1: claimed 0, really (1 + 2·1 − 2)/1 + 1 = 2", "a slip: the padding is left out of out_h"),
    ("lecture_notes", "alexnet 3×224×224", "conv1", "output", "96x55x55", (96, 54, 54),
     "⌊(224 + 2·0 − 11)/4⌋ + 1 = 54", "the printed 224 is a slip, 227 was meant"),
    ("lecture_notes", "conv: {out: 30, kernel: 5} 1×28×28", None, "output", "24x24x1", (30, 24, 24),
     "30×24×24", "a slip: reshape must end in -1"),
    *(("lecture_notes", "vgg16", f"stage{stage}", "counts.conv", "4", 3, f"3: stage{stage}.conv1",
       "2, 2, 4, 4, 4 is VGG19; VGG16 has 2, 2, 3, 3, 3") for stage in (3, 4, 5)),
    ("cs231n", "vgg16", None, "in_place", "93MB", 60_448_672, "60.4 MB = 57.6 MiB", "cs231n.github.io#88: the rows are 15.2M numbers"),
    ("cs231n", "googlenet", None, "params", "4M", 6_998_552, "in inception5b", "6.6M to 7.0M"),
    ("dive_into_deep_learning", "layers 1×224×224", "linear1, linear2", "flops", "81 MFLOPs", 85_991_424,
     "85,991,424 = 52,432,896 in linear1 + 33,558,528 in linear2", "d2l alexnet.md line 470: 86.0M"),
    ("courses", "alexnet_torchvision", None, "macs", "718.9M", 714_188_480, "in conv2", "labelled MACs, and 714M are"),
]
AS_MIB = [("dive_into_deep_learning", "weight_bytes", "164 MB")]
"""Claims that hold as MiB alone: 172.0 MB are 164.0 MiB."""
IN_SPECS = {("googlenet", "4M parameters"), ("vgg19", "110M parameters")}
"""The notes' claims in specs that are wrong: 7.0M, and 143.7M."""
RELATIVE = [  # text, number, step, relation
    ("81% more", 81, 1, "% more"),
    ("about 81.5% fewer parameters", 81.5, 0.1, "% fewer"),
    ("75%", 75, 1, "%"),
    ("9 times fewer", 9, 1, "times fewer"),
    ("8.4 times as many", 8.4, 0.1, "times"),
    ("×2.13", 2.13, 0.01, "times"),
    ("x4", 4, 1, "times"),
    ("1/4", 0.25, 0, "times"),
    ("5M more", 5_000_000, 1_000_000, "more"),
    ("0.3M less", 300_000, 100_000, "fewer"),
    ("1/4 fewer", 25, 0, "% fewer"),
    ("1/2 more parameters", 50, 0, "% more"),
    ("55 percent fewer", 55, 1, "% fewer"),
    ("55 per cent", 55, 1, "%"),
    ("55 items fewer", 55, 1, "fewer"),
]
SIZES = [  # text, the numbers that it may stand for, and the unit that is read otherwise
    ("164 MB", [(164 * 10**6, 10**6, ""), (164 * 2**20, 2**20, "MiB")]),
    ("97.8 MiB", [(Fraction("97.8") * 2**20, Fraction(2**20, 10), "")]),
    ("almost 400MB", [(400 * 10**6, 100 * 10**6, ""), (400 * 2**20, 100 * 2**20, "MiB")]),
    ("512 bytes", [(512, 1, "")]),
]
# fmt: on


@pytest.fixture
def judge(tmp_path, monkeypatch):
    """Return a function that writes claims into a file and returns what comes of them."""
    monkeypatch.chdir(tmp_path)

    def judged(*claims, source="a note"):
        lines = "".join(f"  - {claim}\n" for claim in claims)
        Path("claims.yaml").write_text(f"source: {source}\nclaims:\n{lines}", encoding="utf-8")
        return archcalc.check_claims("claims.yaml")

    return judged


def written(finding):
    return finding.network, finding.layer, finding.figure, finding.claim


@pytest.mark.parametrize("name", CLAIMED)
def test_every_verdict_is_that_of_the_facts(name):
    findings = archcalc.check_claims(name)
    assert len(findings) == CLAIMED[name]
    wrong = {row[1:5] for row in WRONG if row[0] == name}
    assert {written(finding) for finding in findings if finding.verdict == "refuted"} == wrong
    assert {finding.verdict for finding in findings} <= {"upheld", "refuted"}
    assert {finding.reading for finding in findings} <= {None, "as MiB"}
    as_mib = [(name, each.figure, each.claim) for each in findings if each.reading]
    assert as_mib == [row for row in AS_MIB if row[0] == name]
    assert not any(finding.fails for finding in findings)


@pytest.mark.parametrize("row", WRONG, ids=lambda row: f"{row[1]} {row[4]}")
def test_a_refuted_claim_shows_the_arithmetic(row):
    finding = next(each for each in archcalc.check_claims(row[0]) if written(each) == row[1:5])
    assert finding.computed == row[5]
    assert row[6] in finding.arithmetic


def test_every_file_is_judged_here_and_says_who_claims_it():
    assert sorted(path.stem for path in claims_files()) == sorted(CLAIMED)
    assert all(finding.source for name in CLAIMED for finding in archcalc.check_claims(name))


@pytest.mark.parametrize("path", claims_files(), ids=lambda path: path.stem)
def test_every_file_satisfies_the_schema(path):
    document = read_yaml(path.read_text(encoding="utf-8"))
    assert list(Draft202012Validator(claims_schema()).iter_errors(document)) == []


def test_the_schema_is_printed_and_refuses_what_is_no_claim(run):
    schema = json.loads(run("schema", "claims").out)
    Draft202012Validator.check_schema(schema)
    for claim in (
        {"params": "5M"},
        {"of": "vgg16", "parms": "5M"},
        {"formula": "N"},
        {"of": "vgg16", "kind": "fc"},
    ):
        assert list(Draft202012Validator(schema).iter_errors({"claims": [claim]}))


@pytest.mark.parametrize(("text", "value", "step", "relation"), RELATIVE)
def test_a_relation_is_read_with_its_precision(text, value, step, relation):
    read = quantity.relative(text)
    assert (float(read.claim.value), float(read.claim.step), read.relation) == (value, step, relation)


def test_words_that_follow_a_relation_say_of_what():
    assert quantity.relative("5% of").relation == "%"


@pytest.mark.parametrize("text", ["", "more", "81", "1/0", "twice as many", "9 times" * 50])
def test_what_is_no_relation_is_refused(text):
    with pytest.raises(ArchcalcError, match="claims no"):
        quantity.relative(text)


@pytest.mark.parametrize(("text", "readings"), SIZES)
def test_bytes_are_read_in_every_way_in_which_they_can_be_meant(text, readings):
    assert [tuple(each) for each in quantity.size_claim(text).readings] == readings


@pytest.mark.parametrize("text", ["5M", "many", "3 pixels", ""])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(ArchcalcError, match="claims no bytes"):
        quantity.size_claim(text)


def test_units_of_work_and_bytes_are_not_taken_for_words():
    assert quantity.claim("81 MFLOPs") == Claim(81_000_000, 1_000_000)
    assert quantity.claim("1.5GMACs") == Claim(1_500_000_000, 100_000_000)
    with pytest.raises(ArchcalcError, match="claims no number"):
        quantity.claim("164 MB")


@pytest.mark.parametrize(
    ("claim", "verdict", "computed", "arithmetic"),
    [
        # VGG-16: 123,642,856 of 138,357,544 parameters are in the fully connected layers
        ("{of: vgg16, kind: linear, params: 124M}", "upheld", 123_642_856, None),
        ("{of: vgg16, layers: [fc6, fc7], params: 100M}", "upheld", 119_545_856, None),
        ("{of: vgg16, layers: [fc6, fc7], params: 130M}", "refuted", 119_545_856,
         "119,545,856 = (25088 + 1)·4096 in fc6 + (4096 + 1)·4096 in fc7"),
        ("{of: vgg16, layer: fc6, params: 1M}", "refuted", 102_764_544, "102,764,544 = (25088 + 1)·4096"),
        ("{of: vgg16, layer: stage1, params: 37K}", "refuted", 38_720,
         "38,720 = (3·3·64 + 1)·64 in stage1.conv2 + (3·3·3 + 1)·64 in stage1.conv1"),
        ("{of: vgg16, weight_bytes: 553 MB}", "upheld", 553_430_176, None),
        ("{of: vgg16, weight_bytes: 528 MB}", "upheld, as MiB", 553_430_176,
         "138,357,544 numbers of 4 B = 553,430,176 B = 553 MB = 528 MiB"),
        ("{of: vgg16, dtype: float16, weight_bytes: 264 MiB}", "upheld", 276_715_088, None),
        ("{of: lenet5, counts: {linear: 4}}", "refuted", 3, "3: linear1, linear2, linear3"),
        ("{of: lenet5, counts: {lstm: 1}}", "refuted", 0, "there are none"),
        ("{of: googlenet, train: true, params: 13M}", "upheld", 13_378_280, None),
        ("{of: lenet5, layer: c1, formula: (k*k*C + 1)·M, equals: params}", "upheld", 156, None),
        ("{of: lenet5, layer: c1, formula: k*k*C*M, equals: params}", "refuted", 156,
         "claimed 150, really 156 = (5·5·1 + 1)·6"),
        ("{of: lenet5, layer: c1, formula: (H - k)/s + 1, equals: output}", "upheld", 28, None),
        ("{of: 3x3x3, formula: 28C², equals: weight_params}", "refuted", "27C²", "C = 1: claimed 28, really 27C² = 27"),
        ("{of: 3x3x3, channels: 10, weight_params: '2,700'}", "upheld", 2700, None),
        ("{of: 3x3x3, than: 7x7, weight_params: 45% fewer}", "upheld", 100 * 22 / 49, "27C² / 49C² = 0.551: 44.9% fewer"),
        ("{of: 7x7, than: 3x3x3, weight_params: 90% more}", "refuted", 100 * 22 / 27, "49C² / 27C² = 1.815: 81.48% more"),
        ("{of: vgg19, than: vgg16, params: 5.3M more}", "upheld", 5_309_696, "143,667,240 − 138,357,544 = 5,309,696"),
        ("{of: vgg19, than: vgg16, params: 6M more}", "refuted", 5_309_696,
         "143,667,240 − 138,357,544 = 5,309,696"),
        ("{of: vgg16, layer: fc6, than: {layer: fc7}, params: 6.1 times}", "upheld", 102_764_544 / 16_781_312,
         "102,764,544 / 16,781,312 = 6.124"),
        ("{formula: floor((N + 2P - F)/S) + 1, equals: output, rounding: floor}", "upheld", "(H + 2·p − k)/s + 1", None),
        ("{formula: (N + 2P - F)/S + 1, equals: output, rounding: floor}", "refuted", "(H + 2·p − k)/s + 1",
         "N = 2, F = 1, P = 0, S = 2: claimed 1.5, really ⌊(2 + 2·0 − 1)/2⌋ + 1 = 1"),
        ("{formula: (W - F)/S + 1, equals: output, set: {P: 0}}", "upheld", "(H + 2·p − k)/s + 1", None),
    ],
)  # fmt: skip
def test_claims_of_every_kind_are_judged(judge, claim, verdict, computed, arithmetic):
    (finding,) = judge(claim)
    assert (write_verdict(finding), finding.arithmetic, finding.source) == (verdict, arithmetic, "a note")
    assert finding.computed == (pytest.approx(computed) if isinstance(computed, float) else computed)


@pytest.mark.parametrize(
    ("claim", "verdict", "arithmetic"),
    [
        # of a formula: the case that it fails, whatever the letters that are held
        ("{formula: N, equals: output, set: {N: 100, F: 3, S: 1}}", "refuted",
         "N = 100, F = 3, P = 0, S = 1: claimed 100, really (100 + 2·0 − 3)/1 + 1 = 98"),
        ("{formula: (N - F)/S + 1, equals: output, set: {P: 0, D: 2}}", "refuted",
         "N = 3, F = 2, P = 0, S = 1, D = 2: claimed 2, really (3 + 2·0 − (2·(2 − 1) + 1))/1 + 1 = 1"),
        ("{formula: (N + 2P - D(F - 1) - 1)/S + 1, equals: output}", "upheld", None),
        ("{formula: (N + 2P - F)/S + 1, equals: output, rounding: strict}", "upheld", None),
        ("{formula: (N + 2P - F)/P + 1, equals: output}", "refuted",
         "N = 1, F = 1, P = 0, S = 1: divides by zero, really (1 + 2·0 − 1)/1 + 1 = 1"),
        ("{formula: 27C^2 + 0.0000001, equals: weight_params, of: 3x3x3}", "refuted",
         "C = 1: claimed 27, really 27C² = 27"),
        ("{formula: 0.5·54C², equals: weight_params, of: 3x3x3}", "upheld", None),
        ("{formula: (1/3)·81C², equals: weight_params, of: 3x3x3}", "upheld", None),
        ("{formula: 27(C²), equals: macs, of: 3x3x3}", "upheld", None),
        ("{formula: 27C² (14·14), equals: macs, of: 3x3x3, input: 14x14}", "upheld", None),
        # of a stack: in numbers where its channels are given, and whatever its input where that does not matter
        ("{of: 3x3x3, channels: 10, params: '2,730'}", "upheld", None),
        ("{of: 3x3x3, field: 7, depth: 3}", "upheld", None),
        ("{of: 3x3x3, layer: conv2, field: 5}", "upheld", None),
        # of what sees everything
        ("{of: alexnet, layer: fc6, field: 355}", "refuted", "it sees the whole input"),
        # in the terms of the claim
        ("{of: 3x3x3, than: 7x7, weight_params: 1/3 fewer}", "refuted", "27C² / 49C² = 0.551: 44.9% fewer"),
        ("{of: 3x3x3, than: 7x7, weight_params: 2 times fewer}", "upheld", "27C² / 49C² = 0.551: 1.815 times fewer"),
        ("{of: 3x3x3, than: 7x7, weight_params: 3 times fewer}", "refuted", "27C² / 49C² = 0.551: 1.815 times fewer"),
        ("{of: 'conv: {out: 4, kernel: 3}', input: 3x8x8, weight_bytes: 1 KiB}", "refuted",
         "112 numbers of 4 B = 448 B"),
    ],
)  # fmt: skip
def test_a_claim_holds_to_the_unit_and_for_every_case(judge, claim, verdict, arithmetic):
    findings = judge(claim)
    assert {finding.verdict for finding in findings} == {verdict}
    assert findings[0].arithmetic == arithmetic


@pytest.mark.parametrize(
    ("claim", "fact", "hint"),
    [
        ("{of: 3x3x3, params: 28K}", "params of a stack depend on C: 27C² + 3C", "channels: 256"),
        ("{of: 3x3x3, activations: 1}", "activations of a stack depends on its input", "input: 256x56x56"),
        ("{of: 3x3x3, layer: conv1, params: 10}", "params of a stack depends on its input", "channels: 256"),
        ("{of: 3x3x3, channels: 4, output: 4x1x1}", "output of a stack depends on its input", None),
        ("{of: 3x3x3, set: {C: 4}, weight_params: 27}", "a stack has no parameters to 'set'", None),
        ("{formula: N, equals: output, set: {N: 3, F: 9, P: 0}}", "there is no window to try it on", None),
        ("{formula: N, equals: output, set: {N: 3, H: 4}}", "there is no window to try it on", None),
        ("{formula: N, equals: output, set: {N: foo}}", "'N' must be a whole number", None),
        ("{formula: N, equals: output, set: {S: 0}}", "'S' must be at least 1, not 0", None),
        ("{formula: N/2S, equals: output}", "can be read in two ways", "a/(2·S)"),
        ("{formula: 1e2, equals: output}", "unknown name 'e2'", "the names in scope: N"),
        ("{formula: N^99, equals: output}", "a power is at most 9", None),
        ("{of: vgg16, equals: params, params: 138M}", "'equals' says what a formula is worked out for", "formula:"),
        ("{of: vgg16, than: vgg19, counts: {conv: 13}}", "counts have no relation to another", "leave out 'than'"),
        ("{of: 3x3x3, than: 7x7, formula: 27C^2, equals: params}", "a formula has no relation", "leave out 'than'"),
        ("{of: vgg16, params: '13,8M'}", "claims no number", "a point the decimals: 13.8M"),
        ("{of: vgg16, weight_bytes: 250 Mb}", "claims no bytes", "Mb are bits"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_with_the_way_to_mend_it(judge, claim, fact, hint):
    with pytest.raises(ArchcalcError) as caught:
        judge(claim)
    assert fact in caught.value.fact
    assert hint is None or hint in caught.value.hint


def test_true_is_not_1(judge, tmp_path):
    (tmp_path / "net.yaml").write_text(
        "parameters: {p: 0}\ninput: 3x8x8\nlayers: [conv: {out: 4, kernel: 3, padding: p}]\n"
    )
    with pytest.raises(ArchcalcError, match="true"):
        judge("{of: net, set: {p: 1}, output: 4x8x8}", "{of: net, set: {p: true}, output: 4x8x8}")


def test_claims_that_cannot_be_judged_hide_no_others(run, judge):
    with pytest.raises(ArchcalcError, match="no layer or block 'fc9'"):
        judge("{of: vgg16, layer: fc9, params: 1}", "{of: vgg16, params: 138M}")
    outcome = run("check", "claims.yaml", COLUMNS=100)
    assert outcome.status == 1
    assert "upheld" in outcome.out
    assert "1 claim cannot be judged" in outcome.out
    assert "no layer or block 'fc9'" in outcome.err
    document = json.loads(run("check", "claims.yaml", "--format", "json").out)
    assert [row["verdict"] for row in document["rows"]] == ["upheld"]
    assert len(document["errors"]) == 1
    noted = []
    assert len(archcalc.check_claims("claims.yaml", noted.append)) == len(noted) == 1


def test_claims_are_judged_as_they_stand(run, judge):
    judge("{of: vgg16, params: 138M}")
    for options in (("--max-params", "5M"), ("--batch", "8"), ("--limit", "params <= 5M")):
        outcome = run("check", "claims.yaml", *options)
        assert (outcome.status, outcome.out) == (2, "")
        assert "leave out limits and conditions" in outcome.err


def test_a_name_of_ours_that_is_also_a_file_here_is_said_to_be_ours(run, judge, tmp_path):
    judge("{of: vgg16, params: 138M}")
    (tmp_path / "claims.yaml").rename(tmp_path / "courses.yaml")
    outcome = run("check", "courses")
    assert (
        "note: 'courses' is what archcalc knows by this name; the file here is called by ./courses.yaml"
        in outcome.err
    )
    assert run("check", "./courses.yaml").err == ""
    (tmp_path / "vgg16.yml").write_text("input: 3x8x8\nlayers: [relu]\n")
    for line in (["params", "vgg16"], ["compare", "vgg16", "vgg19"]):
        outcome = run(*line)
        assert (outcome.status, outcome.err.count("the file here is called by ./vgg16.yml")) == (0, 1)


def test_the_schema_and_the_reader_know_the_same_keys():
    properties = claims_schema()["properties"]["claims"]["items"]["properties"]
    assert {*properties} == {*KEYS, *claimable(of_layer=False), *claimable(of_layer=True)}


def test_what_is_not_known_is_neither_upheld_nor_refuted(judge):
    layers = "[conv: {out: 4, kernel: 3}, unaccounted: {what: Magic, shape: 4x6x6}]"
    findings = judge(f"{{of: {layers}, input: 3x8x8, macs: 5M, params: 112}}")
    assert (findings[0].figure, findings[0].verdict) == ("macs", "unknown")
    assert not any(finding.fails for finding in findings)


def test_a_claim_is_about_a_spec_beside_it_and_no_other_file(judge, tmp_path):
    (tmp_path / "net.yaml").write_text("input: 3x8x8\nlayers: [conv: {out: 4, kernel: 3}]\n")
    assert [each.verdict for each in judge("{of: net.yaml, params: 112}", "{of: net, params: 113}")] == [
        "upheld",
        "refuted",
    ]
    for outside in (str(tmp_path / "net.yaml"), "../net.yaml", "a/../../net.yaml", "/etc/passwd.yaml"):
        with pytest.raises(ArchcalcError, match="claims name no file outside of their folder"):
            judge(f"{{of: {outside}, params: 112}}")
    with pytest.raises(ArchcalcError, match="there is no network called '-'"):
        judge("{of: '-', params: 112}")


def test_claims_that_ask_for_too_much_are_refused(judge, monkeypatch):
    monkeypatch.setenv("ARCHCALC_MAX_LAYERS", "60")
    assert len(judge(*["{of: alexnet, params: 60M}"] * 30)) == 30, "one network is run once"
    with pytest.raises(ArchcalcError, match="claims are about more than 60 layers together"):
        judge(*(f"{{of: {name}, params: 60M}}" for name in ("alexnet", "alexnet_two_gpus", "zfnet")))
    monkeypatch.setenv("ARCHCALC_MAX_WORK", "600")
    with pytest.raises(ArchcalcError, match="claims ask for more than 600 steps of work"):
        judge(*["{of: alexnet, params: 60M}"] * 30)


def test_a_deep_or_wide_subject_is_called_layers(judge):
    (finding,) = judge(f"{{of: [{', '.join(['relu'] * 100)}], input: 3x8x8, params: 0}}")
    assert (finding.network, finding.verdict) == ("layers 3×8×8", "upheld")


def test_check_judges_a_file_whatever_its_verdicts_and_says_what_is_claimed(run, judge):
    judge("{of: vgg16, params: 110M, depth: 16 layers}")
    outcome = run("check", "claims.yaml", COLUMNS=100)
    assert outcome.status == 0
    assert "a note:" in outcome.out
    assert "refuted" in outcome.out
    assert "138,357,544 = 102,764,544 in fc6 +" in " ".join(outcome.out.split())
    assert "2 claims judged, 1 refuted; claims never change the exit status" in outcome.out
    document = json.loads(run("check", "claims.yaml", "--format", "json").out)
    assert document["sound"] == 0
    assert document["rows"][0] | {"arithmetic": ""} == {
        "network": "vgg16",
        "layer": None,
        "figure": "params",
        "operator": None,
        "expected": None,
        "claimed": "110M",
        "computed": 138_357_544,
        "verdict": "refuted",
        "reading": None,
        "source": "a note",
        "arithmetic": "",
    }


def test_all_that_is_claimed_is_listed_with_who_claims_it(run):
    document = json.loads(run("check", "--claims", "--format", "json").out)
    rows = document["rows"]
    assert len(rows) > sum(CLAIMED.values())
    assert all(row["source"] and row["claimed"] for row in rows)
    notes = {
        (row["network"], row["claimed"])
        for row in rows
        if "lecture notes" in row["source"] and row["verdict"] == "refuted"
    }
    assert notes == {row[1:5:3] for row in WRONG if row[0] == "lecture_notes"} | IN_SPECS
    assert document["errors"] == []


def test_what_is_claimed_of_a_network_comes_from_its_spec_and_from_files(run):
    rows = json.loads(run("check", "--claims", "vgg16", "--format", "json").out)["rows"]
    assert {row["network"].split()[0] for row in rows} == {"vgg16"}
    assert {"Simonyan & Zisserman 2014, table 2", "lecture notes on convolutional networks"} < {
        row["source"] for row in rows
    }
    assert all(row["claimed"] for row in rows)


def test_claims_take_no_limits_and_check_needs_something_to_judge(run):
    assert "leave out limits" in run("check", "--claims", "--max-params", "5M").err
    assert "Missing argument" in run("check").err


def test_files_of_claims_are_no_networks(run, judge):
    judge("{of: vgg16, params: 110M}")
    outcome = run("show", "claims.yaml")
    assert outcome.status == 2
    assert "claims.yaml:2:1: a file of claims holds no network" in outcome.err
    assert not {*CLAIMED} & {*archcalc.names()}


def test_a_folder_of_specs_may_have_claims_of_its_own(run, judge, tmp_path, monkeypatch):
    judge("{of: lenet5, params: 60K}", source="my course")
    (tmp_path / "claims").mkdir()
    (tmp_path / "claims.yaml").rename(tmp_path / "claims/mine.yaml")
    monkeypatch.setenv("ARCHCALC_PATH", str(tmp_path))
    assert "my course" in run("check", "--claims", "lenet5", COLUMNS=100, ARCHCALC_PATH=tmp_path).out
    assert [each.verdict for each in archcalc.check_claims("mine")] == ["upheld"]


def test_a_shell_completes_networks_and_files_of_claims():
    from click.shell_completion import ShellComplete

    from archcalc.commands.cli import cli

    complete = ShellComplete(cli, {}, "archcalc", "_").get_completions
    assert [item.value for item in complete(["check"], "lect")] == ["lecture_notes"]
    assert "lenet5" in [item.value for item in complete(["check"], "le")]


def test_claims_about_memory_and_sizes_stand_in_specs_and_are_exported(run, tmp_path):
    spec = """\
input: 3x16x16
layers:
  - conv: {out: 4, kernel: 3}
expect:
  claims: {weight_bytes: 448 bytes, output: 4x14x14}
  layers: {conv1: {claims: {output: 4x15x15, activations: 784}}}
  source: a note
"""
    path = tmp_path / "net.yaml"
    path.write_text(spec)
    exported = run("export", str(path), "--to", "spec").out
    assert "claims: {weight_bytes: 448 bytes, output: 4x14x14}" in exported
    findings = archcalc.check(archcalc.loads(exported))
    assert [finding.verdict for finding in findings] == ["upheld", "upheld", "refuted", "upheld"]
    assert findings[2].arithmetic == "4×14×14, output height and width (16 + 2·0 − 3)/1 + 1 = 14"


def test_where_nothing_is_claimed_that_is_said(run):
    outcome = run("check", "--claims", "densenet161")
    assert (outcome.status, outcome.out) == (0, "nothing is claimed here\n")
