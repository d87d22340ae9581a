"""A network really run, by PyTorch: the program that archcalc writes for it."""

from __future__ import annotations

from collections.abc import Callable

from archcalc.analysis.report import Report
from archcalc.formats.pytorch.write import pytorch
from archcalc.ground.errors import ArchcalcError, visible


def is_installed() -> bool:
    """Tell whether PyTorch is there."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


def version() -> str:
    """Return the version of PyTorch."""
    import torch

    return str(torch.__version__)


def prepare(report: Report) -> Callable[[], object]:
    """Return what runs a network once, with random weights on random numbers, at the batch of its report.

    Raises:
        ArchcalcError: PyTorch cannot say a layer, or does not run the network.
    """
    import torch

    scope: dict[str, object] = {"__name__": report.name}
    program = pytorch(report, None)
    try:
        exec(compile(program, "<network>", "exec"), scope)  # noqa: S102  # archcalc wrote it
        modules = [
            each for each in scope.values() if isinstance(each, type) and issubclass(each, torch.nn.Module)
        ]
        inputs = [torch.rand(row.output_shape) for row in report.inputs]
        network = modules[-1]().eval()  # the last class is the network, those before it its blocks
    except Exception as error:  # noqa: BLE001  # what PyTorch raises has no base of its own
        raise _fail(error) from None

    def run() -> object:
        try:
            with torch.inference_mode():
                return network(*inputs)
        except Exception as error:  # noqa: BLE001
            raise _fail(error) from None

    return run


def _fail(error: Exception) -> ArchcalcError:
    """Return what to say where PyTorch does not run a network."""
    return ArchcalcError(f"PyTorch does not run the network: {visible(str(error).strip())}")
