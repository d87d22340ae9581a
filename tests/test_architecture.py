"""The house: imports only go down, each library has one importer, start-up stays light, files stay short."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import Counter
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import archcalc
from archcalc import REGISTRY
from archcalc.commands import group
from archcalc.formats import registry as targets
from archcalc.sheet import pages, renderers

ROOT = Path(__file__).parents[1]
PACKAGE = Path(archcalc.__file__).parent

LEVELS = (
    ("ground",),
    ("arithmetic", "sheet"),
    ("arrays",),
    ("op",),
    ("network", "ops"),
    ("analysis",),
    ("formats",),
    ("questions",),
    ("views",),
    ("archcalc",),  # the public API, archcalc/__init__.py
    ("commands",),
    ("__main__",),
)
"""Rooms from the ground up: a room imports only from levels below its own. The map is archcalc/README.md."""

SEES_ONLY = {
    "arithmetic": set(),  # a term does not know what it counts
    "ground": set(),
    "network": {"arithmetic", "ground", "op"},  # no YAML
    "sheet": {"ground"},  # renderers see sheets, never an op
}
NEVER_SEES = {
    "analysis": {"formats", "ops"},  # the engine knows only the methods of Op
    "ops": {"analysis", "network"},
    "questions.explain": {"formats", "ops"},
    "views": {"formats"},
}
"""What rooms, and modules in them, may not import."""
IMPORTERS = {
    "click": {"commands"},
    "numpy": {
        "arithmetic.polynomial",
        "arrays",
        "formats.onnx",
        "questions.calibrate.arrays",
        "questions.calibrate.fit",
        "questions.verify.probes",
    },
    "onnx": {"formats.onnx"},
    "onnxruntime": {"formats.onnx.runtime"},
    "pandas": {"sheet.pages"},
    "rich": {"sheet.cuts", "sheet.layout", "sheet.terminal"},
    "torch": {"formats.pytorch.runtime"},
    "yaml": {"formats.language.yaml"},
}
"""Who may import each library: a room, or what is in it."""
MOST_LINES = {"file": 320, "function": 45}

MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix("__init__").rstrip(".")
    or "archcalc": path
    for path in sorted(PACKAGE.rglob("*.py"))
}
"""Every module by its name without `archcalc.`; the public API is `archcalc`."""


def room(module):
    return module.partition(".")[0]


ROOMS = sorted({room(module) for module in MODULES})


def is_in(module, place):
    return f"{module}.".startswith(f"{place}.")


@cache
def tree(module):
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def nodes(module):
    """Return all that a file says, part by part."""
    return tuple(ast.walk(tree(module)))


@cache
def imported(module):
    """Return every module that a file imports, at its top, in functions and for type checking."""
    found = set()
    for node in nodes(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@cache
def own(module):
    """Return the modules of archcalc that a module imports."""
    found = set()
    for name in imported(module):
        if name.partition(".")[0] == "archcalc":
            inner = name.removeprefix("archcalc").removeprefix(".")
            found.add(next(n for n in (inner, inner.rpartition(".")[0], "archcalc") if n in MODULES))
    return found - {module}


def test_every_room_has_a_level():
    placed = [name for level in LEVELS for name in level]
    assert sorted(placed) == ROOMS


@pytest.mark.parametrize("name", ROOMS)
def test_imports_only_go_down(name):
    level_of = {name: height for height, level in enumerate(LEVELS) for name in level}
    seen = {(module, room(other)) for module in MODULES if room(module) == name for other in own(module)}
    up = [(module, other) for module, other in sorted(seen) if level_of[other] >= level_of[name]]
    assert [(module, other) for module, other in up if other != name] == []


def test_the_map_names_every_room_and_the_top_holds_nothing_else():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    listed = re.findall(r"^\| `(\w+)/` ", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(
        rooms - {"specs"}
    )  # of an installed wheel, where specs lie beside the rooms
    files = {path.name for path in PACKAGE.iterdir() if path.is_file()}
    assert files == {"__init__.py", "__main__.py", "py.typed", "README.md"}


OF_THE_LANGUAGE = {"also", "repeat", "when", "from", "new"}
"""What the map names beside files and folders: words that people write, and one that ops declare."""


def test_what_the_map_says_of_a_room_is_there():
    rows = re.findall(
        r"^\| `([\w/]+)/` \|(.*)", (PACKAGE / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    missing = [
        (name, word)
        for name, said in rows
        for word in set(re.findall(r"`(\w+)`", said)) - OF_THE_LANGUAGE
        if not {path.stem for path in (PACKAGE / name).rglob("*")} & {word}
    ]
    assert rows
    assert missing == []


def test_no_import_comes_back_to_where_it_started():
    graph = {module: own(module) - {module.rpartition(".")[0]} for module in MODULES}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", [*SEES_ONLY, *NEVER_SEES])
def test_a_room_sees_no_more_than_it_should(name):
    seen = {room(other) for module in MODULES if is_in(module, name) for other in own(module)} - {name}
    assert seen <= SEES_ONLY.get(name, seen)
    assert seen & NEVER_SEES.get(name, set()) == set()


def test_a_library_is_imported_in_one_place_and_declared():
    users = [
        (name, module)
        for module in MODULES
        for name in sorted({name.partition(".")[0] for name in imported(module)} - {"archcalc"})
        if name not in sys.stdlib_module_names
    ]
    assert [(n, m) for n, m in users if not any(is_in(m, place) for place in IMPORTERS.get(n, ()))] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = (
        *project["dependencies"],
        *(line for extra in ("onnx", "runtime", "pandas", "pytorch") for line in extras[extra]),
    )
    declared = {re.split(r"\W", line)[0].lower() for line in needed}
    assert {name.replace("yaml", "pyyaml") for name, _ in users} == declared


def test_the_public_api_promises_what_it_imports_lazily():
    typed = {}
    for node in nodes("archcalc"):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("archcalc."):
            typed |= {alias.name: node.module for alias in node.names}
    assert typed == archcalc._HOMES
    assert sorted(archcalc.__all__) == sorted(typed)
    for name in typed:
        assert getattr(archcalc, name).__doc__


def test_modules_are_named_in_imports_and_nowhere_else():
    """A module named in a string would go past the tests above."""
    users = [
        module
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.Name | ast.Attribute)
        and getattr(node, "id", getattr(node, "attr", "")) in ("__import__", "import_module")
    ]
    assert set(users) == {
        "archcalc",
        "commands.group",
        "formats.registry",
        "sheet.pages",
        "sheet.renderers",
    }
    assert {room(page.module.removeprefix("archcalc.")) for page in pages.PAGES.values()} == {"views"}
    homes = {*archcalc._HOMES.values(), *renderers.MODULES.values()}
    homes |= {page.module for page in pages.PAGES.values()}
    homes |= {f"commands.{module}" for modules in group.HEADINGS.values() for module in modules.values()}
    homes |= {home for format in targets.FORMATS for home in (format.reads, format.writes) if home}
    assert {home.removeprefix("archcalc.") for home in homes} <= MODULES.keys()


KINDS = set(archcalc.REGISTRY)
CLASSES = {
    node.name
    for module in MODULES
    if room(module) == "ops"
    for node in nodes(module)
    if isinstance(node, ast.ClassDef)
}


@pytest.mark.parametrize("name", [name for name in ROOMS if name != "ops"])
def test_nobody_asks_which_op_it_is(name):
    assert {
        module: asked for module in MODULES if room(module) == name and (asked := questions(nodes(module)))
    } == {}


def questions(nodes):
    """Return where a module asks: isinstance with an op's class, comparison with an op's name, a table of such names."""
    asked = []
    for node in nodes:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
            named = {getattr(n, "id", getattr(n, "attr", "")) for n in ast.walk(node.args[1])}
            asked += sorted(named & CLASSES)
        elif isinstance(node, ast.Compare):
            sides = [strings(side) for side in (node.left, *node.comparators)]
            of_kind = (
                KINDS if "kind" in ast.unparse(node) else KINDS - {"input"}
            )  # what comes in is called so, too
            asked += [sorted(side) for side in sides if side and side <= of_kind]
        elif isinstance(node, ast.Set | ast.List | ast.Tuple | ast.Dict | ast.MatchValue | ast.MatchOr):
            named = strings(node)
            one = isinstance(node, ast.MatchValue)
            asked += [sorted(named)] if len(named) > (not one) and named <= KINDS else []
    return asked


def strings(node):
    """Return the words in a literal, of a dictionary its keys."""
    if isinstance(node, ast.Constant):
        return {node.value} if isinstance(node.value, str) else set()
    if isinstance(node, ast.Dict):
        return set().union(*(strings(key) for key in node.keys if key))
    return set().union(*map(strings, ast.iter_child_nodes(node)))


@pytest.mark.parametrize(
    ("code", "asks"),
    [
        ("isinstance(op, Conv)", True),
        ("isinstance(op, (ops.Pool, int))", True),
        ("kind == 'conv'", True),
        ("kind in ('relu', 'tanh')", True),
        ("op.kind != 'input'", True),
        ("name == 'input'", False),
        ("COSTS = {'relu': 1, 'tanh': 5}", True),
        ("match kind:\n case 'relu': pass", True),
        ("isinstance(op, Op)", False),
        ("figure == 'output'", False),
        ("input is None", False),
        ("WORDS = {'add': 1, 'divide': 2}", False),
    ],
)
def test_the_test_before_can_fail(code, asks):
    assert bool(questions(ast.walk(ast.parse(code)))) == asks


LIGHT = [
    # what a process does not load that runs one line after the other
    (
        {"numpy", "rich", "yaml"},
        [
            "--help",
            "--version",
            "show --help",
            "check --help",
            "compare --help",
            "verify --help",
            "export --help",
            "completion bash",
            "ops --format markdown",
        ],
    ),
    (
        {"numpy", "rich"},
        [
            "new some --output -",
            "show alexnet --format json",
            "params resnet50 --formula --format csv",
            "reconcile resnet50 --format json",
            "schema",
            "schema report",
            "schema device",
            "devices --format csv",
            "devices h100 --format json",
            "export resnet18 --to mermaid",
            "export resnet50 --to spec",
        ],
    ),
    ({"numpy"}, ["show alexnet", "compare lenet5 alexnet"]),
]
RUN_EACH = """
from archcalc.commands.cli import main
for line in {lines!r}:
    sys.argv[1:] = line.split()
    try:
        main()
    except SystemExit as end:
        assert end.code == 0, line
    there = {absent!r} & set(sys.modules)
    assert not there, (line, there)
