"""The commented spec that `archcalc new` writes."""

from __future__ import annotations

import re

from archcalc.ground.errors import ArchcalcError, visible

STARTER = """\
# A network, layer by layer. Look at it with:  archcalc show {name}.yaml
# Layer types and their settings:              archcalc ops
name: {name}
title: A small convolutional network
input: 3x32x32                       # channels x height x width; the batch is --batch

parameters:                          # values that --set can change: archcalc show {name}.yaml --set classes=100
  classes: 10
  width: 32

blocks:                              # an op of your own: a name, parameters, layers
  stage:
    parameters: {{filters: }}          # a parameter without a default must be given where the block is used
    layers:
      - conv: {{out: filters, kernel: 3, padding: 1, bias: false}}
      - batchnorm                    # an op with nothing to say is just its name
      - relu
      - maxpool: 2                   # a lone value is the op's main setting; pooling strides by its kernel

layers:                              # incoming channels are never written: they follow
  - stage: {{filters: width}}
  - stage: {{filters: width * 2}}      # a value may be an expression over the parameters
  - add:                             # branches get the same input and are added; an empty one is the identity
      - - conv: {{out: width * 2, kernel: 3, padding: same}}
        - relu
      - []
  - global_avgpool
  - flatten
  - linear: classes
  - softmax

# What it may cost, and figures that must hold, with where they come from: archcalc check {name}.yaml
budget: [params <= 100K, peak_bytes <= 512KiB]
expect:
  - {{output: 10, depth: 4, source: the design}}
"""


NAME = re.compile("[A-Za-z][A-Za-z0-9_-]{0,99}")
NOT_NAMES = frozenset(("true", "false", "null", "yes", "no", "on", "off"))
"""Words that mean something else to some YAML reader."""


def starter(name: str) -> str:
    """Return a starter spec for a network called `name`.

    Raises:
        ArchcalcError: a network cannot be called that.
    """
    if not NAME.fullmatch(name) or name.lower() in NOT_NAMES:
        raise ArchcalcError(
            f"a network cannot be called '{visible(name)}'",
            hint="start with a letter and go on with letters, digits, _ and -; no word that YAML knows",
        )
    return STARTER.format(name=name)
