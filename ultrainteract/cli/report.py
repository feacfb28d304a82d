"""`ultrainteract report RUN`: the overview of a run as one HTML file, and its warnings."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ultrainteract.cli.layered import marks_of
from ultrainteract.cli.options import Environments, RunFolder, UnderMarks
from ultrainteract.cli.recorded import recorded
from ultrainteract.errors import UserError, boundary
from ultrainteract.layers.layer import read_layer
from ultrainteract.layers.marks import reviewed
from ultrainteract.layers.recall import finished_trees
from ultrainteract.report.contamination import Contamination
from ultrainteract.report.facts import facts_of
from ultrainteract.report.tables import RunTables
from ultrainteract.run_folder import misfit_notice

FILE = "report.html"


def report(
    run: RunFolder,
    to: Annotated[Path | None, typer.Option(help=f"File to write; else RUN/{FILE}.")] = None,
    against: Annotated[
        list[str] | None,
        typer.Option(help="A test set to look for, as in select.decontaminate; repeatable."),
    ] = None,
    layer: Annotated[str, typer.Option(help="Count under a layer's verdicts; see regrade.")] = "",
    marks: UnderMarks = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line of the figures.")] = False,
    plugin: Environments = None,
) -> None:
    """How a run went and how good its pairs are: plots, tables and warnings in one file.

    It counts the trees that ended, and may be given while the run goes on. The file asks nothing
    of a network and may be sent to anyone who may see the run's figures; no text of a tree is in
    it.
    """
    from ultrainteract.report.cautions import cautions
    from ultrainteract.report.leaks import Reread
    from ultrainteract.report.overview import Overview
    from ultrainteract.report.page import Findings, render

    file = to or run / FILE
    if run.is_dir() and not os.access(file if file.exists() else file.parent, os.W_OK):
        raise UserError(f"{str(file)!r} cannot be written: name a file elsewhere with --to")
    contamination = Contamination.against(against) if against else None
    misfits: list[str] = []
    overview, critiques = Overview(), Reread()
    with recorded(run, plugin or ()) as (journal, config):
        tables = RunTables(config.tree.max_turns)
        verdicts = read_layer(run, layer) if layer else None
        dropped = marks_of(run, wanted=marks)
        for recalled in finished_trees(journal, config, misfits, verdicts):
            tree = reviewed(recalled, dropped) if dropped else recalled
            overview.add(facts_of(tree))
            tables.add(tree)
            critiques.add(tree)
            if contamination:
                contamination.look(tree.instruction)
        notice = misfit_notice(journal, len(misfits)) if misfits else ""
    leaking = critiques.result()
    findings = Findings(run.resolve().name, overview, tables.report(), contamination, leaking)
    with boundary(UserError, f"cannot write {str(file)!r}", OSError):
        file.write_text(render(findings), encoding="utf-8")
    quality = findings.quality
    warned = cautions(overview, quality, contamination, leaking)
    if as_json:
        told = {"file": str(file), "trees": overview.trees, "quality": asdict(quality)}
        typer.echo(json.dumps({**told, "warnings": [asdict(one) for one in warned]}))
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for one in warned:
        console.print(f"{one.name}: {one.said} {one.why}", style="yellow")
        console.print(f"  {one.remedy}")
    console.print(f"{overview.trees:,} trees, {overview.pairs:,} pairs: {file}")
    if notice:
        console.print(notice, style="yellow")
