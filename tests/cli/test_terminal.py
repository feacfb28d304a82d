"""A run seen from a terminal: a board in place, nothing twice, and plain lines elsewhere."""

import io
import re
import statistics
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from rich.console import Console

from tests.conftest import MODEL, Command
from tests.report.test_snapshot import snapshot
from tests.terminal import Terminal, in_terminal
from ultrainteract.cli import terminal
from ultrainteract.cli.region import Region
from ultrainteract.cluster.rounds import TreeReport
from ultrainteract.run_folder import read_run
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.process import serve

JOB = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
BOARD = ("trees  ", "since start", "verdicts", "model actor", "speed", "workers", "time  ")


def boards(shown: Terminal) -> set[int]:
    """How often each row of the board is on the screen."""
    return {sum(line.startswith(row) for line in shown.shown) for row in BOARD}


@pytest.mark.ray
def test_the_board_is_drawn_in_place_and_ends_at_what_the_journal_holds(
    command: Command, tmp_path: Path
) -> None:
    with serve(models=(MODEL,), latency_ms=100) as server:
        config = command.config(server.url, pace={"limit": 30, "trees_in_flight": 3})
        with in_terminal(tmp_path, *JOB, "--config", config) as (seen, process):
            before = seen.settings
            seen.until(lambda: re.search(r"[1-9]\d* of 30 ended", str(seen)), "no board")
            while process.poll() is None and "publishing" not in seen:
                assert boards(seen) <= {0, 1}, f"two boards\n{seen}"
                # A terminal passes on what was written at once in pieces.
                seen.until(lambda: len(boards(seen)) == 1, "half a board")
                seen.read(0.05)
            seen.until(lambda: process.poll() is not None, "no end")
            seen.until(lambda: "ultrainteract inspect" in seen, "no summary")
            assert seen.settings == before
    assert process.returncode == 0
    assert boards(seen) == {0}
    twice = {line: times for line, times in Counter(seen.lines).items() if times > 1}
    assert not {line for line in twice if re.search(r"\w", line)}, seen.lines
    journal, _ = read_run(tmp_path / "runs/r")
    with closing(journal):
        calls, ended = journal.spent()["actor"].calls, journal.grown()
    drawn = seen.written.decode()
    assert re.findall(r"(\d+) of 30 ended, 0 growing, 0 wait", drawn)[-1] == str(ended) == "30"
    assert re.findall(r"([\d,]+) calls, [\d,]+ \+ ", drawn)[-1] == str(calls)
    assert re.search(rf"actor\s+{calls}\s", str(seen))
    assert "\x1b[?25l" not in drawn


@pytest.mark.ray
def test_a_window_drawn_smaller_has_one_board_and_ctrl_c_leaves_it_sane(
    command: Command, tmp_path: Path
) -> None:
    with serve(models=(MODEL,), latency_ms=800) as server:
        config = command.config(server.url, pace={"limit": 40, "trees_in_flight": 1})
        with in_terminal(tmp_path, *JOB, "--config", config) as (seen, process):
            before = seen.settings
            seen.until(lambda: boards(seen) == {1}, "no board")
            for columns, rows in ((40, 40), (20, 12), (120, 50), (40, 8)):
                seen.resize(columns, rows)
                drawn = len(seen.written)
                seen.until(lambda: b"trees" in seen.written[drawn:], "not drawn again")  # noqa: B023
                seen.until(lambda: str(seen).count("ended,") == 1, "no board, or two")
                assert max(map(len, seen.shown)) <= columns
            seen.resize(100, 40)
            seen.type("\x03")
            seen.until(lambda: process.poll() is not None, "no end")
            seen.until(lambda: "go on with the same command" in seen, "no summary")
            assert seen.settings == before
    assert process.returncode == 130
    assert str(seen).count("stopping: what is under way is recorded") == 1
    assert "growing" not in seen


@pytest.mark.ray
def test_status_watches_in_place_and_ends_with_the_run(command: Command, tmp_path: Path) -> None:
    # So slow that the run cannot end before it is watched.
    slow = FaultRule(kind=FaultKind.SLOW, seconds=2.0)
    with serve(models=(MODEL,), faults=(slow,)) as server:
        config = command.config(server.url, pace={"limit": 12, "trees_in_flight": 2})
        with command.start(*JOB, "--config", config) as process:
            assert process.stdout
            next(line for line in process.stdout if "starting Ray" in line)
            with in_terminal(tmp_path, "status", "runs/r", "--watch") as (seen, watching):
                seen.until(lambda: boards(seen) == {1}, "no board")
                server.set_faults()
                process.communicate(timeout=240)
                seen.until(lambda: watching.poll() is not None, "no end")
                seen.until(lambda: "12 of 12 ended" in seen, "no end")
    assert str(seen).count("of 12 ended") == 1


def test_without_a_terminal_lines_have_no_codes_and_come_seldom(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(terminal, "_SECONDS", 1e9)
    with terminal.watched(Console(file=out, soft_wrap=True, highlight=False)) as progress:
        progress.say("NOTICE: [bold]said")
        for number in range(50):
            progress.grown(TreeReport(f"t{number}", stop="max_turns", turns=2))
            progress.seen(snapshot())
        progress.grown(TreeReport("bad", trouble="ModelFault: [gone]"))
        monkeypatch.setattr(terminal, "_SECONDS", 0.0)
        progress.seen(snapshot())
    lines = out.getvalue().splitlines()
    assert "\x1b" not in out.getvalue()
    assert lines[0] == "NOTICE: [bold]said"
    assert len([line for line in lines if line.startswith("  tree t")]) == 10
    assert lines[-2] == "  tree bad: not grown: ModelFault: [gone]"
    assert lines[-1].startswith("progress: 35 of 100 trees, ")
    assert "1 min left (30 s to 2 min)" in lines[-1]
    assert len(lines) == 13


def test_a_run_that_nobody_hears_goes_on() -> None:
    full = Path("/dev/full").open("w")  # noqa: SIM115  closing it fails as well
    with terminal.watched(Console(file=full)) as progress:
        for _ in range(2):
            progress.say("said")
            progress.grown(TreeReport("t", stop="max_turns"))
            progress.seen(snapshot())
    with pytest.raises(OSError, match="No space left"):
        full.close()


@pytest.mark.parametrize("variable", ["CI=true", "NO_COLOR=1", "TERM=dumb"])
def test_who_wants_no_terminal_gets_lines(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    for name in ("CI", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    out = Screen()
    assert terminal.redraws(Console(file=out))
    monkeypatch.setenv(*variable.split("="))
    with terminal.watched(Console(file=out)) as progress:
        progress.seen(snapshot())
        progress.grown(TreeReport("t", stop="max_turns"))
    assert out.getvalue().startswith("  tree t:")


def test_a_board_every_two_seconds_costs_less_than_a_hundredth_of_a_core() -> None:
    console = Console(file=io.StringIO(), force_terminal=True)
    region, draws = Region(console), 50
    show = terminal._board(region).seen
    show(snapshot())
    costs = []
    for _ in range(draws):
        begun = time.thread_time()
        show(snapshot())
        costs.append(time.thread_time() - begun)
    # Of this thread and by their median: what else goes on at that moment is not the board's.
    assert statistics.median(costs) < 0.02
