"""Whatever is said, drawn, resized and stopped: what stays stands once and in order, the region
below it."""

import contextlib
import fcntl
import os
import pty
import struct
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from tests.terminal import Terminal, job
from ultrainteract.cli.region import Region

WIDE, HIGH = 60, 24


class Screen:
    """A console on a pseudo-terminal whose screen can be read."""

    def __init__(self, master: int, slave: int) -> None:
        self._master, self._file = master, os.fdopen(slave, "w")
        self.console = Console(file=self._file, force_terminal=True)
        self._screen = pyte.Screen(WIDE, HIGH)
        self._stream = pyte.ByteStream(self._screen)
        self._marks = 0
        self.resize(WIDE, HIGH)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)

    def lines(self) -> list[str]:
        # What was written arrives after a while, and in pieces: up to a mark that shows nothing.
        self._marks += 1
        mark = f"\x1b]2;{self._marks}\x07"
        self._file.write(mark)
        self._file.flush()
        data = b""
        while not data.endswith(mark.encode()):
            data += os.read(self._master, 65536)
        self._stream.feed(data)
        return [line.rstrip() for line in self._screen.display if line.strip()]

    def close(self) -> None:
        self._file.close()
        os.close(self._master)


class Breaking(Screen):
    """A terminal that breaks lines anew where it becomes narrower, and keeps all of them."""

    def resize(self, columns: int, rows: int) -> None:
        before = self.everything()
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        for line in before:
            for at in range(0, max(1, len(line)), columns):
                self._stream.feed(f"{line[at : at + columns]}\r\n".encode())

    def everything(self) -> list[str]:
        """What is on the screen and what has scrolled off it, above the cursor."""
        self.lines()
        if not isinstance(self._screen, pyte.HistoryScreen):
            return []
        columns = range(self._screen.columns)
        gone = ["".join(row[at].data for at in columns) for row in self._screen.history.top]
        there = self._screen.display[: self._screen.cursor.y]
        return [line.rstrip() for line in [*gone, *there]]


@contextlib.contextmanager
def screen() -> Iterator[Screen]:
    one = Screen(*pty.openpty())
    try:
        yield one
    finally:
        one.close()


def board(number: int, lines: int) -> Text:
    return Text("\n".join(f"board {number} row {row} {'=' * 18}" for row in range(lines)))


STEPS = st.lists(
    st.one_of(
        st.just("say"),
        st.integers(1, 6),
        # pyte takes lines off the top where a terminal would take empty ones off the foot.
        st.tuples(st.integers(20, WIDE), st.just(HIGH)),
    ),
    max_size=12,
)


@settings(max_examples=50)
@given(STEPS)
def test_what_is_said_stands_once_and_the_last_board_below(steps: list[object]) -> None:
    with screen() as seen:
        region, said, drawn = Region(seen.console), 0, 0
        for step in [*steps, (WIDE, HIGH), 3]:
            if step == "say":
                region.say(Text(f"said {said}"))
                said += 1
            elif isinstance(step, tuple):
                seen.resize(*step)
            elif isinstance(step, int):
                drawn, rows = drawn + 1, step
                region.draw(lambda _, number=drawn, rows=rows: board(number, rows))  # type: ignore[misc]
            lines = seen.lines()
        boards = [line for line in lines if line.startswith("board")]
        assert boards == [f"board {drawn} row {row} {'=' * 18}" for row in range(3)]
        kept = [line for line in lines if line.startswith("said")]
        assert kept == [f"said {number}" for number in range(said)][len(kept) * -1 :]
        assert lines == kept + boards
        region.wipe()
        assert seen.lines() == kept


@pytest.mark.parametrize("lines", [40, 200])
def test_a_board_higher_than_the_terminal_is_cut(lines: int) -> None:
    with screen() as seen:
        region = Region(seen.console)
        for number in range(3):
            region.draw(lambda _, number=number: board(number, lines))  # type: ignore[misc]
        shown = seen.lines()
    assert shown == [f"board 2 row {row} {'=' * 18}" for row in range(HIGH - 1)]


@settings(max_examples=20)
@given(st.integers(0, 40), st.lists(st.integers(24, WIDE), max_size=3), st.integers(1, 12))
def test_a_terminal_that_breaks_lines_shows_none_twice(
    before: int, widths: list[int], rows: int
) -> None:
    seen = Breaking(*pty.openpty())
    with contextlib.closing(seen):
        region = Region(seen.console)
        region.draw(lambda _: board(0, rows))
        for number in range(before):
            region.say(Text(f"said {number}."))
        for turn, width in enumerate(sorted(widths, reverse=True), 1):
            seen.resize(width, HIGH)
            region.draw(lambda _, turn=turn: board(turn, rows))  # type: ignore[misc]
            region.say(Text(f"then {turn}."))
        region.wipe()
        lines = [line for line in seen.everything() if line.startswith(("said", "then"))]
    assert len(lines) == len(set(lines))
    assert [line for line in lines if line.startswith("then")] == [
        f"then {turn}." for turn in range(1, len(widths) + 1)
    ]


DRAWS = """
import time
from rich.console import Console
from rich.text import Text
from ultrainteract.cli.region import Region
with Region(Console()) as region:
    for number in range(1_000_000):
        region.draw(lambda _: Text(f"board {number}\\nrow 1\\nrow 2"))
        time.sleep(0.02)
"""


def test_a_region_is_gone_while_stopped_and_drawn_anew_when_it_goes_on(tmp_path: Path) -> None:
    def boards(seen: Terminal) -> list[int]:
        return [sum(line.startswith(row) for line in seen.shown) for row in ("board", "row 2")]

    (tmp_path / "draws.py").write_text(DRAWS)
    with job(tmp_path, sys.executable, "draws.py") as seen:
        seen.until(lambda: boards(seen) == [1, 1], "no board")
        before = seen.settings
        for _ in range(2):
            seen.type("\x1a")
            seen.until(lambda: seen.shown[-1:] and str(seen).count("Stopped") == 1, "not stopped")
            assert boards(seen) == [0, 0], f"{seen}\n{seen.written[-700:]!r}"
            seen.type("clear; fg\n")
            seen.until(lambda: "Stopped" not in seen and boards(seen) == [1, 1], "not drawn")
        seen.type("\x1a")
        seen.until(lambda: "Stopped" in seen, "not stopped")
        drawn = len(seen.written)
        seen.type("bg\n")
        seen.until(lambda: "draws.py &" in seen, "not in the background")
        seen.read(0.1)
        assert b"board" not in seen.written[drawn:]
        seen.type("fg\n")
        seen.until(lambda: boards(seen) == [1, 1], "not drawn")
        assert "\x1b[?25l" not in seen.written.decode()
        assert seen.settings == before
