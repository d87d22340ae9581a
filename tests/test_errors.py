"""What a wrong spec is answered with, to the letter: the fact, the place, the line with a caret, a hint.

The cases are in `errors/*.txt`: a name after `===`, the call after `$` where it is not `archcalc show
net.yaml`, the spec, and below `=>` what the program says on standard error.
"""

import shlex
from pathlib import Path
from typing import NamedTuple

import pytest

FOLDER = Path(__file__).parent / "errors"
CALL = "$ archcalc "


class Case(NamedTuple):
    path: Path
    name: str
    call: list[str]
    spec: str
    message: str


def cases():
    """Yield every case as a parameter, called after its file and its name."""
    for path in sorted(FOLDER.glob("*.txt")):
        for part in path.read_text(encoding="utf-8").split("=== ")[1:]:
            name, _, rest = part.partition("\n")
            spec, _, message = rest.partition("=>\n")
            call = f"{CALL}show net.yaml\n"
            if spec.startswith(CALL):
                call, spec = spec.split("\n", 1)
            yield pytest.param(
                Case(path, name, shlex.split(call.removeprefix(CALL)), spec, message.strip("\n")),
                id=f"{path.stem}: {name}",
            )


def update(case, message):
    """Write what is said now in place of what was said."""
    head, *parts = case.path.read_text(encoding="utf-8").split("=== ")
    for place, part in enumerate(parts):
        if part.startswith(f"{case.name}\n"):
            gap = "\n" if place < len(parts) - 1 else ""
            parts[place] = f"{part.partition('=>')[0]}=>\n{message}{gap}"
    case.path.write_text("=== ".join([head, *parts]), encoding="utf-8")


CASES = list(cases())


@pytest.mark.parametrize("case", CASES)
def test_message(run, tmp_path, monkeypatch, request, case):
    monkeypatch.chdir(tmp_path)
    Path("net.yaml").write_text(case.spec, encoding="utf-8")
    outcome = run(*case.call)
    if request.config.getoption("--update-golden"):
        update(case, outcome.err)
    assert outcome.err == f"{case.message}\n"
    assert outcome.status == (1 if case.call[0] == "check" else 2)


def test_every_file_has_cases_of_different_names():
    names = [case.id for case in CASES]
    assert len(set(names)) == len(names)
    assert {name.partition(":")[0] for name in names} == {path.stem for path in FOLDER.iterdir()}
