"""What becomes of a layer's tensors in a step of training: reasons, bytes that add up, and who holds what in PyTorch itself."""

from __future__ import annotations

import json
from collections import OrderedDict
from itertools import product

import pytest
from test_explain import worth

import archcalc
from archcalc import REGISTRY, ArchcalcError
from archcalc.analysis.training.replay import replay
from archcalc.analysis.training.schedule import Instant
from archcalc.analysis.training.step import TrainingStep
from archcalc.analysis.training.training import name_moment, train
from archcalc.network.network import Network, Node
from archcalc.op.keeps import Backward, contiguous
from archcalc.op.settings import extents
from archcalc.op.site import Shapes
from archcalc.questions.step import StepStory

BATCH = 2
NETWORKS = (
    "resnet50",
    "densenet121",
    "vit_b_16",
    "mobilenet_v2",
    "vgg16",
    "googlenet",
    "swin_t",
    "efficientnet_b0",
)
CONV = "{conv: {out: 8, kernel: 3, padding: 1}}"


MORE = [
    ("conv", {"out": 4, "kernel": 3, "padding": "same", "stride": 2}, "3x8x8"),
    ("conv", {"out": 3, "kernel": 3, "connections": [[0], [0, 1], [1]]}, "2x8x8"),
    ("avgpool", {"kernel": 2, "padding": "same", "stride": 1}, "3x6x6"),
    ("adaptive_avgpool", {"size": 1}, "3x6x6"),
    ("dropout", {"rate": 1}, "7"),
    ("einsum", {"equation": "nij,nkj->nik"}, "4x5", "6x5"),
    ("hardsigmoid", {"slope": 0.2}, "3x4"),
    ("multiply", {}, "3x4", "3x4", "3x4"),
    ("take", {"axis": 1}, "5x3", "2"),
]
"""Ops in circumstances in which they keep something else than in their examples."""


def variants(op):
    """Yield the op's example, and it with every other choice that its settings have."""
    choices = {name: setting.schema.get("enum", ()) for name, setting in op.declared.items()}
    choices |= {
        name: (True, False)
        for name, setting in op.declared.items()
        if setting.schema.get("type") == "boolean"
    }
    yield op.example[1]
    for name, values in choices.items():
        yield from ({**op.example[1], name: value} for value in values)


def rules(kind):
    """Yield what an op keeps under all circumstances in which it is asked."""
    op = REGISTRY[kind]
    more = [(settings, shapes) for name, settings, *shapes in MORE if name == kind]
    for settings, shapes in [*((settings, op.example[0]) for settings in variants(op)), *more]:
        xs = tuple((BATCH, *extents(shape)) for shape in shapes)
        try:
            made = op(**settings)
            made.check(Shapes(xs))
            at = Shapes(xs, made.output(Shapes(xs)))
        except ArchcalcError:
            continue
        lying = [tuple(map(contiguous, xs)), tuple(contiguous(x[::-1])[::-1] for x in xs)]
        circumstances = product(lying, ("cuda", "cpu"), (True, False))
        every = frozenset(made.weights(at))
        learning = {every, frozenset(), *(frozenset((name,)) for name in every)}
        for needed, learnt, how in product(
            product((True, False), repeat=len(xs)), learning, list(circumstances)
        ):
            if learnt or any(needed):
                yield made.keeps(at, Backward(needed, learnt, *how))


@pytest.mark.parametrize("kind", REGISTRY)
def test_every_op_says_why_it_keeps_what_it_keeps(kind):
    for keeps in rules(kind):
        if keeps is not None:
            whys = [*keeps.weights.values(), *(tensor.why for tensor in keeps.new)]
            whys += [keeps.why] if keeps.inputs or keeps.output else []
            assert [why for why in whys if not why or why.endswith(("gradient of", "gradient of "))] == []
            assert [why for why in whys if "gradient of ," in why or "of :" in why] == []


def story(name, step=None, **conditions):
    report = archcalc.analyze(name, train=True, **conditions)
    return StepStory(report, train(report, step))


def every(told):
    return [told.tell(position) for position in range(len(told.report.rows))]


