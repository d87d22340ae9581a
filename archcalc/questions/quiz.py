"""Exercises whose answers are worked out: sizes, parameters, work, fields, windows that fit, stacks of kernels."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from archcalc.analysis.report import Report
from archcalc.analysis.row import Row
from archcalc.arithmetic.window import Window
from archcalc.ground.errors import ArchcalcError, nearest, visible
from archcalc.questions.analyze import analyze
from archcalc.questions.compare import compare
from archcalc.questions.explain import Derivation, explain
from archcalc.questions.size import output, paddings
from archcalc.sheet.kinds import SETTINGS, SHAPE

OF_LAYERS: Mapping[str, tuple[str, str]] = {
    "size": ("output", "What is its {figure}?"),
    "params": ("params", "How many parameters does it have?"),
    "macs": ("macs", "How many multiply-accumulates does it take?"),
    "field": ("field", "How much of the input does an element of its output see?"),
}
"""What is asked of a layer, by topic: the key of the figure that answers it, and the question."""
TOPICS = (*OF_LAYERS, "window", "compare")
TAUGHT = ("lenet5", "alexnet", "vgg16", "nin_cifar10", "simple_convnet", "zfnet")
"""The networks whose layers are asked about where nobody names one: those of lecture notes, one layer after the other."""
TRIES = 20
"""How often a question is looked for, for each that is wanted."""
LONGEST = 30
"""More digits than any answer has."""
MOST = 100
"""The most questions of a quiz."""


class Question(NamedTuple):
    """A question with one whole number for an answer, and how that comes about: in symbols, in numbers, the result."""

    topic: str
    text: str
    derivation: Derivation

    @property
    def answer(self) -> int:
        """The answer."""
        return self.derivation.result


def draw(
    number: int, seed: int, report: Report | None = None, topic: str | None = None
) -> tuple[Question, ...]:
    """Return questions, all different, the same for the same seed.

    Args:
        number: how many; fewer where there are no more.
        seed: of the draw.
        report: the network whose layers are asked about; those of lecture notes where there is none.
        topic: what all are about, one of TOPICS; of a network those of OF_LAYERS alone. All of them where there is none.

    Raises:
        ArchcalcError: there are too many, no such topic, it is not about layers, or nothing in the network can be asked about.
    """
    if number > MOST:
        raise ArchcalcError(
            f"a quiz has no more than {MOST} questions", hint=f"--count {MOST}, and another --seed"
        )
    known = list(OF_LAYERS if report else TOPICS)
    if topic is not None and topic not in known:
        raise ArchcalcError(
            f"there are no questions about '{visible(topic)}'",
            hint=nearest(topic, known) or f"choose from {', '.join(known)}",
        )
    topics = known if topic is None else [topic]
    random = Random(seed)  # noqa: S311  # a draw of exercises, and no secret
    sources = _Sources(random, report)
    questions: dict[str, Question] = {}
    for place in range(number):
        for _ in range(TRIES):
            question = sources.ask(topics[place % len(topics)])
            if question is not None and question.text not in questions:
                questions[question.text] = question
                break
    if not questions:
        raise ArchcalcError("there is nothing to ask about", hint="name a network with layers that compute")
    return tuple(questions.values())


class _Sources:
    """Where questions come from: the layers of networks, and numbers at random."""

    def __init__(self, random: Random, report: Report | None) -> None:
        self.random = random
        self.reports = {report.name: report} if report else {}
        self.names = [report.name] if report else list(TAUGHT)

    def ask(self, topic: str) -> Question | None:
        """Return a question on a topic; None where this draw has none."""
        if topic == "window":
            return self._window()
        return self._stacks() if topic == "compare" else self._layer(topic)

    def _layer(self, topic: str) -> Question | None:
        name = self.random.choice(self.names)
        if name not in self.reports:
            self.reports[name] = analyze(name)
        report = self.reports[name]
        row = self.random.choice(report.rows)
        key, asked = OF_LAYERS[topic]
        derivations = [each for each in explain(report, row.name).derivations if each.key == key]
        if len(derivations) != 1 or derivations[0].symbols == derivations[0].numbers:
            return None
        text = f"{_describe(report, row, with_fields=topic == 'field')}. {asked.format(figure=derivations[0].figure)}"
        return Question(topic, text, derivations[0])

    def _window(self) -> Question | None:
        """Return a question about which padding gives a size, or about what comes out of a window."""
        kernel, stride = self.random.randint(1, 11), self.random.randint(1, 4)
        size = self.random.randint(kernel, 260)
        window = Window(kernel, stride, 0, 0, 1)
        given = f"A window of {kernel} goes over {size} elements"
        if stride == 1 and kernel % 2:
            padding = paddings(size, size, window)
            if padding is None or padding.least != padding.most:
                return None
            term = padding.even
            text = f"{given}. How many elements must be added, in all, so that as many come out?"
        else:
            steps = "" if stride == 1 else f", {stride} at a time"
            term = output(size, window).term
            text = f"{given}{steps}, without padding. How many come out, rounded down?"
        return Question("window", text, Derivation("answer", term.symbols(), term.numbers(), term.value))

    def _stacks(self) -> Question:
        """Return a question about the weights of kernels one after the other."""
        kernel, times = self.random.choice((3, 5, 7)), self.random.randint(1, 4)
        channels = self.random.choice((16, 32, 64, 96, 128, 256, 512))
        stack = f"{kernel}x{kernel}*{times}"
        weights = compare(stack, channels=channels).stacks[0].weights
        kernels = (
            f"{times} convolutions of {kernel}×{kernel}"
            if times > 1
            else f"A convolution of {kernel}×{kernel}"
        )
        text = f"{kernels} from {channels} channels to {channels}: how many weights, without biases?"
        numbers = f"{weights.coefficients[-1]}·{channels}²"
        return Question("compare", text, Derivation("weights", str(weights), numbers, weights.at(channels)))


def _describe(report: Report, row: Row, *, with_fields: bool) -> str:
    """Return what a layer is and what goes into it, without any figure that is asked for."""
    sources = ", ".join(map(SHAPE.text, row.input_shapes)) or "data"
    text = f"{report.name}, {row.name}: {row.kind} {SETTINGS.text(row.settings)}".rstrip() + f" on {sources}"
    if not with_fields:
        return text
    before = report.rows[report.position(row.inputs[0])].extents
    fields = f"see {before[0].size}, {before[0].stride} apart" if before else "see the whole input"
    return f"{text}, whose elements {fields}"


def grade(text: str, question: Question) -> bool:
    """Tell whether a text is the answer; separators between thousands are no matter."""
    plain = "".join(text.split()).replace(",", "").replace("_", "")
    return plain.isascii() and plain.isdigit() and len(plain) <= LONGEST and int(plain) == question.answer
