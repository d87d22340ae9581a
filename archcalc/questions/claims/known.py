"""What is claimed of the networks that can be called by name: in files of claims, and in their specs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from archcalc.formats.claims_files import ClaimsFile, claims_files, read_claims
from archcalc.formats.language.tree import Scalar
from archcalc.formats.library import load
from archcalc.formats.selection import load_every
from archcalc.formats.specs import normal
from archcalc.ground import limits
from archcalc.ground.errors import ArchcalcError
from archcalc.network.network import Network
from archcalc.questions.check import judge_expectations
from archcalc.questions.claims.judge import judge_claims
from archcalc.questions.finding import Finding


def every_claim(note: Callable[[ArchcalcError], None]) -> Iterator[list[Finding]]:
    """Yield what comes of all claims, those of files first; `note` is told which cannot be judged or read."""
    limits.check()
    for path in claims_files():
        try:
            yield [finding for file in _read(path) for finding in judge_claims(file, note)]
        except ArchcalcError as error:
            note(error)
    for network in load_every(note):
        yield _in_spec(network)


class KnownClaims:
    """What files beside the specs claim, each read once."""

    def __init__(self) -> None:
        self.files: dict[Path, list[ClaimsFile]] = {}

    def about(self, model: str, note: Callable[[ArchcalcError], None]) -> list[Finding]:
        """Return what comes of the claims about a network: those of its spec, and where it is called by its name those of files.

        `note` is told which claims cannot be judged.

        Raises:
            ArchcalcError: there is no such network, it or a file is wrong.
        """
        network = load(model)
        findings = _in_spec(network)
        for path in claims_files() if normal(model) == normal(network.name) else ():
            if path not in self.files:
                self.files[path] = _read(path)
            for file in self.files[path]:
                about = tuple(
                    assertion
                    for assertion in file.assertions
                    if isinstance(assertion.subject.of, Scalar)
                    and normal(assertion.subject.of.text) == normal(model)
                )
                findings += judge_claims(file._replace(assertions=about), note)
        return findings


def _read(path: Path) -> list[ClaimsFile]:
    """Return what a file beside the specs claims; nothing where it holds something else."""
    file = read_claims(path)
    return [] if file is None else [file]


def _in_spec(network: Network) -> list[Finding]:
    """Return what comes of the claims in a network's spec."""
    claims = tuple(each for each in network.expectations if each.claim is not None)
    return judge_expectations(network._replace(expectations=claims))
