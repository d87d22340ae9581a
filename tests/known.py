"""The networks that come with archcalc, as several files of tests take them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from archcalc.formats import specs
from archcalc.formats.language.yaml import LOADER

SPECS = sorted((Path(__file__).parents[1] / "specs").glob("*.yaml"))
read_once = cache(specs.document_in)
"""Reads one of our own specs: a program needs a few once, and the tests need them thousands of times."""
NAMES = [name for path in SPECS for name in read_once(path).names]
FIRSTS = [read_once(path).names[0] for path in SPECS]
"""The first network of every file: its sisters differ in numbers alone."""
FEW = (
    "convnext_tiny",
    "efficientnet_b0",
    "googlenet",
    "inception_v3_keras",
    "lenet5_1998",
    "maxvit_t",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "resnet20",
    "shufflenet_v2_x0_5",
    "swin_v2_t",
    "vit_b_16",
)
"""Those that every run of the tests takes: together they have every layer type that any has; `test_specs.py` says so."""

SMALLER = {
    "maxvit_t": {"size": 64, "window": 2},
    "swin_b": {"size": 32, "window": 2},
    "swin_s": {"size": 32, "window": 2},
    "swin_t": {"size": 32, "window": 2},
    "swin_v2_b": {"size": 32, "window": 2},
    "swin_v2_s": {"size": 32, "window": 2},
    "swin_v2_t": {"size": 32, "window": 2},
    "vit_b_16": {"size": 32},
    "vit_b_32": {"size": 64},
    "vit_h_14": {"size": 28},
    "vit_l_16": {"size": 32},
    "vit_l_32": {"size": 64},
}
"""Parameters with which networks that take one size of input alone take a smaller one: they have so many positions."""


def read_yaml(text):
    """Return what PyYAML makes of a text, by libyaml where that is there: a tenth of the time."""
    return yaml.load(text, LOADER)  # noqa: S506  # a safe one either way
