"""Whatever is said, drawn and resized: what stays stands once and in order, the region below it."""

import contextlib
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Iterator

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

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
