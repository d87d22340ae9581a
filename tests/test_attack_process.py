"""The program among hostile surroundings: pipes that close, disks that are full, terminals of one column."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import archcalc

ESC = "\x1b]0;owned\x07"


def heed_interrupts():
    """Let a child be interrupted even where whoever runs the tests is not, as a job in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def sane(outcome):
    """Assert that a run told its user nothing that only a programmer could want to know."""
    assert "Traceback" not in outcome.err
    assert "Exception ignored" not in outcome.err
    assert "Error:" not in outcome.err or outcome.err.startswith("Usage:")


LONG = "{input: 3x8x8, layers: [repeat: {times: 120000, layers: [relu]}]}"

SURROUNDINGS = [
    # line, exit status of archcalc, what it says
    ("archcalc show vgg16 | true; exit ${PIPESTATUS[0]}", 141, ""),
    pytest.param(
        "archcalc show vgg16 --format json | true; exit ${PIPESTATUS[0]}", 141, "", marks=pytest.mark.slow
    ),
    pytest.param(
        "archcalc ops --format markdown | true; exit ${PIPESTATUS[0]}", 141, "", marks=pytest.mark.slow
    ),
    ("archcalc show lenet5 >/dev/full", 2, "cannot write the output: No space left on device\n"),
    pytest.param(
        "archcalc show lenet5 --format csv >/dev/full",
        2,
        "cannot write the output: No space left on device\n",
        marks=pytest.mark.slow,
    ),
    ("archcalc export lenet5 --to onnx >/dev/full", 2, "cannot write the output: No space left on device\n"),
    ("archcalc --help >/dev/full", 2, "cannot write the output: No space left on device\n"),
    ("archcalc show nonesuch 2>/dev/full", 2, ""),
    pytest.param("archcalc nonesuch 2>/dev/full", 2, "", marks=pytest.mark.slow),
    ("archcalc show lenet5 >&-", 2, "cannot write the output: standard output is closed\n"),
    pytest.param(
        "archcalc show lenet5 --format json >&-",
        2,
        "cannot write the output: standard output is closed\n",
        marks=pytest.mark.slow,
    ),
    pytest.param("archcalc show nonesuch 2>&-", 2, "", marks=pytest.mark.slow),
    ("archcalc show - <&-", 2, "standard input is closed\n"),
    ("archcalc show lenet5 <&- >&- 2>&-", 2, ""),
    pytest.param("archcalc check nonesuch 2>&-", 2, "", marks=pytest.mark.slow),
    ("echo 3 | archcalc check - 2>&-", 1, ""),
    (
        "ulimit -f 0; archcalc new net || ! ls net.yaml 2>&1",
        0,
        "net.yaml: File too large\nhint: --output names another file\n",
    ),
    (f"echo '{LONG}' | (ulimit -v 80000; archcalc show -)", 2, "out of memory\n"),
    (
        "ulimit -v 4000000; OPENBLAS_NUM_THREADS=1 archcalc verify lenet5 --batch 10000000 2>&1 | tail -n 1 >&2",
        0,
        "out of memory\n",
    ),
    (
        "echo 'raise ImportError(\"a long story\\nlibx.so: not found\")' > numpy.py; archcalc compare 3x3 5x5",
        2,
        "cannot load a library: libx.so: not found\n",
    ),
    (
        "archcalc show - </dev/null",
        2,
        "<stdin>: is empty\nhint: archcalc new NAME writes a spec to start from\n",
    ),
    (
        "head -c 17000000 /dev/zero | archcalc show -",
        2,
        "<stdin>: is larger than 16,777,216 bytes\nhint: set ARCHCALC_MAX_FILE_BYTES to allow more\n",
    ),
]


@pytest.mark.parametrize(("line", "status", "message"), SURROUNDINGS)
def test_surroundings(shell, line, status, message):
    outcome = shell(line)
    sane(outcome)
    assert (outcome.status, outcome.err) == (status, message)


@pytest.mark.parametrize(
    "room",
    [
        pytest.param(room, marks=() if room in (60_000, 400_000) else pytest.mark.slow)
        for room in (60_000, 100_000, 120_000, 160_000, 180_000, 220_000, 260_000, 400_000)
    ],
)
@pytest.mark.parametrize("line", ["verify lenet5", "compare 3x3 5x5"])
def test_little_memory_is_never_a_check_that_failed(shell, line, room):
    """OpenBLAS ends the process with the status 1 where it gets no memory, unless there is room before it asks."""
    outcome = shell(f"ulimit -v {room}; archcalc {line}")
    sane(outcome)
    assert outcome.status in (0, 2)
    assert outcome.status == 0 or outcome.err.endswith("out of memory\n")


