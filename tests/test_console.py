"""What a terminal shows: bars, columns that give way, colour only where it is wanted."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

import archcalc
from archcalc.analysis.figures import column_keys
from archcalc.sheet.cuts import clip, wrap
from archcalc.sheet.layout import draw_bar, lay_out
from archcalc.sheet.terminal import draw
from archcalc.views.layers import SHOWN, layers

WIDTHS = (40, 50, 64, 80, 100, 130, 200)
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOURS = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")
"""A colour of the text or its background, as ECMA-48 and its bright extension number them; bold is none."""
FIGURE = r"(?<!\S)[\d,×…]*\d[\d,×…]*(?!\S)"
"""A count or a shape that stands alone, or what an ellipsis leaves of it."""
SHARES = st.floats(0, 1, exclude_min=True)
BAR_WIDTHS = st.integers(4, 24)


def lines(sheet, width):
    return ["".join(text for text, _ in line) for line in lay_out(sheet, width)]


def filled(bar):
    """Return how many eighths of a character a bar fills."""
    return sum(" ▏▎▍▌▋▊▉█".index(character) for character in bar)


@given(SHARES, SHARES, BAR_WIDTHS)
def test_a_larger_share_never_has_a_shorter_bar(one, other, width):
    small, large = sorted((one, other))
    assert filled(draw_bar(small, width)) <= filled(draw_bar(large, width))


@given(SHARES, BAR_WIDTHS)
def test_a_bar_is_as_long_as_its_share_and_never_nothing_for_something(share, width):
    bar = draw_bar(share, width)
    assert len(bar) == width
    assert filled(bar) >= 1
    assert abs(filled(bar) - 8 * width * share) <= 1


def test_only_the_whole_fills_a_bar():
    assert draw_bar(1, 10) == "█" * 10
    assert draw_bar(0.5, 10) == "█" * 5 + " " * 5
    assert draw_bar(0.9, 4)[-1] != "█"


@pytest.fixture(scope="module")
def alexnet():
    return archcalc.analyze(archcalc.load("alexnet"))


def titles(drawn_lines):
    rule = next(place for place, line in enumerate(drawn_lines) if line.startswith("─"))
    return re.findall(r"\S+(?: \S+)*", drawn_lines[rule - 1])


def test_columns_give_way_in_the_order_of_their_priority():
    sheet = layers(archcalc.analyze(archcalc.load("lenet5")), column_keys())
    rank = {column.title: (column.priority, place) for place, column in enumerate(sheet.columns)}
    assert len(rank) == len(sheet.columns), "two columns have one title"
    before = set(rank)
    seen = []
    for width in range(640, 59, -4):
        shown = set(titles(lines(sheet, width)))
        dropped = set(rank) - shown
        assert shown <= before, "a column comes back as the screen gets narrower"
        assert max(rank[t] for t in shown if rank[t][0]) <= min((rank[t] for t in dropped), default=(99, 0))
        seen.append(len(shown))
        before = shown
    assert seen[0] == len(column_keys())
    assert {"layer", "params", "MACs"} <= before


@pytest.mark.parametrize(
    "line",
    [
        "show alexnet",
        pytest.param("show densenet121 --depth all", marks=pytest.mark.slow),
        "show googlenet --columns all --train",
        "show mobilenet_v2",
        "tree resnet50",
        "params vgg16",
        "params squeezenet1_0 --formula",
        "flops alexnet --per-layer",
        "memory vgg16",
        "check alexnet",
        "ops",
        "ops conv",
    ],
)
def test_no_line_is_wider_than_the_terminal_and_no_figure_is_cut(run, line):
    wide = set(re.findall(FIGURE, run(*line.split(), COLUMNS=400).out))
    for width in WIDTHS:
        out = run(*line.split(), COLUMNS=width).out
        assert max(map(cell_len, out.splitlines())) <= width
        assert set(re.findall(FIGURE, out)) <= wide, f"a figure is cut at {width} columns"


def test_rows_that_make_a_tenth_of_the_whole_stand_out(alexnet):
    """By Krizhevsky's sizes fc6 has 60 % of the parameters and conv2 39 % of the MACs; conv1 has 9.3 %."""
    console = Console(file=io.StringIO(), width=160, force_terminal=True, color_system="standard")
    drawn_lines = draw(layers(alexnet, SHOWN), console).splitlines()
    bold = {
        row.name for row in alexnet.rows if any(re.match(rf"\x1b\[1m{row.name}\b", x) for x in drawn_lines)
    }
    totals = alexnet.totals
    assert bold == {
        row.name for row in alexnet.rows if 10 * row.params >= totals.params or 10 * row.macs >= totals.macs
    }
    assert {"conv2", "fc6"} <= bold
    assert "conv1" not in bold