"""


@pytest.mark.parametrize(("absent", "lines"), LIGHT)
def test_a_command_loads_only_what_it_needs(absent, lines):
    assert loaded(RUN_EACH.format(absent=absent, lines=lines)) & absent == set()


def test_importing_archcalc_costs_nothing():
    assert loaded("import archcalc") & {"archcalc.ground.errors", "click", "numpy", "rich", "yaml"} == set()


def test_the_package_itself_loads_nothing_but_what_python_has_anyway():
    """An interrupt that comes before the program answers it is shown as a traceback: there is little to interrupt."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules); import archcalc; "
    code += "print(*set(sys.modules) - before)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, PACKAGE.parent], capture_output=True, check=True, encoding="utf-8"
    )
    assert set(done.stdout.split()) == {"archcalc"}


def loaded(code):
    """Return the modules that are there after some code has run in a process of its own."""
    code = f"import sys, atexit\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACKAGE.parent, capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("name", ROOMS)
def test_files_and_functions_stay_short(name):
    modules = [module for module in MODULES if room(module) == name]
    functions = {
        (module, node.name): node.end_lineno - node.lineno + 1
        for module in modules
        for node in nodes(module)
        if isinstance(node, ast.FunctionDef)
    }
    files = {module: len(MODULES[module].read_text(encoding="utf-8").splitlines()) for module in modules}
    assert {name: size for name, size in functions.items() if size > MOST_LINES["function"]} == {}
    assert {module: size for module, size in files.items() if size > MOST_LINES["file"]} == {}