@pytest.fixture
def start(tmp_path):
    """Return a function that starts the program with open pipes; what still runs at the end is killed."""
    (tmp_path / "broken.yaml").write_text("layers: []")
    started = []

    def begun(*args):
        process = subprocess.Popen(
            [sys.executable, "-m", "archcalc", *args],
            env=os.environ | {"ARCHCALC_PATH": str(tmp_path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=heed_interrupts,  # noqa: PLW1509  # the tests run no threads
        )
        started.append(process)
        return process

    yield begun
    for process in started:
        process.kill()
        process.communicate()


def reads(process):
    """Wait until the program reads a spec that goes on: more than a pipe holds has gone in."""
    process.stdin.write(b"# a very long spec\n" * 20_000)
    process.stdin.flush()


def speaks(process):
    """Wait until the program has said its first line, before it is done."""
    assert process.stderr.readline()


@pytest.mark.parametrize(
    ("line", "is_busy"),
    [
        ("show -", reads),
        ("list", speaks),  # of the folder's broken spec
        ("verify vgg16", speaks),  # of the memory that it will take
    ],
)
def test_an_interrupt_ends_long_work_with_a_word(start, line, is_busy):
    process = start(*line.split())
    is_busy(process)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, b"")
    assert err.endswith(b"interrupted\n")
    assert b"Traceback" not in err


LOADING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv.pop())
sys.addaudithook(lambda event, args: event == "import" and args[0] == {!r} and os.kill(os.getpid(), signal.SIGINT))
from archcalc.__main__ import main
main()
"""


@pytest.mark.parametrize("module", ["archcalc.commands", "archcalc.ground.errors", "archcalc.commands.cli"])
def test_an_interrupt_while_the_program_loads_ends_it_without_a_word(module):
    root = str(Path(archcalc.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", LOADING.format(module), "show", "lenet5", root],
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


FIRST = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.insert(0, sys.argv.pop())
import archcalc
own = {"archcalc.__main__", "_signal"}
sys.addaudithook(lambda event, args: event == "import" and args[0] not in own and os.kill(os.getpid(), signal.SIGINT))
sys.modules.pop("gc", None)
import archcalc.__main__
import wave  # in case that nothing more had to be loaded
"""


def test_interrupts_are_answered_before_anything_else_is_loaded():
    root = str(Path(archcalc.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", FIRST, root], capture_output=True, check=False, encoding="utf-8"
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_an_interrupt_is_ignored_where_the_caller_wants_it_so(shell):
    outcome = shell(
        "trap '' INT; (sleep 1; echo '{input: 1, layers: [relu]}') | archcalc show - & kill -INT $!; wait $!"
    )
    assert (outcome.status, outcome.err) == (0, "")
    assert "relu1" in outcome.out


@pytest.mark.parametrize(
    "settings",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
    ],
)
def test_a_terminal_that_knows_no_signs_but_ascii(shell, settings):
    spec = r"printf 'input: 1x8x8\ntitle: Gr\303\266\303\237e\nlayers: [%s]\n' > net.yaml"
    fine = shell(f"{spec} relu; archcalc show net.yaml", **settings)
    wrong = shell(f"{spec} rleu; archcalc show net.yaml", **settings)
    assert (fine.status, fine.err) == (0, "")
    assert "relu1" in fine.out
    assert wrong.status == 2
    assert "hint: did you mean relu" in wrong.err
    sane(wrong)


@pytest.mark.parametrize("argument", ["'\\xff'", "'n=\\xff'", "'a\\nb'"])
def test_arguments_that_no_keyboard_types(shell, argument):
    assert_refused(shell(f"archcalc show ${argument}"))


@pytest.mark.parametrize("argument", ["\udcff", "n=\udcff", "a\nb"])  # as Python hands them over
@pytest.mark.parametrize(
    "line", [["{}"], ["show", "{}"], ["show", "lenet5", "--set", "{}"], ["new", "{}", "--output", "-"]]
)
def test_arguments_that_no_keyboard_types_are_refused_wherever_they_stand(run, line, argument):
    assert_refused(run(*(word.format(argument) for word in line)))


def assert_refused(outcome):
    sane(outcome)
    assert outcome.status == 2
    assert outcome.err
    assert all(part.isprintable() for part in outcome.err.split("\n"))


def test_names_without_bound_do_not_fill_the_memory(shell):
    layer = "{repeat: {times: 249999, name: $(head -c 100000 /dev/zero | tr '\\0' a), layers: [relu]}}"
    outcome = shell(f'ulimit -v 800000; echo "input: 1x8x8\nlayers: [{layer}]" | archcalc show -')
    sane(outcome)
    assert outcome.status == 2


NARROW = [
    "show lenet5",
    "show lenet5 --columns all",
    "show resnet18",
    "params lenet5 --formula",
    "flops lenet5",
    "ops",
    "ops conv",
    "check lenet5",
    "--help",
]


@pytest.mark.parametrize("width", [0, 1, 2, 7, 10**5])
@pytest.mark.parametrize("line", NARROW)
def test_a_terminal_of_any_width(run, line, width):
    outcome = run(*line.split(), COLUMNS=width)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out


@pytest.mark.parametrize("width", [0, 1, 7])
def test_a_message_is_whole_on_a_terminal_of_any_width(run, width):
    assert run("show", "lenet6", COLUMNS=width).err == run("show", "lenet6", COLUMNS=200).err != ""


CALLS = [
    ["{}"],
    ["--{}"],
    ["show", "{}"],
    ["show", "{}.yaml"],
    ["show", "lenet5", "{}"],
    ["show", "lenet5", "--{}"],
    *(
        ["show", "lenet5", f"--{option}", "{}"]
        for option in ("columns", "input", "set", "dtype", "batch", "format", "rounding")
    ),
    ["show", "lenet5", "--set", "{}=1"],
    ["check", "{}"],
    ["check", "lenet5", "--max-params", "{}"],
    ["ops", "{}"],
    ["new", "a", "--output", "{}/a.yaml"],
    ["new", "{}", "--output", "-"],
    ["completion", "{}"],
]


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_an_escape_in_an_argument_never_reaches_the_terminal(run, call):
    outcome = run(*(part.format(ESC) for part in call))
    assert outcome.status in (1, 2)
    assert all(part.isprintable() for part in (outcome.err + outcome.out).split("\n"))
    assert outcome.err


def test_a_file_written_under_a_hostile_name_is_announced_safely(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run("new", "net", "--output", f"{ESC}.yaml")
    assert (tmp_path / f"{ESC}.yaml").exists() == (outcome.status == 0)
    assert all(part.isprintable() for part in outcome.err.split("\n"))