def test_a_verdict_is_green_or_red(run, tmp_path):
    spec = "input: 1x2x2\nlayers: [flatten, linear: 1]\nexpect: {params: 4, depth: 1, source: four weights}\n"
    out = run("check", "-", stdin=spec, FORCE_COLOR=1).out  # 4 weights and a bias are 5
    assert re.search(r"\x1b\[32mok", out)
    assert re.search(r"\x1b\[1;31mwrong", out)


@pytest.mark.parametrize(
    "line", ["show lenet5", "params lenet5", "check lenet5", "ops conv", "show nowhere", "nonsense", "--help"]
)
def test_nothing_is_coloured_when_piped(run, line):
    outcome = run(*line.split())
    assert outcome.out + outcome.err
    assert not ANSI.search(outcome.out + outcome.err)


@pytest.mark.parametrize("line", ["show lenet5", "params lenet5 --formula", "check lenet5", "ops"])
def test_no_line_ends_in_blanks_when_piped(run, line):
    """They would show in every file, diff and mail that a page is pasted into."""
    assert [row for row in run(*line.split()).out.splitlines() if row != row.rstrip()] == []


@pytest.mark.parametrize("form", ["json", "csv", "markdown"])
def test_a_text_format_is_never_coloured(run, form):
    assert not ANSI.search(run("show", "lenet5", "--format", form, FORCE_COLOR=1).out)


