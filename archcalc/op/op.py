"""What an op is: a few declared settings and plain arithmetic on shapes.

Shapes are tuples (N, C, *spatial) with the batch first. Every formula works on whatever settings and shapes are made of:
integers for counting, `Term`s for derivations, polynomials for symbolic comparison, arrays for many designs at once. So
an op never prints or formats and never asks what kind of number it was given; only `check` needs real integers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from math import prod
from typing import Any, ClassVar, NamedTuple, Self, TypeVar, dataclass_transform

from archcalc.arithmetic.number import Number
from archcalc.arithmetic.sight import Field
from archcalc.arithmetic.term import name_numbers
from archcalc.arithmetic.window import Rounding, Uneven
from archcalc.ground.errors import ArchcalcError, Problems, list_names, nearest
from archcalc.op import settings as kinds
from archcalc.op.keeps import Trained
from archcalc.op.kernels import Timed
from archcalc.op.setting import REQUIRED, Setting, check_says
from archcalc.op.site import Shape, Shapes, Site, Sizes, Spot, sizes_of
from archcalc.op.traits import Traits, check_traits

Value = TypeVar("Value")
Weights = dict[str, Shape]


class Work(NamedTuple):
    """Arithmetic operations by kind; all are exact counts for one forward pass at inference.

    `macs` are multiply-accumulates of dot products, without bias; `exponentials` exp, log, tanh, erf, powers, roots.
    """

    macs: Number = 0
    additions: Number = 0
    multiplications: Number = 0
    comparisons: Number = 0
    divisions: Number = 0
    exponentials: Number = 0

    @property
    def flops(self) -> Number:
        """Two operations for each multiply-accumulate, one for each of the others."""
        return self.macs + sum(self)


NO_WORK = Work()


def add_up(works: Iterable[Work]) -> Work:
    """Return the sum of some work, kind by kind."""
    return Work(*map(sum, zip(*works, strict=True)))


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(
        kinds.count,
        kinds.size,
        kinds.padding,
        kinds.flag,
        kinds.number,
        kinds.choice,
        kinds.words,
        kinds.axis,
        kinds.axes,
        kinds.table,
    ),
)
class Op(Trained, Timed):
    """A layer type. Subclasses declare settings and override what differs from "shape in, shape out".

    An op is an immutable value: two with the same settings are equal. Settings are declared as what a spec
    states; in a formula they may be terms or polynomials, which is why what comes out is a `Number`.
    """

    kind: ClassVar[str] = ""
    """Its name in a spec."""
    also: ClassVar[str] = ""
    """What other programs call it, in small letters and without signs and dimensions."""
    main: ClassVar[str | None] = None
    """The setting that a lone scalar or list stands for."""
    declared: ClassVar[Mapping[str, Setting]] = {}
    """Its settings by the name they have in a spec."""
    example: ClassVar[tuple[tuple[str, ...], dict[str, object]]] = ((), {})
    """Input shapes without batch, and settings, for documentation and contract tests."""
    traits: ClassVar[Traits] = Traits()
    """What it is by nature."""
    letters: ClassVar[tuple[str, ...]] = ()
    """What formulas call the axes of its input beside the batch, where that is not C, H, W."""

    @property
    def scrambles(self) -> bool:
        """Whether it makes numbers of what is not a number, or the other way round, so that no mark shows behind it."""
        return False

    def __init__(self, **given: object) -> None:
        for name in given:
            if name not in self.declared:
                raise ArchcalcError(
                    f"has no setting '{name}'",
                    setting=name,
                    hint=nearest(name, list(self.declared)) or list_names("its settings", self.declared),
                )
        problems = Problems()
        values = self.__dict__
        for name, setting in self.declared.items():
            value = given.get(name, setting.default)
            if value is REQUIRED:
                problems.note(ArchcalcError(f"needs '{name}': {setting.help}", hint=self._such_as(name)))
            elif value is not setting.default:
                try:
                    value = setting.read(value)
                except ArchcalcError as error:
                    problems.note(error)
            values[setting.attribute] = value
        problems.raise_noted()
        self.agree(given)

    def _such_as(self, name: str) -> str:
        value = self.example[1].get(name, "…")
        return f"such as {name}: {value if isinstance(value, str) else kinds.show(value)}"

    def agree(self, given: Collection[str]) -> None:
        """Raise a fact where the settings that are `given`, by name, contradict each other, wherever the op stands."""
        check_says(self.declared, given, self.__dict__)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"an op does not change: use replace({name}=…)")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.__dict__ == self.__dict__

    def __hash__(self) -> int:
        return hash((type(self), tuple(self.__dict__.values())))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self.stated().items())})"

    def stated(self) -> dict[str, object]:
        """Return the settings that differ from their defaults, by their names in a spec."""
        return {
            name: value
            for name, setting in self.declared.items()
            if (value := self.__dict__[setting.attribute]) != setting.default
        }

    def replace(self, **changes: object) -> Self:
        """Return a copy with some attributes changed, unchecked: they may be terms or polynomials."""
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__ | changes)
        return copy

    def trace(self) -> Self:
        """Return a copy whose settings are terms, so that its formulas record their derivation."""
        stated = self.stated()
        return self.replace(
            **{
                setting.attribute: name_numbers(self.__dict__[setting.attribute], setting.symbol)
                for name, setting in self.declared.items()
                if setting.symbol and (name in stated or not setting.fades)
            }
        )

    def rounded(self, rounding: Rounding) -> Self:
        """Return the op under a network-wide rounding; only ops with a window care."""
        return self

    def fed(self, shape: Shape | None, batch: int | None) -> Self:
        """Return the op with another input shape and another batch size where they are given; only inputs care."""
        return self

    def drops(self) -> float:
        """The probability with which it leaves a number out in training; the others are scaled up."""
        return 0.0

    def with_bias(self, at: Spot) -> Self | None:
        """Return the op with a bias, if a scale and a shift of each channel behind it can be folded into its weights."""
        return None

    def check(self, at: Spot) -> None:
        """Raise a one-line fact where the input shapes do not suit the op; the one formula that needs integers."""

    def output(self, at: Site) -> Shape:
        """Return the output shape for the input shapes."""
        return at.x

    def output_sizes(self, *xs: Sizes) -> Sizes:
        """Return the output's sizes for inputs whose sizes are integers, such as those of real arrays."""
        return sizes_of(self.output(Shapes(xs)))

    def weights(self, at: Site) -> Weights:
        """Return the shape of each learnable tensor."""
        return {}

    def fixed(self, at: Site) -> Weights:
        """Return the shape of each weight tensor that is set once and not learnt."""
        return {}

    def buffers(self, at: Site) -> Weights:
        """Return the shape of each tensor that is kept but not learnt, such as running statistics."""
        return {}

    def tensors(self, at: Site) -> Weights:
        """Return the shape of each tensor that `forward` takes beside its inputs: learnt, fixed and kept ones."""
        return {**self.weights(at), **self.fixed(at), **self.buffers(at)}

    def work(self, at: Site) -> Work | None:
        """Return the arithmetic for the output and the input shapes; None where it is not known."""
        return NO_WORK

    def forward(self, *xs: Any, **weights: Any) -> Any:
        """Return the output for real arrays and tensors named as in `weights`, `fixed` and `buffers`, at inference.

        This is the reference that proves the figures: arrays are float32 with the batch first.

        Raises:
            ArchcalcError: nobody has written one.
        """
        raise ArchcalcError(f"{self.kind} has no reference to run")

    def field(self, at: Site) -> Field:
        """Return what an output element sees of the input."""
        return "pointwise"

    def unfolded(self, at: Site) -> tuple[Number, Number] | None:
        """Return rows and columns of the matrix that im2col makes of the input; None for what is no convolution."""
        return None

    def uneven(self, at: Spot) -> tuple[Uneven, ...]:
        """Return the axes on which the window does not fit evenly."""
        return ()


