"""The formats of networks: how a file of each is recognised, and the modules that read and write it.

A format that nobody reads is here, too, so that its files are named for what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from archcalc.analysis.conditions import Input
from archcalc.analysis.report import Report
from archcalc.formats.format import Format
from archcalc.formats.peek import Peek
from archcalc.ground.errors import ArchcalcError, CallError, visible
from archcalc.network.network import Network

Write = Callable[[Report, int | None], str | bytes]
Read = Callable[[Path, Input, int | None], Network]


EXPORT = 'torch.onnx.export(model.eval(), (example,), "model.onnx") writes one that can be'
TO_ONNX = "python -m tf2onnx.convert {}--output model.onnx writes one that can be"

FORMATS = (
    Format(
        "spec",
        "archcalc's own YAML, with blocks where the network repeats itself",
        (".yaml", ".yml"),
        writes="archcalc.formats.language.write",
    ),
    Format(
        "onnx",
        "an ONNX model, small: its weights are made when it is loaded",
        (".onnx",),
        reads="archcalc.formats.onnx.read",
        writes="archcalc.formats.onnx.write",
    ),
    Format(
        "pytorch",
        "a PyTorch module, with a class for each block",
        (".py",),
        writes="archcalc.formats.pytorch.write",
    ),
    Format(
        "keras",
        "a Keras model, with a function for each block",
        (".py",),
        writes="archcalc.formats.keras.write",
    ),
    Format(
        "mermaid",
        "a flowchart that Markdown on GitHub and GitLab draws",
        (".mmd",),
        writes="archcalc.formats.pictures.mermaid",
        folds=True,
    ),
    Format(
        "dot",
        "a graph for Graphviz: dot -Tsvg draws it",
        (".dot", ".gv"),
        writes="archcalc.formats.pictures.dot",
        folds=True,
    ),
    Format(
        "picture",
        "a picture, of which nobody can tell the network",
        (".svg", ".png", ".pdf", ".jpg"),
    ),
    Format(
        "pt2",
        "a PyTorch program of torch.export, which is not read yet",
        (".pt2",),
        lambda file: (
            file.has_entry("models/model.json") or file.has_entry("serialized_exported_program.json")
        ),
        mend=EXPORT,
    ),
    Format(
        "python",
        "a Python program, which is never run",
        (".py",),
        mend=f"run it, and {EXPORT}",
    ),
    Format(
        "torchscript",
        "a TorchScript archive: code and pickled weights",
        (".pt", ".pth", ".torchscript", ".ptl"),
        lambda file: file.has_entry("constants.pkl"),
        mend=f"of the model that it was made of, {EXPORT}",
    ),
    Format(
        "checkpoint",
        "a PyTorch checkpoint: pickled weights without an architecture",
        (".pt", ".pth", ".ckpt"),
        lambda file: (
            file.has_entry("data.pkl") or file.head.startswith((b"\x80\x02", b"\x80\x03", b"\x80\x04"))
        ),
        mend=f"with the model that it belongs to, {EXPORT}",
    ),
    Format(
        "keras_archive",
        "a Keras archive, which is not read yet",
        (".keras",),
        lambda file: file.has_entry("model.weights.h5"),
        mend='keras.saving.load_model("model.keras").export("model.onnx", format="onnx") writes one that can be',
    ),
    Format(
        "hdf5",
        "an HDF5 file, as Keras used to save models and weights",
        (".h5", ".hdf5"),
        lambda file: file.head.startswith(b"\x89HDF\r\n\x1a\n"),
        mend='keras.saving.load_model("model.h5").export("model.onnx", format="onnx") writes one that can be',
    ),
    Format(
        "tflite",
        "a TensorFlow Lite model, which is not read yet",
        (".tflite", ".lite"),
        lambda file: file.head[4:8] == b"TFL3",
        mend=TO_ONNX.format("--tflite model.tflite "),
    ),
    Format(
        "safetensors",
        "a file of safetensors: weights without an architecture",
        (".safetensors",),
        lambda file: file.head[8:10] == b'{"' and b'"dtype"' in file.head,
        mend=f"with the model that they belong to, {EXPORT}",
    ),
    Format(
        "gguf",
        "a GGUF file: the weights of a language model for llama.cpp",
        (".gguf",),
        lambda file: file.head.startswith(b"GGUF"),
        mend=f"of the model that it was converted from, {EXPORT}",
    ),
    Format(
        "coreml",
        "a Core ML model",
        (".mlmodel", ".mlpackage"),
        mend=f"of the model that it was converted from, {EXPORT}",
    ),
    Format(
        "tensorflow",
        "a TensorFlow graph",
        (".pb", ".pbtxt"),
        lambda file: file.head.startswith(b"node {"),
        mend=TO_ONNX.format("--saved-model FOLDER "),
    ),
    Format(
        "darknet",
        "a Darknet configuration",
        (".cfg",),
        lambda file: file.has_line(b"[net]") or file.has_line(b"[convolutional]"),
        mend="archcalc new NAME writes a spec to describe its layers in",
    ),
    Format(
        "caffe",
        "a Caffe network",
        (".prototxt", ".caffemodel"),
        lambda file: file.has_line(b"layer {") or file.has_line(b"layers {"),
        mend="archcalc new NAME writes a spec to describe its layers in",
    ),
    Format(
        "ultralytics",
        "a model of Ultralytics, which is not read yet",
        (".yaml", ".yml"),
        lambda file: file.has_line(b"backbone:") and file.has_line(b"head:"),
        mend='ultralytics.YOLO("model.yaml").export(format="onnx") writes one that can be',
        by_bytes=True,
    ),
    Format(
        "huggingface",
        "a configuration of Hugging Face, which is not read yet",
        (".json",),
        lambda file: b'"model_type"' in file.head or b'"architectures"' in file.head,
        mend="optimum-cli export onnx --model FOLDER OUTPUT writes one that can be",
        by_bytes=True,
    ),
)
"""Every format; where files of several have the same suffix, the bytes decide, in this order."""

SUFFIXES = tuple(suffix for format in FORMATS for suffix in format.suffixes)
"""How files that hold a network, or seem to, are called."""
WRITTEN = {format.name: format for format in FORMATS if format.writes}
"""The formats that a network can be written in."""

_READERS: dict[str, Read] = {}
_WRITERS: dict[str, Write] = {}


def reader(name: str) -> Callable[[Read], Read]:
    """Register a function as what reads the format `name`.

    It takes the file, and the shapes and the batch for what the file leaves open.
    """

    def register(read: Read) -> Read:
        _READERS[name] = read
        return read

    return register


def writer(name: str) -> Callable[[Write], Write]:
    """Register a function as what writes the format `name`; its last argument is how many levels of blocks to show."""

    def register(write: Write) -> Write:
        _WRITERS[name] = write
        return write

    return register


def format_of(path: Path) -> Format | None:
    """Return the format of a file: as its first bytes tell among those of its suffix, else the last one of these."""
    named = [format for format in FORMATS if path.name.lower().endswith(format.suffixes)]
    file = Peek(path)
    recognised = (format for format in named or FORMATS if format.holds and format.holds(file))
    return next(recognised, None) or next((format for format in reversed(named) if not format.by_bytes), None)


def read(format: Format, path: Path, input: Input, batch: int | None) -> Network:
    """Return the network of a file.

    Raises:
        ArchcalcError: there is no such file, nothing reads this format, or the file is broken.
    """
    if not path.exists():
        from archcalc.formats.missing import hint_for_file

        raise CallError(
            f"{visible(str(path))}: No such file or directory", hint=hint_for_file(path, SUFFIXES)
        )
    if not format.reads:
        raise ArchcalcError(f"{visible(str(path))}: {format.title}", hint=format.mend)
    import_module(format.reads)
    return _READERS[format.name](path, input, batch)


def find_writer(name: str) -> Format:
    """Return the format of this name that a network can be written in.

    Raises:
        ArchcalcError: there is none.
    """
    if name not in WRITTEN:
        from archcalc.formats.missing import hint_for_target

        raise ArchcalcError(f"there is no target '{visible(name)}'", hint=hint_for_target(name, FORMATS))
    return WRITTEN[name]


def of_suffix(file: str | None) -> str:
    """Return the name of the format that a file to be written has by its suffix.

    Raises:
        ArchcalcError: the suffix stands for none, or for several.
    """
    name = (file or "").lower()
    alike = [format.name for format in WRITTEN.values() if name.endswith(format.suffixes)]
    if len(alike) == 1:
        return alike[0]
    suffix = Path(name).suffix
    if suffix and not alike:
        from archcalc.formats.missing import hint_for_target

        raise ArchcalcError(
            f"no format is written to files called {visible(suffix)}", hint=hint_for_target(suffix, FORMATS)
        )
    raise ArchcalcError("which format is not said", hint=f"--to {', '.join(alike or WRITTEN)}")


def export(report: Report, *, to: str, depth: int | None = None) -> str | bytes:
    """Return a network as it was run in another format: text, or bytes of a format that is no text.

    Args:
        report: what `analyze` returned.
        to: the target, such as "spec" or "mermaid".
        depth: how many levels of blocks a drawing shows; what fits unless told.

    Raises:
        ArchcalcError: there is no such target, it shows every layer and a depth is given, or it cannot say what
            the network holds.
    """
    target = find_writer(to)
    if depth is not None and not target.folds:
        raise ArchcalcError(
            f"{to} holds every layer, whatever the depth",
            hint=f"leave the depth out; {' and '.join(name for name in WRITTEN if WRITTEN[name].folds)} fold blocks",
        )
    import_module(target.writes)
    return _WRITERS[to](report, depth)