@pytest.mark.parametrize("dtype", ["float32", "amp-float16"])
@pytest.mark.parametrize("name", NETWORKS)
def test_what_counts_at_all_layers_is_what_memory_says_is_kept(name, dtype):
    told = story(name, dtype=dtype, batch=BATCH)
    layers = every(told)
    kept = sum(layer.kept for layer in layers)
    assert kept == told.training.keeping.bytes == told.training.requested_bytes
    asked = replay(told.training.schedule, as_allocated=False)
    assert kept == asked.kept + told.training.resident["input"]
    for layer in layers:
        assert layer.kept == sum(one.bytes for one in layer.tensors if one.home == layer.row.name), (
            layer.row.name
        )


@pytest.mark.parametrize("checkpoint", ["blocks", "auto", "every:3"])
@pytest.mark.parametrize("name", ["resnet50", "vit_b_16", "swin_t"])
def test_a_checkpointed_step_adds_up_too(name, checkpoint):
    told = story(name, TrainingStep(checkpoint=checkpoint), batch=BATCH)
    asked = replay(told.training.schedule, as_allocated=False)
    layers = every(told)
    assert sum(layer.kept for layer in layers) == asked.kept + told.training.resident["input"]
    assert sum(layer.kept for layer in layers) == told.training.requested_bytes
    for layer in layers:
        assert layer.kept == sum(one.bytes for one in layer.tensors if one.home == layer.row.name), (
            layer.row.name
        )


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "adafactor", "adam8bit"])
@pytest.mark.parametrize("shard", [None, "zero1", "zero3"])
def test_weights_gradients_and_states_add_up_to_those_of_the_step(optimizer, shard):
    ranks = 4 if shard else 1
    told = story("mobilenet_v2", TrainingStep(optimizer, shard=shard, ranks=ranks))
    sizes = dict.fromkeys(("weights", "gradients", "optimizer", "buffers"), 0)
    for layer in every(told):
        for one in layer.tensors:
            if one.piece in sizes and one.bytes:
                sizes[one.piece] += one.bytes
    resident = told.training.resident
    shared = told.training.optimizer.shared
    assert (sizes["weights"], sizes["buffers"]) == (resident["weights"], resident["buffers"])
    assert sizes["optimizer"] == resident["optimizer"] - shared
    assert sizes["gradients"] == told.training.gradients_bytes


def behind_weights(kind, settings, shapes):
    """Return a network of one layer, before which something is learnt at every input."""
    nodes, ends = [], []
    for number, shape in enumerate(shapes):
        start = len(nodes)
        nodes += [
            Node(f"x{number}", REGISTRY["input"](shape=extents(shape))),
            Node(f"p{number}", REGISTRY["parameter"](shape=extents(shape))),
            Node(f"a{number}", REGISTRY["add"](), (start, start + 1)),
        ]
        ends.append(start + 2)
    return Network("alone", (*nodes, Node("layer", REGISTRY[kind](**settings), tuple(ends))))


@pytest.mark.parametrize("dtype", ["float32", "amp-bfloat16"])
@pytest.mark.parametrize("kind", REGISTRY)
def test_the_bytes_of_every_op_come_to_what_is_derived(kind, dtype):
    op = REGISTRY[kind]
    network = behind_weights(kind, op.example[1], op.example[0])
    try:
        report = archcalc.analyze(network, batch=3, train=True, dtype=dtype)
    except ArchcalcError:
        pytest.skip("it takes no numbers that are worked out")
    told = StepStory(report, train(report))
    for layer in every(told):
        for one in layer.tensors:
            if one.derivation is not None:
                assert worth(one.derivation.numbers) == one.bytes
        made_there = told.holding.made.get(told.run.positions[layer.row.name], ())
        others = [one.bytes for one in layer.tensors if one.piece not in ("input", "output", "taken")]
        alike = dict.fromkeys(
            (tensor.role, tensor.name, tensor.shape, tensor.whys) for tensor, _ in made_there
        )
        assert sum(others[: len(alike)]) == sum(tensor.bytes for tensor, _ in made_there)


def tensors_of(spec, layer, step=None, **conditions):
    report = archcalc.analyze(archcalc.loads(spec), train=True, **conditions)
    return {one.piece: one for one in archcalc.explain_step(report, layer, step).tensors}


