"""The command that writes one network in every tool's units."""

from __future__ import annotations

from typing import Unpack

import click

import archcalc
from archcalc.commands.group import cli
from archcalc.commands.options import ModelOptions, analyze_model, examples, report_options
from archcalc.commands.output import emit


def complete_tool(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the tools that a word begins."""
    from archcalc.questions.reconcile.profile import tools

    return [name for name in tools() if name.startswith(incomplete.lower())]


@cli.command(
    epilog=examples(
        "reconcile resnet50",
        "reconcile resnet50 --tool fvcore",
        "reconcile alexnet_torchvision --tool ptflops --tool thop",
        "reconcile mobilenet_v2 --format markdown",
    )
)
@click.option(
    "--tool",
    "tools",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_tool,
    help="Only this tool, with its rule for every layer type; may be given several times.",
)
@report_options
def reconcile(form: str, tools: tuple[str, ...], **options: Unpack[ModelOptions]) -> None:
    """Show what other tools print for the same network, and the sum that makes each figure.

    Tools agree on multiply-accumulates (MACs) and differ in what they add: biases, normalisation,
    activations, pooling; and in whether a MAC is one operation or two. Each figure is worked out from
    the tool's own rules, known bugs included, for the network as the spec describes it.
    """
    from archcalc.views.reconciliation import details, overview

    report = analyze_model(**options)
    reconciliations = archcalc.reconcile(report, tools)
    emit(details(report, reconciliations) if tools else overview(report, reconciliations), form)
