"""What a person sees of a run while it goes: a board drawn in place on a terminal, lines elsewhere.

On a terminal, what the run says stays above the board, and trees are seen in its counts alone. For
others the first trees have a line each, then a line says every half minute how far the run is. The
log has every tree and every line either way, and a run that nobody hears any more goes on: a closed
terminal or pipe and a full disk end no run.
"""

import contextlib
import io
import os
import sys
import time
from collections.abc import Iterator
from functools import partial

from rich.console import Console
from rich.text import Text

from ultrainteract.cli.board import grid, live_rows, progress_line
from ultrainteract.cli.region import Region
from ultrainteract.cluster.log import Progress
from ultrainteract.cluster.rounds import TreeReport
from ultrainteract.report.snapshot import Snapshot

_SECONDS = 30.0
_TREES = 10


def redraws(console: Console) -> bool:
    """Whether it is a terminal where lines can be drawn again, and wanted."""
    plain = ("NO_COLOR", "CI")
    wanted = not any(os.environ.get(name) for name in plain)
    return wanted and console.file.isatty() and not console.is_dumb_terminal


@contextlib.contextmanager
def watched(console: Console) -> Iterator[Progress]:
    """What to tell a run; afterwards the console is as it was, below what was said."""
    if not redraws(console):
        yield _unheard(_lines(console))
        return
    region = Region(console)
    aside = _Aside(region) if sys.stderr.isatty() else sys.stderr
    try:
        with region, contextlib.redirect_stderr(aside):
            yield _unheard(_board(region))
    finally:
        with contextlib.suppress(OSError):
            region.wipe()


class _Aside(io.TextIOBase):
    """Standard error while a region is drawn: a line goes above it, not into it."""

    def __init__(self, region: Region) -> None:
        self._region, self._begun = region, ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        with contextlib.suppress(OSError):
            for line in lines:
                self._region.say(Text(line))
        return len(text)


def _unheard(progress: Progress) -> Progress:
    def say(line: str) -> None:
        # Rich ends the process where a pipe is closed.
        with contextlib.suppress(OSError, SystemExit):
            progress.say(line)

    def grown(report: TreeReport) -> None:
        with contextlib.suppress(OSError, SystemExit):
            progress.grown(report)

    def seen(live: Snapshot) -> None:
        with contextlib.suppress(OSError, SystemExit):
            progress.seen(live)

    return Progress(say, grown, seen)


def _board(region: Region) -> Progress:
    def say(line: str) -> None:
        region.say(_styled(line))

    def seen(live: Snapshot) -> None:
        region.draw(partial(grid, [*live_rows(live)]))

    return Progress(say, lambda _: None, seen)


def _lines(console: Console) -> Progress:
    told, last = 0, time.monotonic()

    def say(line: str) -> None:
        console.print(_styled(line))

    def grown(report: TreeReport) -> None:
        nonlocal told
        if report.drained:
            return
        if report.trouble:
            console.print(f"  {_failed(report)}", style="red", markup=False)
        elif told < _TREES:
            told += 1
            console.print(f"  {_ended(report)}", markup=False)

    def seen(live: Snapshot) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS:
            last = time.monotonic()
            console.print(f"progress: {progress_line(live)}", markup=False)

    return Progress(say, grown, seen)


def _styled(line: str) -> Text:
    return Text(line, style="yellow" if line.startswith("NOTICE") else "")


def _failed(report: TreeReport) -> str:
    return f"tree {report.tree}: not grown: {report.trouble}"


def _ended(report: TreeReport) -> str:
    return (
        f"tree {report.tree}: {report.turns} turns, {report.nodes} actions, "
        f"{report.correct} correct, {report.pairs} pairs ({report.stop})"
    )
