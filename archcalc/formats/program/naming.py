"""What to call layers, blocks and branches: as the network does, where its names say something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import chain, count, takewhile

from archcalc.formats.program.pieces import Form, Piece
from archcalc.network.network import Node, parts
from archcalc.ops import REGISTRY

CONTROLS = ("repeat", "auxiliary")
"""Words of the spec that are no layer types."""
TYPE = re.compile(r"[A-Z]\w*?(_\d+)?")
"""What an exporter of ONNX calls a node in its module: Conv, Relu_1."""


def local_name(node: Node) -> str:
    """Return a layer's own name without its blocks; empty where it only says what the layer does."""
    path = parts(node.name)
    if "/" in node.name and len(path) > 1 and TYPE.fullmatch(path[-1]):
        path.pop()
    name = re.sub(r"[^\w-]+", "_", path[-1]).strip("_")
    if "/" in node.name and name.isdigit():
        name = re.sub(r"[^\w-]+", "_", "_".join(path[-2:]))
    says_nothing = TYPE.fullmatch(name) or ("/" in node.name and is_numbered(name, node.op.kind, least=0))
    return "" if says_nothing else name


def is_numbered(name: str, kind: str, least: int = 1) -> bool:
    """Tell whether a name is that of a kind with a number, such as conv1 or conv2d_1, of at least so many digits."""
    return re.fullmatch(rf"{re.escape(kind)}(_?\d+){{{least},1}}", name) is not None


def is_repeated(name: str, block: str) -> bool:
    """Tell whether a use is called like its block, perhaps with what PyTorch appends to tell uses apart: mlp, mlp_1."""
    return re.fullmatch(rf"{re.escape(block)}(_\d+)?", name) is not None


def agree(names: Iterable[str]) -> str:
    """Return the name that all share; empty where they differ."""
    different = set(names)
    return different.pop() if len(different) == 1 else ""


class BlockNames:
    """Chooses a name for every block, each once."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.taken = {*REGISTRY, *CONTROLS}

    def choose_name(self, uses: Sequence[Piece]) -> str:
        """Return a block's name: what the names of its uses have in common, or what it is made of."""
        contents = self._contents(uses[0])
        numbers = (f"{contents}_{number}" for number in count(2))
        candidates = (*_common(sorted({use.name for use in uses if use.name})), contents)
        name = next(name for name in chain(candidates, numbers) if len(name) > 1 and name not in self.taken)
        self.taken.add(name)
        return name

    def _contents(self, block: Piece) -> str:
        """Return a name for what a block holds: the types of its layers if they are few, else what merges."""
        layers = [piece for piece in block.inner if piece.form is Form.LAYER]
        kinds = [self.nodes[layer.value].op.kind for layer in layers]
        merging = [kind for layer, kind in zip(layers, kinds, strict=True) if len(layer.inputs) > 1]
        if merging:
            return f"{merging[0]}_unit"
        return "_".join(kinds) if len(block.inner) == len(kinds) <= 3 else "unit"


def _common(names: Sequence[str]) -> list[str]:
    """Return names for what is called `names`, without their numbers, the best first."""
    if not names:
        return []
    words = [re.sub(r"[^\w-]+", "_", name) for name in names]
    stems = [re.sub(r"[\d_.-]+[a-z]?$", "", word) for word in words]
    without = [re.sub(r"\d+", "", word) for word in words]
    candidates = (_beginning(stems), agree(without), agree(words))
    return [name.strip("_-") for name in candidates if name[:1].isalpha()]


def _beginning(words: Sequence[str]) -> str:
    """Return what all words begin with."""
    columns = takewhile(lambda letters: len(set(letters)) == 1, zip(*words, strict=False))
    return "".join(letters[0] for letters in columns)
