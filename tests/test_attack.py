"""Hostile specs and surroundings: whatever comes in, out comes a report or an error that is safe to print."""

import os
import re
import tracemalloc
from pathlib import Path

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats import specs as zoo
from archcalc.formats.language import contents
from archcalc.formats.language.read import override
from archcalc.ground import limits

PLAIN = """\
# Größe: ×
input: 3x32x32
title: Größe
layers:
  - conv: {out: 8, kernel: 3}
  - relu
"""


def refused(text_or_bytes, folder, name="net.yaml"):
    """Return the message with which a file is refused; it holds nothing unprintable."""
    path = folder / name
    data = text_or_bytes if isinstance(text_or_bytes, bytes) else text_or_bytes.encode()
    path.write_bytes(data)
    with pytest.raises(ArchcalcError) as caught:
        archcalc.analyze(archcalc.load(path))
    message = str(caught.value)
    assert all(line.isprintable() for line in message.split("\n"))
    return message.replace(f"{folder}{os.sep}", "")


def layers(text, extra=""):
    return f"input: 3x32x32\n{extra}layers: [{text}]\n"


ENCODED = {
    "UTF-8": PLAIN.encode(),
    "UTF-8 with a byte order mark": PLAIN.encode("utf-8-sig"),
    "UTF-16": PLAIN.encode("utf-16"),
    "UTF-16, little end first": b"\xff\xfe" + PLAIN.encode("utf-16-le"),
    "UTF-16, big end first": b"\xfe\xff" + PLAIN.encode("utf-16-be"),
    "Windows line ends": PLAIN.replace("\n", "\r\n").encode(),
    "old Macintosh line ends": PLAIN.replace("\n", "\r").encode(),
    "no line end at the end": PLAIN.rstrip().encode(),
    "blanks at the end of lines": PLAIN.replace("\n", "  \n").encode(),
}


@pytest.mark.parametrize("data", ENCODED.values(), ids=ENCODED)
def test_a_text_means_the_same_however_it_is_saved(report_of, tmp_path, data):
    path = tmp_path / "net.yaml"
    path.write_bytes(data)
    report = archcalc.analyze(archcalc.load(path))
    assert report.title == "Größe"
    assert report.rows == report_of(PLAIN).rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_a_message_quotes_the_line_that_yaml_counts(tmp_path, end):
    message = refused(f"input: 3x8x8{end}# é{end}layers:{end}  - cnov: {{out: 1}}{end}", tmp_path)
    assert message.split("\n")[:3] == [
        "net.yaml:4:5: there is no layer type 'cnov'",
        "    4 |   - cnov: {out: 1}",
        "      |     ^^^^",
    ]


