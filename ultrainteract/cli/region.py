"""Lines at the foot of a terminal that are drawn again in place, under lines that stay.

A terminal that became too small for what is drawn has moved it, each kind in its own way: then the
screen is wiped and what is known is said again. The cursor stays visible and at the left, below the
region: whatever ends the process leaves a terminal as it should be.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment

_KEPT = 200
_WIPE_BELOW = "\x1b[J"
_WIPE_ALL = "\x1b[H\x1b[2J"
_USUAL = os.terminal_size((80, 24))
_COLOURS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}

# What to draw in so many columns.
Draw = Callable[[int], RenderableType]


class Region:
    """A region of the console's terminal. Safe to use from several threads."""

    def __init__(self, console: Console) -> None:
        self._console, self._file = console, console.file
        self._colours = _COLOURS.get(console.color_system or "")
        self._said: deque[RenderableType] = deque(maxlen=_KEPT)
        self._draw: Draw | None = None
        self._drawn_in = _USUAL
        self._lines: list[str] = []
        self._widest = 0
        self._turn = threading.Lock()

    def say(self, line: RenderableType) -> None:
        """A line that stays, above the region."""
        with self._turn:
            size = self._size()
            undrawn = self._undrawn(size)
            self._said.append(line)
            if size != self._drawn_in:
                self._layout(size)
            said = self._render(line, size.columns)
            self._write([undrawn, *(text for text, _ in said), *self._lines])

    def draw(self, draw: Draw) -> None:
        """Draw the region anew."""
        with self._turn:
            size, self._draw = self._size(), draw
            undrawn = self._undrawn(size)
            self._layout(size)
            self._write([undrawn, *self._lines])

    def wipe(self) -> None:
        """Take the region away; what was said stays."""
        with self._turn:
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
        self._widest = max((width for _, width in drawn), default=0)
        self._drawn_in = size

    def _undrawn(self, size: os.terminal_size) -> str:
        """What takes the region off the screen and leaves the cursor where it began."""
        if not self._lines:
            return ""
        if self._widest < size.columns and len(self._lines) < size.lines:
            return f"\r\x1b[{len(self._lines)}A{_WIPE_BELOW}"
        lines = [text for one in self._said for text, _ in self._render(one, size.columns)]
        room = max(0, size.lines - 1 - len(self._lines))
        return _WIPE_ALL + "".join(lines[len(lines) - min(room, len(lines)) :])

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
