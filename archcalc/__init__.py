"""archcalc: sizes, parameters, work and memory of neural networks, exact and explained.

    >>> import archcalc
    >>> network = archcalc.load("alexnet")
    >>> report = archcalc.analyze(network, input="3x227x227", batch=1, dtype="float32")
    >>> report.totals.params
    62378344

Everything public is here; it is imported on first use, so that `import archcalc` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archcalc.agreement import compare_values
    from archcalc.analysis import analyze
    from archcalc.checks import Budget, Finding, check
    from archcalc.comparison import Comparison, compare
    from archcalc.derivation import Derivation, Explanation, explain
    from archcalc.errors import ArchcalcError
    from archcalc.exporting.targets import export
    from archcalc.network import Network
    from archcalc.op import Work
    from archcalc.ops import REGISTRY
    from archcalc.reconciliation.tally import Reconciliation, reconcile
    from archcalc.report import Report, Row, Totals
    from archcalc.schema import spec_schema
    from archcalc.verification import Verification, memory_bound, verify
    from archcalc.zoo import load, load_every, members, names

__version__ = "0.1.0"

__all__ = [
    "REGISTRY",
    "ArchcalcError",
    "Budget",
    "Comparison",
    "Derivation",
    "Explanation",
    "Finding",
    "Network",
    "Reconciliation",
    "Report",
    "Row",
    "Totals",
    "Verification",
    "Work",
    "analyze",
    "check",
    "compare",
    "compare_values",
    "explain",
    "export",
    "load",
    "load_every",
    "members",
    "memory_bound",
    "names",
    "reconcile",
    "spec_schema",
    "verify",
]

_HOMES = {
    "REGISTRY": "archcalc.ops",
    "ArchcalcError": "archcalc.errors",
    "Comparison": "archcalc.comparison",
    "compare": "archcalc.comparison",
    "compare_values": "archcalc.agreement",
    "Derivation": "archcalc.derivation",
    "Explanation": "archcalc.derivation",
    "explain": "archcalc.derivation",
    "export": "archcalc.exporting.targets",
    "Budget": "archcalc.checks",
    "Finding": "archcalc.checks",
    "Network": "archcalc.network",
    "Reconciliation": "archcalc.reconciliation.tally",
    "reconcile": "archcalc.reconciliation.tally",
    "Report": "archcalc.report",
    "Row": "archcalc.report",
    "Totals": "archcalc.report",
    "Work": "archcalc.op",
    "analyze": "archcalc.analysis",
    "check": "archcalc.checks",
    "Verification": "archcalc.verification",
    "memory_bound": "archcalc.verification",
    "verify": "archcalc.verification",
    "load": "archcalc.zoo",
    "load_every": "archcalc.zoo",
    "members": "archcalc.zoo",
    "names": "archcalc.zoo",
    "spec_schema": "archcalc.schema",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'archcalc' has no attribute '{name}'")
    return getattr(import_module(home), name)
