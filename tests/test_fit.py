"""What still fits: against one report after the other, and that few reports are made."""

from __future__ import annotations

import json
import re

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.analysis.figures import FIGURES
from archcalc.analysis.training.segments import list_checkpoints
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import train
from archcalc.questions.fitted import find_hindrance

SMALL = """\
name: small
parameters: {width: 4, depth: 2, scale: 0.5, kind: same}
input: 3x12x12
layers:
  - conv: {out: width, kernel: 3}
  - repeat: {times: depth, layers: [conv: {out: width, kernel: 1}, batchnorm, relu]}
  - flatten
  - linear: 10
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(SMALL)
    return str(path)


def search_all(make, key, bound, values):
    """Return the last value in a row of values with which a figure is within a bound."""
    fitting = [value for value in values if FIGURES[key].amount(make(value)) <= bound]
    return max(fitting, default=None)


@pytest.mark.parametrize("key", ["memory_bytes", "peak_bytes", "activations", "macs", "deployed.arena_bytes"])
@pytest.mark.parametrize("bound", [5_000, 20_000, 70_000, 123_456])
def test_no_larger_batch_fits(small, key, bound):
    network = archcalc.load(small)
    found = archcalc.fit(network, [f"{key} <= {bound}"])
    best = search_all(lambda batch: archcalc.analyze(network, batch=batch), key, bound, range(1, 60))
    assert found.value == best
    assert found.next == (best or 0) + 1
    assert FIGURES[key].amount(found.over) > bound
    assert found.looks <= 20


@pytest.mark.parametrize("bound", [300, 6_000, 20_000])
def test_no_larger_input_fits(bound):
    layers = "[conv: {out: 4, kernel: 3, stride: 2}, global_avgpool, flatten, linear: 10]"
    network = archcalc.load(layers, input="3x12x12")
    found = archcalc.fit(network, [f"activations <= {bound}"], "input")
    best = search_all(
        lambda side: archcalc.analyze(network, input=f"3x{side}x{side}"), "activations", bound, range(3, 200)
    )
    assert found.value == best


@pytest.mark.parametrize(("vary", "bound"), [("width", 9_000), ("width", 30_000), ("depth", 9_000)])
def test_no_larger_parameter_fits(small, vary, bound):
    found = archcalc.fit(small, [f"params <= {bound}"], vary)
    best = search_all(
        lambda value: archcalc.analyze(small, parameters={vary: value}), "params", bound, range(1, 500)
    )
    assert (found.value, found.looks <= 20) == (best, True)


@pytest.mark.parametrize(
    "network", ["alexnet", "resnet50", "densenet121", "mobilenet_v2", "vit_b_16", "googlenet"]
)
@pytest.mark.parametrize("memory", ["700MiB", "3GiB", "80GiB"])
def test_few_reports_find_it(network, memory):
    found = archcalc.fit(network, [f"memory_bytes <= {memory}"])
    assert found.report.batch == found.value
    assert found.over.batch == found.value + 1
    assert found.looks <= 20


def test_what_suits_no_layer_is_passed_by():
    """A ViT takes the sizes that have as many patches as positions that it has learnt."""
    found = archcalc.fit("vit_b_16", ["macs <= 100G"], "input")
    assert (found.value, found.next, found.over) == (239, 240, None)


def test_of_several_limits_the_tightest_counts(small):
    both = archcalc.fit(small, ["memory_bytes <= 70KB and macs <= 90K"])
    alone = archcalc.fit(small, ["macs <= 90K"])
    assert both.value == alone.value


@pytest.mark.parametrize(
    ("limits", "vary", "fact"),
    [
        ([], "batch", "what it has to fit into is not said"),
        (["macs >= 1K"], "batch", "upper bounds alone"),
        (["not macs > 5K"], "batch", "upper bounds alone"),
        (["macs <= 5K or params <= 5K"], "batch", "upper bounds alone"),
        (["params <= 1G"], "kind", "'kind' is no number above 0"),
        (["params <= 1G"], "widht", "no parameter 'widht' to vary"),
    ],
)
def test_what_cannot_be_searched_is_refused(small, limits, vary, fact):
    with pytest.raises(ArchcalcError, match=fact):
        archcalc.fit(small, limits, vary)


def test_a_parameter_with_a_point_is_varied_in_hundredths():
    limit = ["deployed.weight_bytes <= 2MiB"]
    found = archcalc.fit("mobilenet_v2", limit, "width", dtype="int8")
    weights = {
        width: FIGURES["deployed.weight_bytes"].amount(
            archcalc.analyze("mobilenet_v2", dtype="int8", parameters={"width": width})
        )
        for width in (found.value, found.next)
    }
    assert found.value < 1
    assert found.next == pytest.approx(found.value + 0.01)
    assert weights[found.value] <= 2 * 2**20 < weights[found.next]
    assert found.report.run.network.parameters["width"] == found.value


def test_a_whole_number_stays_one_and_the_page_says_so(run, small):
    outcome = run("fit", small, "--limit", "params <= 100", "--vary", "width")
    assert outcome.status == 1
    assert "none fits, not even 1" in outcome.out
    assert "'width' is a whole number in the spec, so that no fraction is tried" in outcome.out


@pytest.mark.parametrize("memory", ["999999999999TiB", "1PiB"])
def test_where_no_limit_is_reached_everything_fits(run, memory):
    """The weights of a network are the same for every input, and there is memory without end."""
    outcome = run("fit", "mobilenet_v2", "--flash", "2MiB", "--dtype", "int8", "--set", "width=0.35")
    assert (outcome.status, outcome.err) == (0, "")
    assert re.search("largest input +any: no limit is reached up to ", outcome.out)
    assert "1.59 MiB" in outcome.out
    assert "no input changes deployed.weight_bytes: --set or --vary changes the spec's" in outcome.out
    assert "\nbatch 1 · int8" in outcome.out
    outcome = run("fit", "lenet5", "--limit", f"weight_bytes <= {memory}", "--format", "json")
    document = json.loads(outcome.out)
    assert outcome.status == 0
    assert document["value"] > 10**11
    assert (document["next_value"], document["in_the_way"]) == (None, None)


def test_a_limit_that_nothing_varied_can_keep_is_named(run):
    line = "fit mobilenet_v2 --ram 256KiB --flash 1MiB --dtype int8"
    out = run(*line.split(), COLUMNS=200).out
    assert (
        "no input changes deployed.weight_bytes: --set or --vary changes the spec's width or classes" in out
    )
    assert "archcalc list --limit" in out
    assert "no input changes deployed.arena_bytes" not in out
    assert "changes" not in run("fit", "mobilenet_v2", "--ram", "256KiB", "--dtype", "int8").out


def test_where_an_input_does_not_suit_its_parameter_is_named(run):
    out = run("fit", "vit_b_16", "--limit", "macs <= 100G", "--vary", "input").out
    assert "the spec's 'size' is the side of its input: --vary size" in out
    assert archcalc.fit("vit_b_16", ["macs <= 100G"], "size").value > 239


@pytest.mark.parametrize("step", [TrainingStep("adamw"), TrainingStep("adamw", device="cpu")])
def test_what_fits_with_room_for_a_context_is_found_too(step):
    found = archcalc.fit("resnet18", ["train.peak_bytes <= 2GiB"], step=step)
    if step.device == "cpu":
        assert found.spared is None
        return
    less = archcalc.fit("resnet18", [f"train.peak_bytes <= {2 * 2**30 - 500 * 2**20}"], step=step)
    assert found.spared == (500 * 2**20, less.value)
    assert found.spared.value < found.value
    assert archcalc.fit("resnet18", ["memory_bytes <= 2GiB"]).spared is None


def test_the_page_says_what_fits_with_room_for_a_context(run):
    line = "fit resnet18 --memory 2GiB --optimizer adam"
    free = json.loads(run(*line.split(), "--format", "json").out)["left_free"]
    assert free["free"] == 500 * 2**20
    assert f"with 500 MiB left free  {free['value']}\n" in run(*line.split()).out
    line = "fit resnet50 --memory 5.7GiB --optimizer adam --vary checkpoint --batch 64"
    document = json.loads(run(*line.split(), "--format", "json").out)
    ways = {each["value"]: each for each in document["alternatives"]}
    least = 5.7 * 2**30 - 500 * 2**20
    assert document["value"] == "none"
    spared = ways[document["left_free"]["value"]]
    assert spared["peak_bytes"] <= least
    assert all(
        each["recomputed_macs"] >= spared["recomputed_macs"]
        for each in ways.values()
        if each["peak_bytes"] <= least
    )
    nothing = json.loads(run("fit", "vgg16", "--memory", "1GiB", "--train", "--format", "json").out)
    assert nothing["left_free"] == {"free": 500 * 2**20, "value": None}


def test_a_table_alone_tells_a_machine_the_answer(run):
    line = ["fit", "resnet18", "--optimizer", "adam", "--format", "csv"]
    header, row = run(*line, "--memory", "2GiB").out.splitlines()
    assert header == "figure,limit,fits,next,vary,value,next_value"
    value, following = row.split(",")[-2:]
    assert row.split(",")[-3] == "batch"
    assert int(following) == int(value) + 1
    assert run(*line, "--memory", "100MiB").out.splitlines()[1].endswith(",batch,,1")
    assert (
        run(*line, "--memory", "2GiB", "--vary", "checkpoint")
        .out.splitlines()[1]
        .endswith(",checkpoint,none,")
    )


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("--ram 256KiB --dtype int8 --optimizer adam", "how a step of training is done is said"),
        ("--ram 256KiB --vary checkpoint", "what runs again in a step of training changes nothing"),
        ("--memory 1GiB --vary width --set width=0.5", "--set width=… gives what is varied"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(run, line, fact):
    outcome = run("fit", "mobilenet_v2", *line.split())
    assert (outcome.status, outcome.out) == (2, "")
    assert fact in outcome.err


def test_a_parameter_that_is_varied_is_not_given_in_python(small):
    with pytest.raises(ArchcalcError, match="'width' is what is varied, and given, too"):
        archcalc.fit(small, ["params <= 9K"], "width", parameters={"width": 3})


def test_what_is_not_known_is_no_answer():
    layers = "[conv: {out: 4, kernel: 3}, unaccounted: {what: Magic, shape: 4x6x6}]"
    with pytest.raises(ArchcalcError, match=r"macs of .* is not known entirely"):
        archcalc.fit(archcalc.load(layers, input="3x8x8"), ["macs <= 1G"])


def test_the_page_says_what_fits_and_what_is_in_the_way(run, small):
    outcome = run("fit", small, "--memory", "70KB", COLUMNS=100)
    assert outcome.status == 0
    assert "largest batch" in outcome.out
    document = json.loads(run("fit", small, "--memory", "70KB", "--format", "json").out)
    assert document["next_value"] == document["value"] + 1
    assert document["conditions"]["batch"] == document["value"]
    assert document["in_the_way"] in [node.name for node in archcalc.load(small).nodes]
    (row,) = document["rows"]
    assert row["fits"] <= 70_000 < row["next"]


def test_the_status_says_that_nothing_fits(run):
    outcome = run("fit", "vgg16", "--memory", "100MiB")
    assert (outcome.status, outcome.err) == (1, "")
    assert "none fits, not even 1" in outcome.out
    assert "fc6" in outcome.out
    document = json.loads(run("fit", "vgg16", "--memory", "100MiB", "--format", "json").out)
    assert (document["value"], document["next_value"], document["in_the_way"]) == (None, 1, "fc6")


def test_a_page_says_what_it_asks_about(run, small):
    """Inference, or a step of training and how it is done, and what its limit is held against."""
    out = run("fit", "lenet5", "--memory", "1MiB", COLUMNS=200).out
    assert "float32 · inference\n" in out
    assert "this is about inference: --train asks about a step of training" in out
    assert "CUDA" not in out
    out = run("fit", "lenet5", "--memory", "1GiB", "--optimizer", "adam", COLUMNS=200).out
    assert "float32 · training step · adam\n" in out
    assert "CUDA's context (some 500 MiB), fragmentation and other processes" in out
    assert "inference" not in out
    out = run("fit", "lenet5", "--memory", "1GiB", "--shard", "zero1", "--ranks", "4", COLUMNS=200).out
    assert "zero1 among 4 ranks" in out
    assert "one rank of 4" in out


def test_bytes_that_tell_neighbours_apart_are_readable_too(run):
    out = run("fit", "resnet50", "--memory", "8GiB", "--vary", "input", COLUMNS=80).out
    assert re.search(r"≤ 8.00 GiB +8,588,054,176 B +8,598,268,576 B\n +\(8.00 GiB\) +\(8.01 GiB\)", out)
    out = run("fit", "lenet5", "--memory", "284456B", COLUMNS=80).out
    assert "≤ 284,456 B" in out


def test_uneven_windows_are_no_matter_of_what_fits(run):
    assert "windows that do not fit evenly" in run("show", "resnet50").out
    assert "evenly" not in run("fit", "resnet50", "--memory", "1GiB").out


@pytest.mark.parametrize(
    ("line", "heading", "value"),
    [
        ("--memory 100MiB --vary input", "\nbatch 1 · float32", "input 32"),
        ("--memory 100MiB", "\ninput 3×224×224 · float32", "batch 1"),
        (
            "--memory 1GiB --batch 64 --vary checkpoint --optimizer adam",
            "batch 64 · float32 · training step · adam\n",
            r"checkpoint \S+",
        ),
    ],
)
def test_where_nothing_fits_the_heading_claims_no_value(run, line, heading, value):
    """The nearest value stands above its column, and the limit that it breaks is marked."""
    outcome = run("fit", "vgg16", *line.split(), COLUMNS=200)
    assert outcome.status == 1
    assert heading in outcome.out
    assert re.search(f"figure +limit +{value} +verdict\n", outcome.out)
    assert re.search(r"_bytes +≤ .* broken\n", outcome.out)


def test_of_several_limits_the_broken_one_is_marked(run):
    out = run("fit", "mobilenet_v2", "--ram", "512KiB", "--flash", "3MiB", "--dtype", "int8").out
    assert re.search("deployed.arena_bytes .* ok", out)
    assert re.search("deployed.weight_bytes .* broken", out)


@pytest.mark.parametrize(("more", "value"), [(-1, None), (0, 32), (1, 32)])
def test_the_least_value_that_suits_a_network_is_looked_at(more, value):
    """VGG-16 pools five times and takes no side below 32."""
    report = archcalc.analyze("vgg16", input="3x32x32")
    found = archcalc.fit(
        "vgg16", [f"memory_bytes <= {report.weight_bytes + report.peak_bytes + more}"], "input"
    )
    assert (found.value, found.next) == (value, 33 if value else 32)
    assert found.over is not None


def test_small_devices_hold_weights_in_flash_and_activations_in_ram(run):
    """MobileNetV2 at 132 a side: 66·66·96 of the first depthwise layer in, 33·33·96 out, a byte each."""
    line = "fit mobilenet_v2 --ram 512KiB --flash 4MiB --dtype int8 --format json"
    document = json.loads(run(*line.split()).out)
    assert document["value"] == 132
    arena, flash = (row["fits"] for row in document["rows"])
    assert arena == 66 * 66 * 96 + 33 * 33 * 96
    assert flash == 3_487_816
    assert run("fit", "mobilenet_v2", "--ram", "512KiB", "--flash", "3MiB", "--dtype", "int8").status == 1


def test_what_is_varied_is_not_given(run):
    outcome = run("fit", "alexnet", "--memory", "1GiB", "--batch", "8")
    assert (outcome.status, outcome.out) == (2, "")
    assert "--batch is what is varied" in outcome.err
    assert "such as memory_bytes <= 24GiB" in run("fit", "alexnet").err


STEP = TrainingStep("adam")


@pytest.mark.parametrize("network", ["lenet5", "alexnet", "resnet18", "squeezenet1_1"])
@pytest.mark.parametrize("step", [STEP, TrainingStep(frozen=("*.bias",)), TrainingStep(accumulate=4)])
def test_no_checkpoint_that_fits_runs_less_again(network, step):
    report = archcalc.analyze(network, batch=8, train=True)
    tried = {
        name: train(report, step._replace(checkpoint=name))
        for name in (
            *list_checkpoints(report.run)[:3],
            *(f"every:{n}" for n in range(2, len(report.rows), 7)),
        )
    }
    peaks = sorted(each.peak_bytes for each in tried.values())
    for bound in (peaks[0] - 1, peaks[0], peaks[len(peaks) // 2], peaks[-1]):
        found = archcalc.fit(network, [f"train.peak_bytes <= {bound}"], "checkpoint", batch=8, step=step)
        assert found.looks == len(found.alternatives) <= 20
        again = [each.recomputed for each in tried.values() if each.peak_bytes <= bound]
        if found.value is None:
            assert found.next == min(found.alternatives, key=lambda each: each.tightness).value
            assert not any(each.fits for each in found.alternatives)
            assert tried["none"].peak_bytes > bound
            continue
        chosen = train(report, step._replace(checkpoint=found.value))
        assert chosen.peak_bytes == FIGURES["train.peak_bytes"].amount(found.report) <= bound
        assert not again or chosen.recomputed <= min(again)
        assert (found.next is None) == (found.value == "none")


def test_checkpoints_are_looked_at_on_one_run(monkeypatch):
    runs = []
    ask = archcalc.analysis.report.run
    monkeypatch.setattr("archcalc.analysis.report.run", lambda *args: runs.append(args) or ask(*args))
    found = archcalc.fit("googlenet", ["train.peak_bytes <= 150MiB"], "checkpoint")
    assert (len(runs), found.looks > 10) == (1, True)


@pytest.mark.parametrize("layers", [1, 2, 3, 4, 7, 9, 50, 1000])
def test_lengths_of_segments_go_from_two_to_half_of_all(layers):
    run = archcalc.analyze(archcalc.loads(f"input: 3x8x8\nlayers: [{', '.join(['relu'] * layers)}]")).run
    names = list_checkpoints(run)
    lengths = [int(name.partition(":")[2]) for name in names if ":" in name]
    assert names[:2] == ("none", "auto")
    assert len(names) == len(set(names)) <= 20
    assert all(2 <= each <= max((layers + 2) // 2, 2) for each in lengths)


def test_the_page_of_checkpoints_says_what_the_others_need(run):
    line = [
        "fit",
        "resnet50",
        "--memory",
        "5GiB",
        "--vary",
        "checkpoint",
        "--batch",
        64,
        "--optimizer",
        "adam",
    ]
    document = json.loads(run(*line, "--format", "json").out)
    assert (document["vary"], document["value"], document["next_value"]) == ("checkpoint", "blocks", "none")
    assert document["in_the_way"].startswith("backward of ")
    (row,) = document["rows"]
    assert row["fits"] <= 5 * 2**30 < row["next"]
    others = {each["value"]: each for each in document["alternatives"]}
    assert others["none"]["recomputed_macs"] == 0
    assert others["none"]["peak_bytes"] == row["next"]
    assert others["blocks"] | {"fits": True, "peak_bytes": row["fits"]} == others["blocks"]
    text = run(*line, COLUMNS=100).out
    assert re.search("checkpoint +blocks\n", text)
    step = FIGURES["train.macs"].of_total(archcalc.analyze("resnet50", batch=64, train=True))
    share = f"{others['auto']['recomputed_macs'] / step:.0%}"
    assert re.search(f"auto +2.20 GiB, 262 G MACs again: [+]{share} for the step, fits", text)
    assert re.search("figure +limit +checkpoint blocks +checkpoint none\n", text)
    assert "every:2 " not in text
    left_out = len(others) - len(("none", "blocks", "auto"))
    assert f"{left_out} more, every:N, take no less" in text


def test_where_no_checkpoint_fits_the_nearest_is_named(run):
    line = ["fit", "resnet50", "--memory", "1GiB", "--vary", "checkpoint", "--batch", 64]
    outcome = run(*line)
    assert (outcome.status, outcome.err) == (1, "")
    assert "nothing fits, 'auto' comes nearest" in outcome.out
    document = json.loads(run(*line, "--format", "json").out)
    assert (document["value"], document["next_value"]) == (None, "auto")


def test_a_checkpoint_that_is_varied_is_not_given(run):
    outcome = run("fit", "alexnet", "--memory", "1GiB", "--vary", "checkpoint", "--checkpoint", "auto")
    assert (outcome.status, outcome.out) == (2, "")
    assert "--checkpoint is what is varied" in outcome.err


def test_what_is_in_the_way_is_what_the_figure_says():
    """The work of a training step has its heaviest layer, and no moment."""
    found = archcalc.fit("alexnet", ["train.macs <= 10G"], device="h100")
    heaviest = max(found.over.rows, key=lambda row: row.trained_macs)
    assert find_hindrance(found.over, found.bounds) == heaviest.name
    for key, figure in FIGURES.items():
        if figure.limit:
            assert isinstance(figure.find_most(found.over), str), key