def elements(tensors: Iterable[Shape]) -> Number:
    """Return how many numbers the tensors hold: the one rule that turns weight shapes into a count.

    Neighbours that share their leading dimension are counted together, which changes nothing in the
    number and makes the derivation read (k·k·C + 1)·M: for each filter its weights and its bias.
    """
    total: Number = 0
    for leading, rests in _by_leading_dimension(tensors):
        total = total + sum(prod(reversed(rest)) for rest in rests) * leading
    return total


def _by_leading_dimension(tensors: Iterable[Shape]) -> Iterable[tuple[Number, list[Shape]]]:
    leading: Number = 0
    rests: list[Shape] = []
    for shape in tensors:
        if rests and not _same(shape[0], leading):
            yield leading, rests
            rests = []
        leading = shape[0]
        rests.append(shape[1:])
    if rests:
        yield leading, rests


def _same(left: Number, right: Number) -> bool:
    """Tell whether two sizes are the same one: equal, and called the same where they have names."""
    return bool(left == right) and getattr(left, "symbol", "") == getattr(right, "symbol", "")


def extents_of(shape: Shape) -> str:
    """Return a shape without its batch as people write it: 64x56x56."""
    return "x".join(map(str, shape[1:]))


def per_axis(values: tuple[Value, ...], spatial: Sequence[object]) -> tuple[Value, ...]:
    """Return one value an axis: a single value serves all of them."""
    return values * len(spatial) if len(values) == 1 else values


REGISTRY: dict[str, type[Op]] = {}
"""Every op by its name in a spec."""

OpType = TypeVar("OpType", bound=type[Op])


def op(
    kind: str,
    *,
    example: tuple[str | tuple[str, ...], dict[str, object]],
    main: str | None = None,
    also: str = "",
) -> Callable[[OpType], OpType]:
    """Register a class as the op `kind`.

    `also` are words that others have for it; `example` is an input shape (or several) without batch and settings that suit it.

    Raises:
        ValueError: its traits contradict each other, or another class has this kind.
    """

    def register(cls: OpType) -> OpType:
        shapes, given = example
        check_traits(kind, cls.traits)
        if kind in REGISTRY:
            raise ValueError(f"{kind}: {REGISTRY[kind].__name__} is called so already")
        cls.kind, cls.main, cls.also = kind, main, also
        cls.declared = _find_settings(cls, main)
        cls.example = ((shapes,) if isinstance(shapes, str) else shapes, given)
        REGISTRY[kind] = cls
        return cls

    return register


def _find_settings(cls: type[Op], main: str | None) -> dict[str, Setting]:
    """Return the settings of a class: the main one first, then those without a default, then the rest."""
    settings: dict[str, Setting] = {}
    for base in reversed(cls.__mro__):
        settings |= {v.name: v for v in vars(base).values() if isinstance(v, Setting)}
    return dict(sorted(settings.items(), key=lambda item: (item[0] != main, not item[1].required)))
