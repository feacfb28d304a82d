"""Lines at the foot of a terminal that are drawn again in place, under lines that stay.

A terminal that became too small for what is drawn has moved it, each kind in its own way: then the
screen is wiped, and what no kind has moved off it is said again. The cursor stays visible, and at
the left below the region: whatever ends or stops the process leaves a terminal as it should be.
"""

import contextlib
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from types import FrameType
from typing import Self

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment

_KEPT = 200
_WIPE_BELOW = "\x1b[J"
# What `2J` wipes, some terminals keep in their history.
_WIPE_ALL = f"\x1b[H{_WIPE_BELOW}"
_USUAL = os.terminal_size((80, 24))
_COLOURS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}

_Handler = Callable[[int, FrameType | None], object] | int | None
# What to draw in so many columns.
Draw = Callable[[int], RenderableType]


class Region:
    """A region of the console's terminal. Safe to use from several threads.

    As a context manager, of the main thread, it is gone while the process is stopped (Ctrl-Z) and
    drawn anew when it goes on. In the background nothing is drawn.
    """

    def __init__(self, console: Console) -> None:
        self._console, self._file = console, console.file
        self._colours = _COLOURS.get(console.color_system or "")
        self._said: deque[RenderableType] = deque(maxlen=_KEPT)
        self._draw: Draw | None = None
        self._drawn_in = _USUAL
        self._lines: list[str] = []
        self._widths: list[int] = []
        self._turn = threading.Lock()
        self._late = False
        self._found: dict[int, _Handler] = {}

    def __enter__(self) -> Self:
        for number, handler in ((signal.SIGTSTP, self._stop), (signal.SIGCONT, self._go_on)):
            # Who started us may want them ignored.
            if (found := signal.getsignal(number)) is not signal.SIG_IGN:
                self._found[number] = found
                signal.signal(number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._found.items():
            signal.signal(number, handler)
        self._found.clear()

    def say(self, line: RenderableType) -> None:
        """A line that stays, above the region."""
        with self._alone():
            size = self._size()
            undrawn = self._undrawn(size)
            self._said.append(line)
            if self._lines and size != self._drawn_in:
                self._layout(size)
            said = self._render(line, size.columns)
            self._write([undrawn, *(text for text, _ in said), *self._lines])

    def draw(self, draw: Draw) -> None:
        """Draw the region anew."""
        with self._alone():
            size, self._draw = self._size(), draw
            if not self._in_foreground():
                return
            undrawn = self._undrawn(size)
            self._layout(size)
            self._write([undrawn, *self._lines])

    def wipe(self) -> None:
        """Take the region away; what was said stays."""
        with self._alone():
            self._write([self._undrawn(self._size())])
            self._draw, self._lines = None, []

    def _layout(self, size: os.terminal_size) -> None:
        """What to draw, for a terminal of that size."""
        # The last column stays free, or some terminals go on in the next line by themselves; so
        # does the last row, for the cursor.
        columns = size.columns - 1
        lines = self._render(self._draw(columns), columns) if self._draw else iter(())
        drawn = list(islice(lines, size.lines - 1))
        self._lines = [text for text, _ in drawn]
        self._widths = [width for _, width in drawn]
        self._drawn_in = size

    def _undrawn(self, size: os.terminal_size) -> str:
        """What takes the region off the screen and leaves the cursor where it began."""
        if not self._lines:
            return ""
        if max(self._widths) < size.columns and len(self._lines) < size.lines:
            return f"\r\x1b[{len(self._lines)}A{_WIPE_BELOW}"
        lines = [text for one in self._said for text, _ in self._render(one, size.columns)]
        # A terminal that breaks lines has them in its history now: rather none than one twice.
        broken = sum(-(-max(1, width) // size.columns) for width in self._widths)
        room = max(0, min(size.lines, self._drawn_in.lines) - 1 - broken)
        return _WIPE_ALL + "".join(lines[len(lines) - min(room, len(lines)) :])

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with self._turn:
            yield
        if self._late:
            self._late = False
            os.kill(os.getpid(), signal.SIGTSTP)

    def _stop(self, number: int, _: FrameType | None) -> None:
        if not self._turn.acquire(blocking=False):
            # Who writes just now may be the thread that this interrupts: it stops once it has.
            self._late = True
            return
        with contextlib.suppress(OSError):
            self._write([self._undrawn(self._size())])
        self._lines = []
        self._turn.release()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
        signal.signal(number, self._stop)

    def _go_on(self, *_: object) -> None:
        if self._turn.acquire(blocking=False):
            # The shell has written below what was drawn.
            self._lines = []
            if self._in_foreground():
                self._layout(self._size())
                with contextlib.suppress(OSError):
                    self._write(self._lines)
            self._turn.release()

    def _in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self._file.fileno()) == os.getpgrp()
        except OSError:
            # Not the terminal of this session: no shell writes there.
            return True

    def _write(self, texts: list[str]) -> None:
        # At once: no other write comes between, and no half of it is seen.
        self._file.write("".join(texts))
        self._file.flush()

    def _render(self, what: RenderableType, columns: int) -> Iterator[tuple[str, int]]:
        """Each line as it is written, and how many columns it takes."""
        options = self._console.options.update(width=columns, height=None)
        for line in self._console.render_lines(what, options, pad=False):
            text = "".join(
                one.style.render(one.text, color_system=self._colours) if one.style else one.text
                for one in line
            )
            yield f"{text}\n", Segment.get_line_length(line)

    def _size(self) -> os.terminal_size:
        # Not as the environment has it, which no resize changes.
        try:
            size = os.get_terminal_size(self._file.fileno())
        except OSError:
            return _USUAL
        return os.terminal_size((max(2, size.columns), max(2, size.lines))) if size else _USUAL
