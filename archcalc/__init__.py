"""archcalc: sizes, parameters, work and memory of neural networks, exact and explained.

    >>> import archcalc
    >>> report = archcalc.analyze("alexnet", input="3x227x227", batch=1, dtype="float32")
    >>> report
    <Report of alexnet: 25 layers, 62.4 M parameters, 1.14 G MACs, batch 1, float32>
    >>> report.totals.params
    62378344

Everything public is here; it is imported on first use, so that `import archcalc` costs nothing.
"""

TYPE_CHECKING = False  # as in `typing`, which takes as long to load as Python does to answer an interrupt
if TYPE_CHECKING:
    from archcalc.analysis.report import Report
    from archcalc.analysis.row import Row, Totals
    from archcalc.formats.language.given import loads
    from archcalc.formats.language.schema import spec_schema
    from archcalc.formats.library import load, members
    from archcalc.formats.registry import export
    from archcalc.formats.selection import load_every
    from archcalc.formats.specs import names
    from archcalc.ground.errors import ArchcalcError
    from archcalc.network.network import Network
    from archcalc.op.op import Work
    from archcalc.ops import REGISTRY
    from archcalc.questions.analyze import analyze, place
    from archcalc.questions.check import check
    from archcalc.questions.claims.judge import check_claims
    from archcalc.questions.compare import Contrast, compare
    from archcalc.questions.duration import TimeExplanation, explain_time
    from archcalc.questions.explain import Derivation, Explanation, explain
    from archcalc.questions.finding import Finding
    from archcalc.questions.fit import fit
    from archcalc.questions.fitted import Fit
    from archcalc.questions.reconcile.reconcile import Reconciliation, reconcile
    from archcalc.questions.step import StepExplanation, StepTensor, explain_step
    from archcalc.questions.verify.agreement import compare_values
    from archcalc.questions.verify.verify import Verification, memory_bound, verify
    from archcalc.questions.worked.unfolded import Unfolding, unfold
    from archcalc.questions.worked.worked import Worked, work_out

__version__ = "0.1.0"

__all__ = [
    "REGISTRY",
    "ArchcalcError",
    "Contrast",
    "Derivation",
    "Explanation",
    "Finding",
    "Fit",
    "Network",
    "Reconciliation",
    "Report",
    "Row",
    "StepExplanation",
    "StepTensor",
    "TimeExplanation",
    "Totals",
    "Unfolding",
    "Verification",
    "Work",
    "Worked",
    "analyze",
    "check",
    "check_claims",
    "compare",
    "compare_values",
    "explain",
    "explain_step",
    "explain_time",
    "export",
    "fit",
    "load",
    "load_every",
    "loads",
    "members",
    "memory_bound",
    "names",
    "place",
    "reconcile",
    "spec_schema",
    "unfold",
    "verify",
    "work_out",
]

_HOMES = {
    "REGISTRY": "archcalc.ops",
    "ArchcalcError": "archcalc.ground.errors",
    "Contrast": "archcalc.questions.compare",
    "compare": "archcalc.questions.compare",
    "compare_values": "archcalc.questions.verify.agreement",
    "Derivation": "archcalc.questions.explain",
    "Explanation": "archcalc.questions.explain",
    "explain": "archcalc.questions.explain",
    "StepExplanation": "archcalc.questions.step",
    "StepTensor": "archcalc.questions.step",
    "explain_step": "archcalc.questions.step",
    "TimeExplanation": "archcalc.questions.duration",
    "explain_time": "archcalc.questions.duration",
    "Fit": "archcalc.questions.fitted",
    "fit": "archcalc.questions.fit",
    "export": "archcalc.formats.registry",
    "Finding": "archcalc.questions.finding",
    "Network": "archcalc.network.network",
    "Reconciliation": "archcalc.questions.reconcile.reconcile",
    "reconcile": "archcalc.questions.reconcile.reconcile",
    "Report": "archcalc.analysis.report",
    "Row": "archcalc.analysis.row",
    "Totals": "archcalc.analysis.row",
    "Work": "archcalc.op.op",
    "analyze": "archcalc.questions.analyze",
    "place": "archcalc.questions.analyze",
    "check": "archcalc.questions.check",
    "check_claims": "archcalc.questions.claims.judge",
    "Verification": "archcalc.questions.verify.verify",
    "memory_bound": "archcalc.questions.verify.verify",
    "verify": "archcalc.questions.verify.verify",
    "Unfolding": "archcalc.questions.worked.unfolded",
    "unfold": "archcalc.questions.worked.unfolded",
    "Worked": "archcalc.questions.worked.worked",
    "work_out": "archcalc.questions.worked.worked",
    "load": "archcalc.formats.library",
    "load_every": "archcalc.formats.selection",
    "loads": "archcalc.formats.language.given",
    "members": "archcalc.formats.library",
    "names": "archcalc.formats.specs",
    "spec_schema": "archcalc.formats.language.schema",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'archcalc' has no attribute '{name}'")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """Return all that is public, so that it is completed before it is imported."""
    return sorted({*__all__, *(name for name in globals() if name.startswith("__"))})