ESC = "\x1b[31m"
REFUSED = {
    "NUL": ("input: 3x8x8\0\n", "net.yaml: is a binary file"),
    "nothing but NULs": ("\0" * 100, "net.yaml: is a binary file"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "net.yaml: line 1 is not UTF-8 text"),
    "Latin-1": ("input: 1x8x8\ntitle: Größe\n".encode("latin-1"), "net.yaml: line 2 is not UTF-8 text"),
    "half a UTF-16 character": (b"\xff\xfea", "net.yaml: line 1 is not UTF-16 text"),
    "a lone surrogate in UTF-8": (b"title: \xed\xa0\x80\n", "net.yaml: line 1 is not UTF-8 text"),
    "a lone surrogate in UTF-16": (b"\xff\xfea\0\0\xd8", "net.yaml: line 1 is not UTF-16 text"),
    "a byte order mark in the middle": ("input: 1x8x8\ntitle: a\ufeffb\n", "net.yaml:2"),
    "a control character": ("input: 1x8x8\ntitle: \a\n", "net.yaml:2"),
    "an escape in a title": (f"input: 1x8x8\ntitle: {ESC}\n", "net.yaml:2"),
    "an escape, written as one": ('input: 1x8x8\ntitle: "\\e[31m"\n', "net.yaml:2:8: control characters"),
    "an escape in a key": ('input: 1x8x8\n"\\e[31m": 1\n', "net.yaml:2:1: control characters"),
    "an escape in a name": (layers('relu: {name: "\\e[31m"}'), "net.yaml:2:23: control characters"),
    "text that runs backwards": ("input: 1x8x8\ntitle: \u202eevil\n", "net.yaml:2:8: control characters"),
    "a blank that does not show": (layers("relu\u200b"), "net.yaml:2:10: control characters"),
    "a tag with an escape": ("!<\x1b[31m> a\n", "net.yaml:1"),
    "a tag with an escaped escape": ("!e%1B[31m a\n", "net.yaml:1"),
    "an alias that is none": (layers("*é"), "net.yaml:2"),
    "lists, a million deep": ("[" * 10**6, "net.yaml:1:101: nested more than 100 deep"),
    "mappings, a million deep": ("{a: " * 10**6, "net.yaml:1:401: nested more than 100 deep"),
    "blocks of lists, a million deep": ("- " * 10**6, "net.yaml:1:201: nested more than 100 deep"),
    "brackets, closed a million times": ("]" * 10**6, "net.yaml:1:1: YAML"),
    "a quote of a megabyte": ('"' + "a" * 10**6, "net.yaml:1:"),
    "a word of a megabyte": ("a" * 10**6, "net.yaml:1:1: a spec is a mapping"),
    "a key of a megabyte": ("a" * 10**6 + ": 1", "net.yaml:1:"),
    "a layer type of a megabyte": (layers("a" * 10**6), "net.yaml:2:10: there is no layer type"),
    "a name of a megabyte": (
        layers(f"relu: {{name: {'a' * 10**6}}}"),
        "net.yaml:2:23: 'name' has 1,000,000 characters; the most is 100",
    ),
    "a million blanks": (" " * 10**6, "net.yaml: is empty"),
    "a billion laughs": (
        "a: &a [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]\n"
        + "".join(
            f"{k}: &{k} [{', '.join([f'*{j}'] * 10)}]\n" for j, k in zip("abcdefgh", "bcdefghi", strict=True)
        ),
        "holds more than 4,000,000 values once aliases are written out",
    ),
    "a chain of aliases": (
        "input: 3x8x8\nlayers: [relu]\nparameters:\n  a0: &a0 [1]\n"
        + "".join(f"  a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 1500)),
        "nested more than 100 deep",
    ),
    "a repeat of a billion nothings": (
        layers("repeat: {times: 1000000000, layers: []}"),
        "grows past 250,000",
    ),
    "repeats of repeats of nothing": (
        layers("repeat: {times: 100000, layers: [repeat: {times: 100000, layers: []}]}"),
        "grows past 250,000 blocks and rounds of repeats",
    ),
    "blocks, two hundred deep": (
        layers(
            "b0",
            "blocks:\n"
            + "".join(f"  b{i}: {{layers: [add: [[b{i + 1}], []]]}}\n" for i in range(200))
            + "  b200: {layers: [relu]}\n",
        ),
        "nested more than 100 deep",
    ),
    "a number of a thousand digits": (
        layers(f"linear: {'9' * 1000}"),
        "net.yaml:2:18: a number of 1000 digits",
    ),
    "a size of hundreds of digits": (layers(f"maxpool: 3x{'9' * 300}"), "holds a number of 300 digits"),
    "an index of hundreds of digits": (
        layers(f'maxpool: "n[{"9" * 300}]"', "parameters: {n: [1]}\n"),
        "too large",
    ),
    "a sum of thirty digits": (layers(f"maxpool: 1 + {'9' * 30}"), "net.yaml:2:19: "),
    "a digit that is none": (layers("maxpool: ²"), "must be a size such as"),
    "infinity": (layers("maxpool: 1e999"), "net.yaml:2:19: 1e999 is too large: the most is 10^18"),
    "an infinite share": (layers("dropout: 1e999"), "net.yaml:2:19: 1e999 is too large"),
    "an input as a layer": (layers("input: 3x8x8"), "net.yaml:2:10: "),
    "a layer that is a null": (layers("~"), "net.yaml:2:10: "),
    "sources that are lists": (layers("relu: {from: [[[]]]}"), "'from' must be the name of a layer"),
    "branches that are one alias too many": (layers("&a {add: [[*a], []]}"), "*a contains itself"),
}


@pytest.mark.parametrize(("data", "fact"), REFUSED.values(), ids=REFUSED)
def test_hostile_text_is_refused_with_its_place(tmp_path, data, fact):
    assert fact in refused(data, tmp_path)


def test_blocks_that_double_forty_times_are_refused_with_their_place(tmp_path, monkeypatch):
    """A lower bound, so that it is reached sooner."""
    doubled = "".join(f"  b{i}: {{layers: [b{i + 1}, b{i + 1}]}}\n" for i in range(40))
    text = layers("b0", f"blocks:\n{doubled}  b40: {{layers: []}}\n")
    monkeypatch.setenv(limits.LAYERS.variable, "5000")
    assert "grows past 5,000 blocks and rounds of repeats" in refused(text, tmp_path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "net.yaml"
    with path.open("wb") as file:
        file.truncate(limits.FILE_BYTES.default + 1)
    with pytest.raises(ArchcalcError, match="larger than 16,777,216 bytes"):
        archcalc.load(path)


def test_a_file_of_the_greatest_size_is_read(tmp_path, report_of):
    path = tmp_path / "net.yaml"
    path.write_bytes(PLAIN.encode().ljust(limits.FILE_BYTES.default - 1) + b"\n")
    assert archcalc.analyze(archcalc.load(path)).rows == report_of(PLAIN).rows


@pytest.mark.parametrize("name", [f"{ESC}.yaml", "a\nb.yaml", "\u202egpj.yaml", "a\x07.yaml"])
@pytest.mark.parametrize(
    "text", ["", "layers: []", "\0", "- a\n- [", None], ids=["empty", "wrong", "NUL", "syntax", "missing"]
)
def test_a_file_name_is_safe_to_print(tmp_path, name, text):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(ArchcalcError) as caught:
        archcalc.load(path)
    assert all(line.isprintable() for line in str(caught.value).split("\n"))
    assert "\n" not in str(caught.value).partition(".yaml")[0]


def free_descriptor():
    """Return the lowest file descriptor that is free: a leak raises it."""
    descriptor = os.dup(0)
    os.close(descriptor)
    return descriptor


def directory(path):
    path.mkdir()


def loop(path):
    path.symlink_to(path)


def dangling(path):
    path.symlink_to(path.with_name("gone"))


ODD_FILES = {
    "a directory": (directory, "directory"),
    "a FIFO": (os.mkfifo, "is not a regular file"),
    "a loop of links": (loop, "symbolic links"),
    "a link to nothing": (dangling, "No such file"),
    "nothing": (lambda path: None, "No such file"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "is not a regular file"),
}


@pytest.mark.parametrize(("make", "fact"), ODD_FILES.values(), ids=ODD_FILES)
def test_what_is_no_file_is_an_error_that_hangs_nowhere_and_leaks_nothing(tmp_path, make, fact):
    path = tmp_path / "net.yaml"
    make(path)
    before = free_descriptor()
    with pytest.raises(ArchcalcError, match=fact):
        archcalc.load(path)
    assert free_descriptor() == before


def test_a_file_that_may_not_be_read_is_an_error(tmp_path, monkeypatch):
    def denied(path, *_args, **_kwargs):
        raise PermissionError(13, "Permission denied", path)

    path = tmp_path / "net.yaml"
    path.write_text(PLAIN)
    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(ArchcalcError, match=r"net\.yaml: Permission denied"):
        archcalc.load(path)


@pytest.mark.parametrize("name", ["a\0b.yaml", "\ud800.yaml", "a" * 5000 + ".yaml", "/" * 5000 + ".yaml"])
def test_a_path_that_no_file_can_have_is_an_error(name):
    with pytest.raises(ArchcalcError) as caught:
        archcalc.load(name)
    assert all(line.isprintable() for line in str(caught.value).split("\n"))


@pytest.mark.parametrize(
    "text", ["n=\udcff", "n=\0", f"n={ESC}", "n=[", "n=" + "[" * 10**4, "n=*a", "n=!!str a", f"{ESC}", "n={}"]
)
def test_a_hostile_parameter_on_the_command_line_is_an_error(text):
    with pytest.raises(ArchcalcError) as caught:
        override(text)
    assert all(line.isprintable() for line in str(caught.value).split("\n"))


def test_every_spec_that_is_not_refused_can_be_shown_however_large_its_numbers(run, tmp_path):
    path = Path(tmp_path, "net.yaml")
    path.write_text(layers("repeat: {times: 300, layers: [upsample: 100000000000000000]}"))
    for form in ("table", "json", "csv", "markdown"):
        outcome = run("show", path, "--format", form)
        assert (outcome.status, bool(outcome.out)) == (0, True) or (outcome.status, bool(outcome.err)) == (
            2,
            True,
        )


FOUND_AT_RANDOM = [
    # op, setting, value, fact: what random values for every setting have turned up
    ("batchnorm", "eps", 10**400, "is too large for a decimal number: a number of 1329 bits"),
    ("batchnorm", "eps", float("nan"), "must be a number, not nan"),
    ("dropout", "rate", float("nan"), "must be a number, not nan"),
]


@pytest.mark.parametrize(("op", "setting", "value", "fact"), FOUND_AT_RANDOM)
def test_a_value_that_only_python_can_hold_is_an_error(op, setting, value, fact):
    with pytest.raises(ArchcalcError) as caught:
        archcalc.REGISTRY[op](**{setting: value})
    assert fact in caught.value.fact


def test_a_stack_that_is_too_long_is_never_laid_out():
    tracemalloc.start()
    with pytest.raises(ArchcalcError, match="more than 1,000 layers"):
        archcalc.compare("3x3*9999999", "7x7")
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 10**7  # bytes; a list of ten million has eight times as many


@pytest.mark.usefixtures("few_of_ours")
def test_a_file_that_is_gone_before_it_is_read_is_said_and_the_others_follow(run, tmp_path, monkeypatch):
    listed = zoo._spec_files

    def vanished(folder):
        found = listed(folder)
        return [*found, folder / "gone.yaml"] if folder == tmp_path else found

    (tmp_path / "mine.yaml").write_text(PLAIN)
    monkeypatch.setattr(zoo, "_spec_files", vanished)
    outcome = run("list", ARCHCALC_PATH=tmp_path)
    assert outcome.status == 0
    assert outcome.err == f"{tmp_path}/gone.yaml: No such file or directory\n"
    assert "mine" in outcome.out
    assert run("show", "mine", ARCHCALC_PATH=tmp_path).status == 0


@pytest.mark.usefixtures("few_of_ours")
def test_odd_files_in_a_folder_of_specs_are_said_and_the_others_follow(run, tmp_path):
    for number, (make, _) in enumerate(ODD_FILES.values()):
        make(tmp_path / f"odd{number}.yaml")
    (tmp_path / "mine.yaml").write_text(PLAIN)
    outcome = run("list", ARCHCALC_PATH=tmp_path)
    assert outcome.status == 0
    assert len(re.findall(r"odd\d\.yaml: ", outcome.err)) == len(ODD_FILES) - 1  # one makes nothing
    assert "mine" in outcome.out


def test_a_file_that_is_read_in_small_pieces_is_read_whole(report_of, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "CHUNK", 7)
    path = tmp_path / "net.yaml"
    path.write_text(PLAIN)
    assert archcalc.analyze(archcalc.load(path)).rows == report_of(PLAIN).rows