@pytest.mark.parametrize("line", ["show lenet5", "check lenet5", "show nowhere"])
@pytest.mark.parametrize(("wish", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_a_terminal_gets_colour_unless_it_says_no(line, wish, coloured):
    """What no-color.org asks for: no colour; bold and dim may stay."""
    assert bool(COLOURS.search(on_terminal(line, 100, wish))) == coloured


def test_a_terminal_is_filled_and_not_overrun():
    out = ANSI.sub("", on_terminal("show alexnet", 130, {}))
    widest = max(map(len, out.splitlines()))
    assert 110 <= widest <= 130


def on_terminal(line, columns, environment):
    """Run the command on a terminal of its own and return all that it writes there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    heard = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
    kept = {name: value for name, value in os.environ.items() if name not in heard}
    process = subprocess.Popen(
        [sys.executable, "-m", "archcalc", *line.split()],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=kept | {"TERM": "xterm-256color"} | environment,
    )
    os.close(follower)
    written = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # Linux's way to say that nobody writes any more
            break
        if not part:
            break
        written += part
    process.wait()
    os.close(leader)
    return written.decode()


@given(st.text(st.sampled_from("ab cé漢\n"), max_size=60), st.integers(2, 12))
def test_wrapped_text_keeps_its_words_and_its_width(text, width):
    wrapped = wrap(text, width)
    assert all(cell_len(line) <= width for line in wrapped)
    assert "".join("".join(wrapped).split()) == "".join(text.split())


@pytest.mark.parametrize("line", ["show densenet121 --depth all", "params squeezenet1_0 --formula", "ops"])
def test_nothing_is_left_out_or_shortened_where_no_width_is_set(run, line):
    """Settings end in … where they are shortened."""
    out = run(*line.split()).out
    assert "no room for" not in out
    assert "…" not in out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("compare 3x3x3 7x7", ["27C^2 + 3C", "x1.81"]),
        ("explain alexnet conv1", ["input 3x227x227 -> 96x55x55", "= 55*55*11*11*3*96"]),
        ("explain resnet50 conv1", ["floor((H + 2*p - k)/s) + 1"]),
        ("explain resnet50 batchnorm1 --train", ["the gradient of gamma", "x_hat = (x - mu)/sigma"]),
        ("explain vit_b_16 encoder1.layer1.attention.attention1.mixed --train", ["softmax(q*k^T)"]),
        ("show lenet5", ["input 1x32x32 - batch 1 - float32"]),
    ],
)
def test_a_page_says_everything_in_ascii_and_stays_in_line(shell, line, told):
    plain = shell(f"archcalc {line}", PYTHONIOENCODING="ascii").out
    assert plain.isascii()
    assert "?" not in plain
    assert all(text in plain for text in told)
    rules = [len(row) for row in plain.splitlines() if row.startswith("---")]
    table = plain.partition("\n---")[2].partition("\n\n")[0].splitlines()[1:]
    assert max(map(len, table)) <= max(rules)


@pytest.mark.parametrize(
    ("name", "width", "cut"),
    [
        ("conv1", 5, "conv1"),
        ("encoder1.layer1.attention.attention1.q", 38, "encoder1.layer1.attention.attention1.q"),
        ("encoder1.layer1.attention.attention1.q", 32, "encoder1.…attention.attention1.q"),
        ("encoder1.layer1.attention.attention1.reshape1", 20, "encoder1.…1.reshape1"),
        ("conv2_x.bottleneck12.residual.conv1", 30, "conv2_x.bott…12.residual.conv1"),
        ("encoder_layers_3_self_attention", 16, "encoder_…tention"),
        ("a.b", 2, "a…"),
        ("層.層層層層.層", 8, "層.層…層"),
        ("words that say something", 10, "words tha…"),
    ],
)
def test_a_name_is_cut_in_its_middle_and_words_at_their_end(name, width, cut):
    assert clip(name, width) == cut
    assert len(clip("x" * 50, 10, "...")) == 10


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "name", ["densenet121", "efficientnet_b0", "googlenet", "mobilenet_v3_large", "resnet50", "vit_b_16"]
)
def test_layers_keep_names_of_their_own(run, name, encoding):
    line = ("memory", name, "--train", "--per-layer", "--depth", "all")
    names = names_in(run(*line, COLUMNS=80, PYTHONIOENCODING=encoding).out.splitlines())
    assert len(names) == len(set(names)) > 100
    layers = [node.name for node in archcalc.load(name).nodes]
    for cut in {names[len(names) * part // 7] for part in range(1, 7)}:
        whole = run("explain", name, cut).out.split()[1]
        assert whole == layers[names.index(cut)]


def test_a_name_that_is_cut_more_often_than_a_page_does_it_is_no_name(run):
    """Each cut would make a search through all names longer by a factor."""
    outcome = run("explain", "vit_b_16", "e" + "…e" * 40 + "…q")
    assert (outcome.status, outcome.out) == (2, "")


def names_in(drawn):
    """Return the first column of a table, without its footer."""
    rules = [place for place, row in enumerate(drawn) if row.startswith(("─", "---"))]
    return [row.split()[0] for row in drawn[rules[0] + 1 : rules[1]]]


@pytest.mark.parametrize(
    "line", ["memory vit_b_16 --per-layer --depth all", "memory vit_b_16 --train --per-layer --depth all"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_layers_of_a_transformer_keep_names_of_their_own(run, line, encoding):
    """At 80 columns names are cut, and no two rows say the same; explain takes a name as it is printed."""
    drawn = run(*line.split(), COLUMNS=80, PYTHONIOENCODING=encoding).out.splitlines()
    names = names_in(drawn)
    assert len(names) == len(set(names)) == 251
    assert sum("…" in name or "..." in name for name in names) > 50
    assert max(map(len, drawn)) <= 80
    cut = next(name for name in names if name.endswith("attention1.q"))
    assert run("explain", "vit_b_16", cut).out.startswith("vit_b_16: encoder1.layer1.attention.attention1.q")


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("encoder24.layer1.mlp.mlp1.linear2", 30, ["encoder24.layer1.mlp.mlp1.", "linear2"]),
        ("in encoder24.layer1.mlp", 12, ["in", "encoder24.", "layer1.mlp"]),
        ("3.14159265", 6, ["3.1415", "9265"]),
        ("abcdefgh.i", 4, ["abcd", "efgh", ".i"]),
    ],
)
def test_a_long_name_breaks_between_its_parts(text, width, lines):
    assert wrap(text, width) == lines