def test_a_storage_that_two_keep_counts_once_and_names_both():
    spec = f"input: 3x6x6\nlayers: [{CONV}, batchnorm, {{relu: {{in_place: true}}}}, {CONV}]"
    output = tensors_of(spec, "batchnorm1", batch=64)["output"]
    assert [keeper.layer for keeper in output.needs] == ["relu1", "conv2"]
    assert output.overwritten == ("relu1",)
    assert (output.home, output.fate) == ("relu1", "kept")
    assert output.until == Instant("backward", 3)
    assert output.bytes == 64 * 8 * 6 * 6 * 4
    within = tensors_of(spec, "relu1", batch=64)["output"]
    assert (within.fate, within.storage, within.bytes) == ("within", "batchnorm1", None)


@pytest.mark.parametrize(
    ("spec", "layer", "piece", "fate"),
    [
        (f"[{CONV}, relu]", "conv1", "output", "freed"),
        (f"[{CONV}, relu]", "relu1", "output", "kept"),
        (f"[{CONV}, flatten, {{linear: 5}}]", "flatten1", "output", "within"),
        (f"[{CONV}, {{dropout: 0.5}}]", "dropout1", "mask", "kept"),
        (f"[{CONV}, relu]", "conv1", "weights", "stays"),
        (f"[{CONV}, relu]", "conv1", "gradients", "made"),
    ],
)
def test_the_fate_of_a_tensor(spec, layer, piece, fate):
    assert tensors_of(f"input: 3x6x6\nlayers: {spec}", layer)[piece].fate == fate


def test_what_a_layer_keeps_that_nobody_knows_is_unknown(run):
    spec = "input: 5x4\nlayers: [{linear: {out: 4, axis: -1}}, {lstm: 3}]"
    assert tensors_of(spec, "lstm1")["rest"].fate == "unknown"
    assert tensors_of(spec, "linear1")["output"].fate == "unknown"
    assert (
        "what PyTorch 2.13 keeps of it is not known"
        in run("explain", "lstm: 8", "--input", "5x4", "--train").out
    )


@pytest.mark.parametrize("kind", ["multiply", "concat", "add"])
def test_a_layer_of_many_inputs_is_explained(kind):
    names = [f"l{n}" for n in range(3000)]
    many = "".join(f"\n  - linear: {{name: {name}, out: 1, from: input}}" for name in names)
    made = archcalc.loads(f"input: 1\nlayers:{many}\n  - {kind}: {{from: [{', '.join(names)}]}}")
    report = archcalc.analyze(made, train=True)
    assert archcalc.explain(report, f"{kind}1").derivations
    told = archcalc.explain_step(report, f"{kind}1")
    assert len([tensor for tensor in told.tensors if tensor.piece == "input"]) == len(names)


def test_weights_that_are_shared_count_at_their_owner():
    first = "{conv: {out: 8, kernel: 3, padding: 1, name: a}}"
    second = "{conv: {out: 8, kernel: 3, padding: 1, name: b, tie: a}}"
    spec = f"input: 8x6x6\nlayers: [{first}, relu, {second}]"
    tied = tensors_of(spec, "b")
    assert (tied["weights"].fate, tied["weights"].source) == ("elsewhere", "a")
    assert "gradients" not in tied


def test_a_layer_of_a_head_of_training_is_derived_and_explained(run):
    line = ["explain", "googlenet", "aux1.classifier1.conv1", "--format", "json"]
    assert "parameters" in [row["figure"] for row in json.loads(run(*line).out)["rows"]]
    assert json.loads(run(*line, "--train").out)["tensors"]


@pytest.mark.parametrize(
    "line", ["explain lenet5 --optimizer adam", "explain resnet18 conv2_x --checkpoint auto"]
)
def test_the_options_of_a_step_need_a_layer(run, line):
    outcome = run(*line.split())
    assert outcome.status == 2
    assert "are about a LAYER: name one" in outcome.err


def test_the_page_says_it_in_words(run):
    out = run("explain", "resnet50", "batchnorm1", "--train", "--batch", "64", COLUMNS=200).out
    assert "N·C·H·W·4" in out
    assert "205,520,896 B" in out
    words = " ".join(out.split())
    assert "kept by this layer for the gradient of γ and of the input, from x̂ = (x − μ)/σ" in words
    assert "relu1 writes over it in place" in words


LAYERS = ("conv1", "batchnorm1", "relu1", "maxpool1", "conv2", "sigmoid1", "flatten1", "linear1")
SPEC = f"""\
input: 3x8x8
layers: [{CONV}, batchnorm, {{relu: {{in_place: true}}}}, {{maxpool: 2}}, {CONV}, sigmoid, flatten, {{linear: 5}}]
"""


