"""A run's dataset as it is published under layers: a later grader's verdicts, reviewers' marks."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from ultrainteract.cli.recorded import recorded
from ultrainteract.dataset.tally import Published
from ultrainteract.layers.layer import Layer
from ultrainteract.layers.marks import Marks, reviewed
from ultrainteract.layers.recall import finished_trees
from ultrainteract.push.stamp import stamp_of, write_stamp
from ultrainteract.report.about import about_run
from ultrainteract.run_folder import misfit_notice


@dataclass(frozen=True, slots=True)
class Layers:
    """What is laid over a run: verdicts, and marks that decide something."""

    verdicts: Layer | None = None
    marks: Marks | None = None

    def named(self) -> tuple[str, ...]:
        """For `run.yaml` and card."""
        return tuple(str(one) for one in (self.verdicts, self.marks) if one)


def marks_of(run: Path, *, wanted: bool) -> Marks | None:
    """The run's marks, where they are wanted and drop anything."""
    marks = Marks.read(run) if wanted else Marks()
    return marks if marks.decide else None


def publish_layered(
    run: Path, layers: Layers, folder: Path, plugins: Iterable[Path] = ()
) -> Published:
    """Publish a run under layers to `folder`, and say what does not fit."""
    from ultrainteract.dataset.publish import publish

    misfits: list[str] = []
    with recorded(run, plugins) as (journal, config):
        about = replace(about_run(journal, config), layers=layers.named())
        trees = finished_trees(journal, config, misfits, layers.verdicts)
        if marks := layers.marks:
            trees = (reviewed(tree, marks) for tree in trees)
        stamp = stamp_of(journal, layers.named())
        published = publish(trees, folder, about, config.pace.test_fraction)
        # A folder of the user's own has none: nothing else of it is ours.
        if run in folder.parents:
            write_stamp(folder, stamp)
        if misfits:
            console = Console(soft_wrap=True, highlight=False, markup=False)
            console.print(misfit_notice(journal, len(misfits)), style="yellow")
    return published
