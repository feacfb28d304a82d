"""`ultrainteract inspect RUN [TREE]`: a run's trees, or one tree as a person reads it."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from ultrainteract.cli.options import RunFolder
from ultrainteract.errors import unknown
from ultrainteract.recorder import Unrecorded, replay
from ultrainteract.run_folder import read_run
from ultrainteract.tree import Node, PreferenceTree, Turn
from ultrainteract.types import Judgement, NodeKind

# What the columns before the problem take.
_COLUMNS = 90
# What a terminal would obey: C0 but tab and newline, DEL, and C1.
_CONTROLS = dict.fromkeys({*range(32), *range(127, 160)} - {ord("\t"), ord("\n")})
_MARKS = {
    Judgement.CORRECT: ("correct", "green"),
    Judgement.INCORRECT: ("incorrect", "red"),
    Judgement.UNVERIFIED: ("unverified", "yellow"),
}


def inspect(
    run: RunFolder,
    tree: Annotated[str, typer.Argument(help="Tree id, or the beginning of one.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Show every action, not only the pairs of a turn.")
    ] = False,
) -> None:
    """List a run's trees, or show one."""
    console = Console(soft_wrap=True, highlight=False)
    journal, config = read_run(run)
    instructions = list(journal.instructions())
    if tree:
        instructions = [one for one in instructions if one.id.startswith(tree)]
        if not instructions:
            known = (one.id for one in journal.instructions())
            raise unknown("tree", tree, known)
    table = Table(box=None, padding=(0, 2))
    # The id is what a user copies: the table grows beyond the screen before it is shortened.
    table.add_column("tree", no_wrap=True, min_width=16)
    for title in ("environment", "turns", "pairs", "correct", "ended"):
        table.add_column(title, no_wrap=True)
    room = max(20, console.width - _COLUMNS)
    table.add_column("problem", no_wrap=True, overflow="ellipsis", max_width=room)
    with asyncio.Runner() as runner:
        for one in instructions:
            first_line = _text(one.statement.partition("\n")[0][:60])
            try:
                grown = runner.run(replay(journal, one, config))
            except Unrecorded:
                table.add_row(one.id, one.environment, "", "", "", "not finished", first_line)
                continue
            if tree:
                console.print(render_tree(grown, everything=everything))
            pairs = sum(1 for _ in grown.pairs())
            correct = sum(1 for _ in grown.with_verdict(Judgement.CORRECT))
            counts = map(str, (len(grown.turns), pairs, correct, grown.stop))
            table.add_row(one.id, one.environment, *counts, first_line)
    console.print(table)


def render_tree(tree: PreferenceTree, *, everything: bool) -> RenderableType:
    """The tree as rich draws it: a branch a turn, the expanded action's critique below it."""
    root = Tree(_text(tree.instruction.prompt, style="bold"), guide_style="dim")
    root.add(_text(f"reference answer: {tree.instruction.reference.answer}", style="dim"))
    for turn in tree.turns:
        nodes = [node for node in tree.nodes if node.turn == turn.number]
        branch = root.add(_text(f"turn {turn.number}: {_mix(nodes)}", style="bold cyan"))
        for node in nodes:
            if everything or node.id in {*turn.chose, *turn.turned_down, turn.expanded}:
                _add_node(branch, node, turn)
    for loss in tree.losses:
        samples = f"{loss.samples} sample{'s' if loss.samples != 1 else ''}"
        lost = f"turn {loss.turn}: {samples} of {loss.model} lost: {loss.reason}"
        root.add(_text(lost, style="red"))
    root.add(_text(f"ended: {tree.stop}", style="dim"))
    return root


def _mix(nodes: list[Node]) -> str:
    counts: dict[str, int] = {}
    for node in nodes:
        kind = node.judgement or node.kind
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(f"{count} {kind}" for kind, count in counts.items()) or "no action"


def _add_node(branch: Tree, node: Node, turn: Turn) -> None:
    word, style = _MARKS[node.judgement] if node.judgement else (str(node.kind), "dim")
    marks = _marks(turn, node.id)
    sampling = node.action.sampling
    by = f"{sampling.model}, {sampling.schema}{', ' + sampling.guided if sampling.guided else ''}"
    title = f"#{node.id} {word}{' (' + ', '.join(marks) + ')' if marks else ''} by {by}"
    shown = branch.add(_text(title, style=f"bold {style}"))
    shown.add(_text(node.action.text))
    if node.action.code or node.kind is NodeKind.MALFORMED:
        shown.add(_text(f"Out: {node.observation.text}", style="magenta"))
    if node.verdict:
        reason = f": {node.verdict.reason}" if node.verdict.reason else ""
        shown.add(_text(f"verdict by rule {node.verdict.rule}{reason}", style="dim"))
    if turn.expanded == node.id and turn.critique:
        shown.add(_text(f"critique: {turn.critique.text}", style="yellow"))


def _marks(turn: Turn, node: int) -> list[str]:
    """The pairs beside the first are numbered from 2."""
    first = [("chosen", turn.chosen), ("rejected", turn.rejected)]
    sides = [mark for mark, of in first if of == node]
    for number, match in enumerate(turn.further, start=2):
        further = [(f"chosen {number}", match.chosen), (f"rejected {number}", match.rejected)]
        sides += [mark for mark, of in further if of == node]
    return sides


def _text(content: str, style: str = "") -> Text:
    return Text(content.translate(_CONTROLS), style=style)