def watch(torch, model, x):
    """Return of each storage that PyTorch saves the layers that do so and the layer whose backward pass lets go of it."""
    events, storages, now = [], {}, {"layer": None, "backward": None}

    class Packed:
        def __init__(self, tensor):
            self.tensor, self.key = tensor, tensor.untyped_storage()._cdata
            storages[self.key] = tensor.untyped_storage()
            events.append(("saved", self.key, now["layer"]))

        def __del__(self):
            events.append(("freed", self.key, now["backward"]))

    for name, module in model.named_children():
        module.register_forward_pre_hook(lambda *_, name=name: now.update(layer=name))
    owned = {tensor.untyped_storage()._cdata for tensor in (*model.parameters(), *model.buffers())}

    def pack(tensor):
        return tensor if tensor.untyped_storage()._cdata in owned else Packed(tensor)

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda packed: getattr(packed, "tensor", packed)):
        for name, module in model.named_children():
            x = module(x)
            if x.grad_fn is not None:
                x.grad_fn.register_prehook(lambda *_, name=name: now.update(backward=name))
    x.sum().backward()
    seen = {key: ([], []) for key in storages}
    for event, key, layer in events:
        seen[key][event == "freed"].append(layer)
    return [(sorted(set(savers)), freed[-1]) for savers, freed in seen.values()]


@pytest.mark.torch
def test_who_keeps_what_until_when_is_what_pytorch_does():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    modules = (
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.Sigmoid(),
        nn.Flatten(),
        nn.Linear(128, 5),
    )
    model = nn.Sequential(OrderedDict(zip(LAYERS, modules, strict=True)))
    theirs = watch(torch, model, torch.rand(BATCH, 3, 8, 8))

    told = story(archcalc.loads(SPEC), TrainingStep(device="cpu"), batch=BATCH)
    held = [
        *told.holding.storages.values(),
        *(each for made in told.holding.made.values() for _, each in made),
    ]
    names = [row.name for row in told.report.rows]
    ours = [
        (sorted({names[holder.layer] for holder in each.holders}), names[min(h.layer for h in each.holders)])
        for each in held
        if each.holders
    ]
    assert sorted(ours) == sorted(theirs)
    for each in held:
        died = each.lives[-1].died
        if each.holders and each.lives[-1].tensor.part != "input":
            first = names[min(holder.layer for holder in each.holders)]
            assert name_moment(died, lambda layer: names[layer]) == f"backward of {first}"


READ_BY_SHAPE = {
    "maxpool": lambda f, x: f.max_pool2d(x, 2),
    "avgpool": lambda f, x: f.avg_pool2d(x, 2),
    "adaptive_avgpool": lambda f, x: f.adaptive_avg_pool2d(x, 2),
    "adaptive_maxpool": lambda f, x: f.adaptive_max_pool2d(x, 2),
    "global_maxpool": lambda f, x: f.adaptive_max_pool2d(x, 1),
    "pad reflect": lambda f, x: f.pad(x, (1, 1, 1, 1), mode="reflect"),
    "pad edge": lambda f, x: f.pad(x, (1, 1, 1, 1), mode="replicate"),
}
"""PyTorch's functions for ops that say of their input that its shape alone is read."""


@pytest.mark.torch
@pytest.mark.parametrize("name", READ_BY_SHAPE)
def test_an_input_of_which_the_shape_alone_is_read_may_hold_anything(name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    function = READ_BY_SHAPE[name]
    x = torch.rand(BATCH, 3, 6, 6, requires_grad=True)
    seen = []

    def forget(tensor):
        is_input = tensor.untyped_storage()._cdata == x.untyped_storage()._cdata
        seen.append(is_input)
        return torch.full_like(tensor, -1) if is_input else tensor

    with torch.autograd.graph.saved_tensors_hooks(forget, lambda tensor: tensor):
        y = function(torch.nn.functional, x)
    weights = torch.rand(y.shape)
    (forgetful,) = torch.autograd.grad(y, x, weights)
    (usual,) = torch.autograd.grad(function(torch.nn.functional, x), x, weights)
    assert any(seen)
    assert torch.equal(forgetful, usual)
