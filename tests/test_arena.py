"""Activations laid out in one arena: against published plans, and against what a plan may never do."""

from __future__ import annotations

import random

import pytest

import archcalc
from archcalc.analysis.arena import Lifetime, count_alive, lay_out, lifetimes, measure_arena
from archcalc.analysis.deployed import deploy

PUBLISHED = {"mobilenet_v1": 4.594, "mobilenet_v2": 5.742, "inception_v3": 7.914}
"""MiB of greedy by size, which is the lower bound there, too: Pisarchyk & Lee 2020, table 2."""


@pytest.mark.parametrize(("network", "mebibytes"), PUBLISHED.items())
def test_arenas_are_those_of_the_paper(network, mebibytes):
    deployed = deploy(archcalc.analyze(network))
    assert deployed.arena_bytes == deployed.peak_bytes
    assert deployed.arena_bytes / 2**20 == pytest.approx(mebibytes, abs=0.001)


def random_lifetimes(seed):
    choose = random.Random(seed)  # noqa: S311  # nothing is kept secret by it
    return [
        Lifetime(born, born + choose.choice([0, 1, 1, 2, 15]), choose.randint(1, 500))
        for born in range(choose.randint(1, 40))
        for _ in range(choose.randint(0, 2))
    ]


@pytest.mark.parametrize("seed", range(200))
def test_what_is_alive_together_never_overlaps(seed):
    tensors, each = random_lifetimes(seed), 4
    addresses = lay_out(tensors, each)
    placed = list(zip(tensors, addresses, strict=True))
    assert all(address % 16 == 0 for address in addresses)
    for number, (one, begin) in enumerate(placed):
        for other, elsewhere in placed[:number]:
            together = one.born <= other.dies and other.born <= one.dies
            apart = begin + 4 * one.numbers <= elsewhere or elsewhere + 4 * other.numbers <= begin
            assert apart or not together
    layers = max((tensor.dies for tensor in tensors), default=0) + 1
    assert measure_arena(tensors, each) >= each * max(count_alive(tensors, layers))


def test_layers_in_place_take_no_memory_unless_their_input_is_needed_later():
    layers = "[conv: {out: 4, kernel: 1, name: a}, relu, add: {from: [relu1, a]}]"
    run = archcalc.analyze(layers, input="4x8x8").run
    assert [tensor.born for tensor in lifetimes(run, in_place=True)] == [0, 1, 2, 3]
    run = archcalc.analyze("[conv: {out: 4, kernel: 1}, relu, tanh]", input="4x8x8").run
    assert lifetimes(run, in_place=True) == [Lifetime(0, 1, 256), Lifetime(1, 3, 256)]


def test_an_arena_is_not_worked_out_where_too_many_live_together(monkeypatch):
    tensors = [Lifetime(0, 9, 4)] * 10
    assert measure_arena(tensors, 4) == 160
    monkeypatch.setattr("archcalc.analysis.arena.MOST_PAIRS", 44)
    assert measure_arena(tensors, 4) is None


def test_the_page_and_its_json_say_what_an_arena_takes(run):
    import json

    found = json.loads(run("memory", "mobilenet_v2", "--format", "json").out)["inference"]
    assert found["arena_bytes"] >= found["peak_bytes"]
    assert found["deployed"]["arena_bytes"] == found["deployed"]["peak_bytes"] == 6_021_120
    assert found["deployed"]["weight_bytes"] == 4 * 3_487_816
    text = run("memory", "mobilenet_v2", COLUMNS=120).out
    assert "arena" in text
    assert "stage2.bottleneck1.depthwise.conv1" in text
    assert run("check", "mobilenet_v2", "--limit", "arena_bytes <= 9MiB").status == 1
