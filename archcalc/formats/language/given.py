"""Specs that a program gives: a text, or a mapping as YAML would make one of it."""

from __future__ import annotations

from collections.abc import Mapping

from archcalc.formats.language.contents import check_length
from archcalc.formats.language.read import Document, check_parameters
from archcalc.ground import limits
from archcalc.ground.collector import pause_collector
from archcalc.ground.errors import ArchcalcError, SourceText, visible
from archcalc.network.network import Network


@pause_collector()
def loads(
    spec: str | Mapping[str, object],
    *,
    variant: str | None = None,
    parameters: Mapping[str, object] | None = None,
) -> Network:
    """Load a network from a spec's text, or from a mapping as YAML would make one of it.

    Args:
        spec: such as "{input: 3x32x32, layers: [conv: {out: 8, kernel: 3}, relu]}".
        variant: which network of a family.
        parameters: values in place of those of the spec's `parameters`.

    Raises:
        ArchcalcError: the spec is wrong.
    """
    limits.check()
    check_parameters(parameters)
    source = _text(spec)
    check_length(source.name, len(source.text))
    if variant is not None and not isinstance(variant, str):
        raise ArchcalcError(f"a variant is called by its name, not {visible(repr(variant)[:40])}")
    return Document(source).network(variant, parameters)


def _text(spec: str | Mapping[str, object]) -> SourceText:
    """Return a spec's text; that of a mapping is written out, so that an error has a line to point at."""
    if isinstance(spec, str):
        return SourceText("<text>", spec)
    if not isinstance(spec, Mapping):
        raise ArchcalcError(f"a spec is a text or a mapping, not {visible(repr(spec)[:40])}")
    from json import dumps

    try:
        return SourceText("<mapping>", dumps(spec, indent=2, ensure_ascii=False, default=_plain))
    except (TypeError, ValueError) as error:
        raise ArchcalcError(
            f"a spec holds texts, numbers, truth values, lists and mappings: {visible(str(error)[:80])}"
        ) from None
    except RecursionError:
        raise ArchcalcError("a spec is nested deeper than Python can follow") from None


def _plain(value: object) -> object:
    """Return a mapping of another class as a plain one."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is none of these")
