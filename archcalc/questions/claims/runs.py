"""What claims are about, loaded and run under their conditions, each network once; and the layers picked out of it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import cast

from archcalc.analysis.conditions import Asked, DType
from archcalc.analysis.layout import state_sizes
from archcalc.analysis.report import Report
from archcalc.formats.claims_files import ClaimsFile, load_subject
from archcalc.formats.language.subjects import Subject, name_layers
from archcalc.formats.language.tree import Scalar
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError, nearest
from archcalc.network.network import members
from archcalc.questions.analyze import analyze
from archcalc.questions.claims.excerpt import Excerpt
from archcalc.questions.costs import cost
from archcalc.questions.stacks import Stack, is_stack, network, stack


class Runs:
    """The networks that the claims of a file are about."""

    def __init__(self, file: ClaimsFile) -> None:
        self.file = file
        self.known: dict[Hashable, Excerpt] = {}
        self.layers = 0
        self.looks = 0

    def select(self, subject: Subject) -> Excerpt:
        """Return the layers that a claim is about."""
        key = _identify(subject)
        if key not in self.known:
            self.known[key] = self._load(subject)
            self.spend(len(self.known[key].report.rows))
        excerpt = self.known[key]
        report = excerpt.report
        self._look_at(len(report.rows))
        if subject.is_whole:
            return excerpt
        places = _find(subject, report)
        return excerpt._replace(layer=name_layers(subject), places=places)

    def _load(self, subject: Subject) -> Excerpt:
        """Return a whole network under the conditions of a claim."""
        conditions: Asked = {
            "batch": subject.batch,
            "dtype": cast("DType | None", subject.dtype),
            "rounding": subject.rounding,
            "train": subject.train,
        }
        of = subject.of
        if of is None:
            raise ArchcalcError("a claim needs 'of'")
        if isinstance(of, Scalar) and is_stack(of.text):
            if subject.set:
                raise ArchcalcError("a stack has no parameters to 'set'", hint="they are those of a spec")
            return self._stack(stack(of.text), subject, conditions)
        if subject.channels is not None:
            raise ArchcalcError("'channels' are those of a stack", hint="'input' has those of a network")
        try:
            model = load_subject(of, self.file.folder, subject.input, subject.set)
        except ArchcalcError as error:
            if error.place is not None:
                raise
            raise ArchcalcError(error.fact, place=of.place(), hint=error.hint) from None
        shape = subject.input and state_sizes(subject.input, model.layout)
        return Excerpt(analyze(model, input=shape, **conditions))

    def _stack(self, layers: Stack, subject: Subject, conditions: Asked) -> Excerpt:
        """Return a stack on its input; with its costs in C where that is left open."""
        size, channels = subject.input or (), subject.channels
        if len(size) == 3:
            channels, *rest = size
            size = tuple(rest)
        if len(size) not in (0, 2) or (channels != subject.channels and subject.channels is not None):
            raise ArchcalcError("a stack's input is channels x height x width", hint="such as 512x14x14")
        shape = (channels or layers.multiple, *(size or layers.least))
        report = analyze(network(layers, shape), **conditions)
        if channels and size:
            return Excerpt(report)
        return Excerpt(report, costs=cost(layers, size, subject.rounding, report), channels=channels)

    def _look_at(self, layers: int) -> None:
        """Note how many layers a claim looks through, or raise an error where those of all claims are too many."""
        self.looks += layers
        limits.WORK.check(self.looks, f"{self.file.name}: its claims ask for", "steps of work")

    def spend(self, layers: int) -> None:
        """Note how many layers are run, or raise an error where they are too many."""
        self.layers += layers
        limits.LAYERS.check(self.layers, f"{self.file.name}: its claims are about", "layers together")


def _identify(subject: Subject) -> Hashable:
    """Return what two claims about the same network under the same conditions have in common."""
    of = subject.of
    return (
        of.text if isinstance(of, Scalar) else id(of),
        subject.input,
        subject.channels,
        subject.batch,
        subject.dtype,
        subject.rounding,
        subject.train,
        *((name, repr(value)) for name, value in subject.set.items()),  # true is not 1
    )


def _find(subject: Subject, report: Report) -> Sequence[int]:
    """Return where the layers stand that a claim is about."""
    if subject.kind is not None:
        alike = [place for place, row in enumerate(report.rows) if row.kind == subject.kind]
        if not alike:
            where = subject.at.place() if subject.at else None
            raise ArchcalcError(f"{report.name} has no layer of type '{subject.kind}'", place=where)
        return alike
    inside = members((row.name for row in report.rows), set(subject.layers))
    for name in subject.layers:
        if not inside[name]:
            raise ArchcalcError(
                f"{report.name} has no layer or block '{name}'",
                place=subject.at.place() if subject.at else None,
                hint=nearest(name, [row.name for row in report.rows]) or "archcalc show lists the layers",
            )
    return sorted({place for name in subject.layers for place in inside[name]})
