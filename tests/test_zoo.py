"""Finding a network: by name, by path, by variant, in ARCHCALC_PATH, on standard input."""

import os
from pathlib import Path

import pytest

import archcalc
from archcalc import ArchcalcError
from archcalc.formats import library

ONE = "title: {title}\ninput: 1x8x8\nlayers: [relu]\n"
FAMILY = "name: clan\ninput: 1x8x8\nparameters: {out: 1}\nvariants: {clan-a: {}, Clan_B: {out: 2}}\nlayers: [{conv: {out: out, kernel: 1}}]\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder that ARCHCALC_PATH names."""
    monkeypatch.setenv("ARCHCALC_PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder to stand in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARCHCALC_PATH", raising=False)
    return tmp_path


def refusal(model, **parameters):
    """Return the fact and the hint with which a model is refused."""
    with pytest.raises(ArchcalcError) as caught:
        archcalc.load(model, parameters=parameters)
    return caught.value.fact, caught.value.hint or ""


@pytest.mark.parametrize(
    "name", ["resnet50_original", "ResNet50_Original", "RESNET50-ORIGINAL", "resnet50-original"]
)
def test_a_name_is_found_whatever_its_case_and_with_hyphens_for_underscores(name):
    assert archcalc.load(name).name == "resnet50_original"


def test_every_name_listed_is_found_under_itself_and_is_listed_once():
    names = archcalc.names()
    assert len({name.lower().replace("-", "_") for name in names}) == len(names)
    found = [library.find(name) for name in names]
    assert [variant or document.name for document, variant in found] == names


def test_every_file_of_ours_is_listed():
    known = archcalc.names()
    firsts = [archcalc.members(str(path))[0] for path in (Path(__file__).parents[1] / "specs").glob("*.yaml")]
    assert [model for model in firsts if archcalc.load(model).name not in known] == []


@pytest.mark.usefixtures("few_of_ours")
def test_a_file_that_is_wrong_is_complained_of_and_the_others_are_listed(folder):
    (folder / "broken.yaml").write_text("layers: [")
    (folder / "sound.yaml").write_text(ONE.format(title="Sound"))
    complaints = []
    titles = {network.title for network in archcalc.load_every(complaints.append)}
    assert "Sound" in titles
    assert [complaint.place.source.name for complaint in complaints] == [str(folder / "broken.yaml")]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [("alexnt", "alexnet"), ("VGG-61", "vgg16"), ("goglenet", "googlenet"), ("resnet-51", "resnet50")],
)
def test_a_misspelt_name_is_answered_with_the_nearest(name, suggestion):
    fact, hint = refusal(name)
    assert fact == f"there is no network called '{name}'"
    assert suggestion in hint


@pytest.mark.usefixtures("few_of_ours")
@pytest.mark.parametrize("name", ["", " ", "zzz", "archcalc", "..", "-x", "*", "alexnet ", "-:alexnet"])
def test_a_name_like_none_is_answered_with_where_to_look(name):
    assert refusal(name)[0] == f"there is no network called '{name}'"


def test_the_name_of_a_layer_type_is_answered_with_how_to_write_it():
    assert refusal("batchnorm") == (
        "there is no network called 'batchnorm'",
        "'[batchnorm]' is that layer by itself, on the shape that --input gives",
    )


def test_the_name_of_a_family_is_answered_with_its_variants():
    fact, hint = refusal("VGG")
    assert fact == "vgg is a family"
    assert "vgg11, " in hint
    assert "vgg19_bn" in hint


PATHS = [
    # what is asked for, the network that comes
    ("net.yaml", "net"),
    ("./net.yaml", "net"),
    ("sub/other.yml", "other"),
    ("sub/no_suffix", "no_suffix"),
    ("sub/a:b.yaml", "a:b"),
    ("clan.yaml:clan-a", "clan-a"),
    ("./clan.yaml:Clan_B", "Clan_B"),
    ("clan.yaml:CLAN-B", "Clan_B"),
]


@pytest.mark.parametrize(("model", "name"), PATHS)
def test_a_path_is_what_ends_in_yaml_or_has_a_separator(here, model, name):
    (here / "sub").mkdir()
    for path in ("net.yaml", "sub/other.yml", "sub/no_suffix", "sub/a:b.yaml"):
        (here / path).write_text(ONE.format(title=path))
    (here / "clan.yaml").write_text(FAMILY)
    assert archcalc.load(model).name == name
    assert archcalc.load(here / model).name == name


def test_a_family_by_its_path_alone_is_all_its_networks_or_a_question(here):
    (here / "clan.yaml").write_text(FAMILY)
    assert refusal("clan.yaml") == ("clan is a family", "choose one of clan-a, Clan_B")
    assert archcalc.members("clan.yaml") == ["clan.yaml:clan-a", "clan.yaml:Clan_B"]
    assert archcalc.members("clan.yaml:clan-a") == ["clan.yaml:clan-a"]


def test_a_variant_that_does_not_exist_is_answered_with_the_nearest_or_all(here):
    (here / "clan.yaml").write_text(FAMILY)
    assert refusal("clan.yaml:clan-c") == ("clan has no variant 'clan-c'", "did you mean clan-a?")
    assert refusal("clan.yaml:x") == ("clan has no variant 'x'", "choose one of clan-a, Clan_B")
    assert refusal("clan.yaml:") == ("clan has no variant ''", "choose one of clan-a, Clan_B")