ENTRY = re.compile(r"^(?:@?writes|plain|refuses)\(\"?(\w+)\"?", re.MULTILINE)


@pytest.mark.parametrize("format", ["keras", "onnx", "pytorch"])
def test_what_a_format_says_of_an_op_stands_in_the_family_of_the_op(format):
    family = {
        key: op.__module__.split(".")[2] for kind, op in REGISTRY.items() for key in (kind, op.__name__)
    }
    files = [path for path in (PACKAGE / "formats" / format).rglob("*.py") if ENTRY.search(path.read_text())]
    entries = [
        (key, path.relative_to(PACKAGE / "formats" / format))
        for path in files
        for key in ENTRY.findall(path.read_text())
    ]
    assert len(entries) > 60
    assert [(key, path) for key, path in entries if family[key] not in (path.stem, path.parts[0])] == []


def test_pages_leave_by_one_door():
    """Sheets are rendered in `emit` and for Python alone; what else a command says is an error, or made visible."""
    users = {
        module
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "render"
    }
    assert users == {"commands.output", "sheet.pages"}


def test_a_class_has_a_name_of_its_own():
    """Private ones, which stand in one file, may be called alike."""
    names = [
        node.name
        for module in MODULES
        for node in nodes(module)
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [name for name, count in Counter(names).items() if count > 1] == []
