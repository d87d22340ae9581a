"""The line to write in place of a word of other programs: what they call settings; layer types say it themselves (`also`).

Source: the layers of PyTorch, Keras, TensorFlow, Caffe and Darknet, and the operators of ONNX.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from archcalc.formats.language.tree import Scalar
from archcalc.ground.errors import CARET_WINDOW, nearest
from archcalc.ops import REGISTRY

OTHERWISE = {
    "activation": "write the activation's own name: '- relu', '- gelu', '- silu'",
    "attention": "there is no such layer yet: write it out as linear layers, two matmuls and a softmax between them, "
    "as archcalc export vit_b_16 --to spec does",
    "block": "define it under 'blocks:' and use it by its name",
    "depthwiseconv": "write '- conv: {out: C, kernel: 3, groups: C}', with the number of channels for C",
    "separableconv": "write two layers: '- conv: {out: C, kernel: 3, groups: C}' and '- conv: {out: M, kernel: 1}'",
    "sequential": "write its layers themselves, or define a block of them under 'blocks:'",
    "split": "take each part by '- channels: {start: 0, stop: 32, from: …}'",
}
"""What to do in place of a layer type that has no name of its own here."""
SETTINGS = {
    "affine": "elementwise_affine",
    "axes": "axis dim dims normalized_shape",
    "axis": "axes dim dims",
    "bias": "bias_term use_bias with_bias",
    "block": "block_size blocksize downscale_factor upscale_factor",
    "count_padding": "count_include_pad",
    "dilation": "d dilation_rate dilations",
    "dim": "embedding_dim output_dim",
    "eps": "epsilon",
    "from": "bottom input inputs",
    "groups": "cardinality g group num_groups",
    "hidden": "hidden_size units",
    "in": "in_channels in_features input_size num_input",
    "layers": "block blocks body modules units",
    "kernel": "filter_size k kernel_shape kernel_size ksize pool_size size window",
    "name": "id label",
    "order": "dims perm",
    "out": "channels features filters neurons nodes num_filters num_output out_channels out_features output units width",
    "padding": "p pad padding_size pads",
    "rate": "drop drop_prob dropout dropout_ratio p prob ratio",
    "rounding": "ceil ceil_mode round",
    "scale": "factor scale_factor scales",
    "shape": "new_shape target_shape",
    "size": "bins num_embeddings output_size vocab_size",
    "slope": "alpha negative_slope",
    "stride": "s step strides subsampling",
    "times": "count n number repeat repeats",
}
"""Other names of settings."""


SETTINGS_OTHERWISE = {
    "activation": "an activation is a layer of its own: '- relu' below",
    "data_format": "'layout: channels_last' at the top of the spec says it of all inputs",
    "input_dim": "what comes in is inferred",
    "input_shape": "what comes in is inferred; 'input:' at the top of the spec states it",
    "kernel_initializer": "weights have no values here",
    "norm_layer": "a normalisation is a layer of its own: '- batchnorm' below",
    "padding_mode": "'- pad: {amount: 1, mode: reflect}' before it pads otherwise than with zeros",
    "return_sequences": "all steps come out; '- take: {axis: 1, index: …}' keeps one",
    "trainable": "every weight counts as learnt",
}
"""What to do in place of a setting that there is not."""
CALLED = r"([A-Za-z_][\w.]*)\s*\("


def hint_for_kind(written: Scalar, settings: Mapping[str, Scalar], known: Iterable[str]) -> str | None:
    """Return how to write a layer whose type is not among the known ones, if there is anything like it."""
    word = _bare(written.text)
    if word in OTHERWISE:
        return OTHERWISE[word]
    alike = {_bare(name): name for name in known}
    call = re.match(CALLED, written.text)
    called = _bare(call[1]) if call else ""
    others = {kind: op.also for kind, op in REGISTRY.items()}
    kind = alike.get(word) or _look_up(word, others)
    if kind is None and (kind := alike.get(called) or _look_up(called, others)) is not None:
        return f"a layer is called by nothing: write '- {_example(kind)}'"
    if kind is None:
        return nearest(written.text, alike.values())
    other = {key: own for name, key in settings.items() if (own := _own(name, kind))}
    return f"archcalc calls it {kind}{_line(written, {written: kind, **other})}"


def find_kind(word: str) -> str | None:
    """Return the layer type that a word of other programs stands for; None where there is none."""
    return _look_up(_bare(word), {kind: op.also for kind, op in REGISTRY.items()})


def hint_for_setting(key: Scalar, known: Iterable[str]) -> str | None:
    """Return how to write a setting that is not known, if there is anything like it."""
    names = list(known)
    if key.text in SETTINGS_OTHERWISE:
        return SETTINGS_OTHERWISE[key.text]
    name, equals, value = key.text.partition("=")
    if equals:
        return f"a colon and a blank stand behind a setting: write '{name}: {value}'"
    own = _look_up(key.text.lower(), {name: SETTINGS[name] for name in names if name in SETTINGS})
    if own is None:
        return nearest(key.text, names)
    return f"archcalc calls it {own}{_line(key, {key: own})}"


def _example(kind: str) -> str:
    """Return a layer with an ellipsis for each setting that it needs."""
    needed = (
        [name for name, setting in REGISTRY[kind].declared.items() if setting.required]
        if kind in REGISTRY
        else []
    )
    return f"{kind}: {{{', '.join(f'{name}: …' for name in needed)}}}" if needed else kind


def _own(name: str, kind: str) -> str | None:
    """Return what a setting is called by a layer type, where that is something else."""
    declared = REGISTRY[kind].declared if kind in REGISTRY else {}
    others = {own: SETTINGS[own] for own in declared if own in SETTINGS}
    return None if name in declared else _look_up(name.lower(), others)


def _look_up(word: str, others: Mapping[str, str]) -> str | None:
    return next((own for own, words in others.items() if word in words.split()), None)


def _bare(name: str) -> str:
    """Return a name in small letters, without signs and without the number of dimensions: MaxPool2d is maxpool."""
    return re.sub(r"([123]d|[^a-z0-9])", "", name.lower())


def _line(spot: Scalar, words: Mapping[Scalar, str]) -> str:
    """Return what to write: the line of a spot with other words in it, unless it is too long to read."""
    line = spot.source.line(spot.line)
    for old, new in sorted(words.items(), key=lambda pair: -pair[0].column):
        if old.line == spot.line:
            line = line[: old.column] + new + line[old.column + old.width :]
    return f": write '{line.strip()}'" if len(line) <= CARET_WINDOW else ""