def test_a_variant_of_a_network_that_stands_alone_does_not_exist(here):
    (here / "net.yaml").write_text(ONE.format(title="alone"))
    assert refusal("net.yaml:tiny")[0] == "net has no variant 'tiny'"


def test_a_name_is_never_a_file_here(here):
    (here / "alexnet").write_text(ONE.format(title="not this one"))
    assert archcalc.load("alexnet").title != "not this one"
    assert archcalc.load("./alexnet").title == "not this one"


def test_a_folder_in_the_environment_is_searched(folder):
    (folder / "mine.yaml").write_text(ONE.format(title="Mine"))
    (folder / "notes.txt").write_text("no spec")
    (folder / "clan.yml").write_text(FAMILY)
    assert archcalc.load("MINE").title == "Mine"
    assert archcalc.load("clan_b").nodes[1].op.out == 2
    assert [name for name in archcalc.names() if name in ("mine", "clan-a", "Clan_B")] == [
        "clan-a",
        "Clan_B",
        "mine",
    ]


@pytest.mark.usefixtures("few_of_ours")
@pytest.mark.parametrize(
    ("file", "head", "name"),
    [
        ("alexnet.yaml", "", "alexnet"),
        ("mine.yaml", "name: AlexNet\n", "alexnet"),
        ("mine.yaml", "name: mine\nvariants: {vgg16: {}}\n", "vgg16"),
        ("mine.yaml", "name: lenet5\n", "LeNet5"),
    ],
)
def test_a_network_in_the_environments_folders_shadows_ours_wherever_it_stands(folder, file, head, name):
    (folder / file).write_text(head + ONE.format(title="Mine"))
    assert archcalc.load(name).title.partition(" · ")[0] == "Mine"
    listed = [network for network in archcalc.load_every(pytest.fail) if network.name.lower() == name.lower()]
    assert [network.title.partition(" · ")[0] for network in listed] == ["Mine"]


def test_the_first_folder_shadows_the_second(folder, monkeypatch):
    for title in ("first", "second"):
        (folder / title).mkdir()
        (folder / title / "net.yaml").write_text(ONE.format(title=title))
    monkeypatch.setenv(
        "ARCHCALC_PATH", os.pathsep.join(["", str(folder / "first"), "", str(folder / "second"), ""])
    )
    assert archcalc.load("net").title == "first"
    (folder / "first" / "net.yaml").unlink()
    assert archcalc.load("net").title == "second"


def test_a_folder_that_is_missing_is_an_error_that_says_who_names_it(folder, monkeypatch):
    monkeypatch.setenv("ARCHCALC_PATH", str(folder / "gone"))
    fact, hint = refusal("alexnet")
    assert fact == f"{folder / 'gone'}: No such file or directory"
    assert "ARCHCALC_PATH" in hint


def test_a_file_among_the_folders_is_an_error_that_says_who_names_it(folder, monkeypatch):
    (folder / "net.yaml").write_text(ONE.format(title="net"))
    monkeypatch.setenv("ARCHCALC_PATH", str(folder / "net.yaml"))
    assert "ARCHCALC_PATH" in refusal("alexnet")[1]


def test_a_path_does_not_care_for_the_environment(folder, monkeypatch):
    (folder / "net.yaml").write_text(ONE.format(title="net"))
    monkeypatch.setenv("ARCHCALC_PATH", str(folder / "gone"))
    assert archcalc.load(folder / "net.yaml").title == "net"


@pytest.mark.parametrize("broken", ["layers: [", "- a list", "\0", ""])
def test_a_broken_file_in_the_folders_keeps_nobody_from_other_networks(folder, broken):
    (folder / "broken.yaml").write_text(broken)
    (folder / "zz_sound.yaml").write_text(ONE.format(title="Sound"))
    assert archcalc.load("zz_sound").title == "Sound"
    assert archcalc.load("wide_resnet50_2").name == "wide_resnet50_2"


def test_a_broken_file_says_so_where_it_is_asked_for(folder):
    (folder / "broken.yaml").write_text("layers: [")
    assert refusal("broken")[0].startswith("YAML: ")


def test_standard_input_is_a_spec(run):
    outcome = run("show", "-", "--format", "csv", stdin=ONE.format(title="from afar"))
    assert (outcome.status, outcome.err) == (0, "")
    assert "relu1" in outcome.out


def test_messages_about_standard_input_call_it_so(run):
    assert run("show", "-", stdin="- relu").err.startswith("<stdin>:1:1: a spec is a mapping")
    assert run("show", "-", stdin="").err.startswith("<stdin>: is empty")


def test_a_family_on_standard_input_is_answered_with_its_variants(run):
    assert run("show", "-", stdin=FAMILY).err == "clan is a family\nhint: choose one of clan-a, Clan_B\n"


def test_parameters_are_those_of_the_network(here):
    (here / "clan.yaml").write_text(FAMILY)
    assert archcalc.load("clan.yaml:clan-a", parameters={"out": 5}).nodes[1].op.out == 5
    assert refusal("clan.yaml:clan-a", outt=5) == ("clan has no parameter 'outt'", "did you mean out?")
