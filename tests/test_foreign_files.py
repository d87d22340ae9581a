"""Files that hold a network in a format that nobody reads yet are named for what they are."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats.registry import FORMATS, format_of


def archive(*names):
    """Return a zip archive with empty entries."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            file.writestr(name, b"")
    return buffer.getvalue()


class Bomb:
    """Unpickling it would leave a file behind."""

    def __reduce__(self):
        return os.mkdir, ("unpickled",)


def archive_with_a_bomb():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", pickle.dumps(Bomb()))
    return buffer.getvalue()


HEADER = b'{"weight":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'
FILES = {  # what a file is called, what is in it, the format that it is
    "weights.pt": (archive_with_a_bomb(), "checkpoint"),
    "weights.pth": (pickle.dumps(Bomb(), protocol=2), "checkpoint"),
    "last.ckpt": (b"anything", "checkpoint"),
    "scripted.pt": (
        archive("scripted/data.pkl", "scripted/code/net.py", "scripted/constants.pkl"),
        "torchscript",
    ),
    "net.torchscript": (b"", "torchscript"),
    "net.pt2": (archive("net/archive_format", "net/models/model.json"), "pt2"),
    "net.keras": (archive("metadata.json", "config.json", "model.weights.h5"), "keras_archive"),
    "net.h5": (b"\x89HDF\r\n\x1a\n....", "hdf5"),
    "net.tflite": (b"\x1c\0\0\0TFL3....", "tflite"),
    "net.safetensors": (struct.pack("<Q", len(HEADER)) + HEADER, "safetensors"),
    "net.gguf": (b"GGUF\3\0\0\0", "gguf"),
    "net.mlmodel": (b"\x08\x05", "coreml"),
    "saved_model.pb": (b"\x08\x01", "tensorflow"),
    "yolov3.cfg": (b"[net]\nbatch=1\n[convolutional]\nfilters=32\n", "darknet"),
    "alexnet.prototxt": (b'name: "AlexNet"\nlayer {\n  name: "data"\n}\n', "caffe"),
    "yolo.yaml": (
        b"nc: 80\nbackbone:\n  - [-1, 1, Conv, [64, 3, 2]]\nhead:\n  - [-1, 1, SPPF, [1024, 5]]\n",
        "ultralytics",
    ),
    "config.json": (b'{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}', "huggingface"),
    "net.py": (b"import torch\nclass Net(torch.nn.Module): ...\n", "python"),
}


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named_for_what_it_is(name, written, run):
    data, expected = FILES[name]
    written(name, data)
    format = next(format for format in FORMATS if format.name == expected)
    outcome = run("show", name)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == f"{name}: {format.title}\nhint: {format.mend}\n"
    assert not Path("unpickled").exists()


TOLD_BY_BYTES = [name for name in FILES if name not in ("last.ckpt", "net.torchscript", "net.mlmodel", "saved_model.pb", "net.py")]  # fmt: skip


@pytest.mark.parametrize("name", TOLD_BY_BYTES)
def test_a_file_without_a_suffix_is_told_by_its_bytes(name, written):
    data, expected = FILES[name]
    assert format_of(written("model", data)).name == expected


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("line", ["check", "params", "compare", "explain"])
def test_every_command_says_so(line, name, written, run):
    written(name, FILES[name][0])
    outcome = run(line, name, *(["alexnet"] if line == "compare" else []))
    assert outcome.status in (1, 2)
    assert f"{name}: a" in outcome.err
    assert "Traceback" not in outcome.err


def test_a_spec_and_an_unknown_file_stay_specs(written):
    assert format_of(written("net.yaml", b"input: 3x8x8\nlayers: [relu]\n")).name == "spec"
    assert format_of(written("net", b"input: 3x8x8\nlayers: [relu]\n")) is None
    with pytest.raises(ArchcalcError, match="a spec is a mapping"):
        archcalc.load(written("list.json", b"[1, 2]"))


@pytest.mark.parametrize(
    "data",
    [
        b"PK",
        b"PK\3\4" + b"\0" * 100,
        b"PK\5\6" + b"\xff" * 18,
        b"PK\3\4" + b"PK\6\7" + b"\xff" * 16 + b"PK\5\6" + b"\xff" * 18,
        archive(*(f"e{i}" for i in range(2000)))[:-10],
    ],
    ids=range(5),
)
def test_a_broken_archive_is_no_traceback(data, written):
    assert format_of(written("net.pt", data)).name == "checkpoint"
    assert format_of(written("model", data)) is None


@pytest.mark.slow
def test_a_large_archive_is_told_all_the_same(written):
    names = [f"net/data/{number}" for number in range(70_000)]
    assert format_of(written("model", archive("net/data.pkl", *names))).name == "checkpoint"


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.pt")
    assert format_of(tmp_path / "pipe.pt").name == "checkpoint"


def test_a_folder_is_no_file(tmp_path, run):
    (tmp_path / "net.mlpackage").mkdir()
    assert "a Core ML model" in run("show", tmp_path / "net.mlpackage").err


def test_a_file_that_is_not_there_is_said_to_be_so(run, written):
    for name in FILES:
        assert run("show", f"no{name}").err.startswith(f"no{name}: No such file or directory")
