"""Trees -> a folder that `datasets.load_dataset` and the hub read: card, `run.yaml`, Parquet.

One pass, one row group a view in memory. The folder is written beside its place and then changes
places with the old one, so a reader, or a run killed at any moment, meets the old or the new one.
"""

import ctypes
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from ultrainteract.dataset.about import About, run_yaml
from ultrainteract.dataset.card import Files, render
from ultrainteract.dataset.gallery import hang
from ultrainteract.dataset.lineage import Origin
from ultrainteract.dataset.schema import VIEWS
from ultrainteract.dataset.shards import SHARD_BYTES, ShardWriter
from ultrainteract.dataset.tally import Published, Tally
from ultrainteract.dataset.views import ROWS, Skipped
from ultrainteract.errors import RunFolderError, boundary
from ultrainteract.report.facts import facts_of
from ultrainteract.report.overview import Overview
from ultrainteract.report.tables import TURNS, RunTables
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import digest

# Of renameat2(2).
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
Writers = dict[tuple[str, str], ShardWriter]


def publish(
    trees: Iterable[PreferenceTree],
    folder: Path,
    about: About,
    test_fraction: float = 0.0,
    shard_bytes: int = SHARD_BYTES,
) -> Published:
    """Write every view of `trees`, in their order, to `folder`, in place of a dataset there.

    The same trees and `about` give the same bytes. A pair with equal or empty sides is left out
    and counted. Raises `RunFolderError` where `folder` holds something else than a dataset or
    cannot be written; what `trees` raises leaves `folder` as it was.
    """
    _refuse_foreign(folder)
    fresh = folder.with_name(f".{folder.name}.new")
    with boundary(RunFolderError, f"cannot publish to {str(folder)!r}", OSError):
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        try:
            published = _write(trees, fresh, about, test_fraction, shard_bytes)
            _replace(folder, fresh)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    return replace(published, folder=folder)


def split_of(problem_id: str, test_fraction: float) -> str:
    """`test` or `train`, by a hash of the problem alone: the same in every run."""
    share = int(digest(["split", problem_id])[:12], 16) / 16**12
    return "test" if share < test_fraction else "train"


def _write(
    trees: Iterable[PreferenceTree],
    fresh: Path,
    about: About,
    test_fraction: float,
    shard_bytes: int,
) -> Published:
    splits = ("train", "test") if test_fraction > 0 else ("train",)
    writers: Writers = {
        (name, split): ShardWriter(fresh, view, split, shard_bytes)
        for name, view in VIEWS.items()
        for split in splits
    }
    tally, origin = Tally(), Origin(about.prompts, about.seed)
    tables, overview = RunTables(_max_turns(about)), Overview()
    try:
        for tree in trees:
            split = split_of(tree.instruction.problem_id, test_fraction)
            tally.tree(tree)
            tables.add(tree)
            overview.add(facts_of(tree))
            for name in VIEWS:
                for row in ROWS[name](tree, origin):
                    if isinstance(row, Skipped):
                        tally.skip(name, row.reason)
                    else:
                        tally.row(name, row)
                        writers[name, split].write(row)
        files = {
            key: Files(writer.close(), writer.rows, writer.bytes) for key, writer in writers.items()
        }
    finally:
        for writer in writers.values():
            writer.abandon()
    rows = {name: {split: files[name, split].rows for split in splits} for name in VIEWS}
    published = tally.published(fresh, rows)
    (fresh / "run.yaml").write_text(run_yaml(about, test_fraction), encoding="utf-8")
    gallery = hang(overview, fresh)
    card = render(about, published, tables.report(), files, tally.samples, gallery)
    (fresh / "README.md").write_text(card, encoding="utf-8")
    return published


def _max_turns(about: About) -> int:
    tree = about.config.get("tree")
    turns = tree.get("max_turns") if isinstance(tree, Mapping) else None
    return turns if isinstance(turns, int) else TURNS


def _refuse_foreign(folder: Path) -> None:
    held = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    if folder.exists() and (not folder.is_dir() or (held and "run.yaml" not in held)):
        found = f"it holds {', '.join(held[:3])}" if held else "it is a file"
        raise RunFolderError(
            f"will not replace {str(folder)!r} by a dataset: {found}, and no run.yaml of an "
            "earlier one; name an empty or a new folder"
        )


def _replace(folder: Path, fresh: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists() and _exchange(folder, fresh):
        return
    # Where the two cannot change places, two renames: a full folder cannot be renamed over. Killed
    # between them, the new dataset lies complete beside the gap, and publishing again fills it.
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places at once; False where the system cannot (renameat2(2))."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "renameat2"):
        return False
    names = os.fsencode(one), os.fsencode(other)
    flags = _RENAME_EXCHANGE
    return bool(libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], flags) == 0)
