"""Figures of matplotlib as SVG that follows the page around it, or as PNG of fixed colours.

The SVG has no style, script, font or reference to anything outside itself, so the strictest
content security policy shows it; its colours are the variables of `VARIABLES`, which the page
sets. The same figure gives the same bytes.
"""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from html import escape
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _DPI, _FONT = 4.2, 156, "DejaVu Sans"
_LABEL = 24
_one_at_a_time = Lock()
_STYLE = re.compile(r' style="([^"]*)"')
_NAMED = re.compile(r' id="([^"]*)"')
_REFERRED = re.compile(r'(href="|url\()#([^")]*)')
_SIZE = re.compile(r"[\d.]+px")
_HEAD = re.compile(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>')
_DROPPED = re.compile(r"\s*<metadata>.*?</metadata>|\s*<defs>\s*<style.*?</defs>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of a figure: text, lesser text, lines, series, and what is bad."""

    ink: str
    faint: str
    grid: str
    one: str
    two: str
    three: str
    alarm: str


Draw: TypeAlias = Callable[["Figure", Palette], None]

PAPER = Palette("#1f2328", "#59636e", "#d8dee4", "#1a6fb0", "#c2571a", "#79838e", "#b3261e")
"""Those of a PNG, on white."""
# Stand-ins: matplotlib checks its colours and knows no variables.
_STAND_INS = Palette(*(f"#01010{place}" for place in range(1, 8)))
VARIABLES: Mapping[str, str] = {
    getattr(_STAND_INS, one.name): f"--plot-{one.name}" for one in fields(Palette)
}
"""The variable that a page sets for each colour of an SVG, by its stand-in."""
_COLOUR = re.compile("|".join(VARIABLES))


def svg(name: str, title: str, height: float, draw: Draw) -> str:
    """The figure as an `<svg>` element named `title`; `name` tells its ids from those of others.

    `height` is in inches, of a width of 4.2.
    """
    with _figure(height, name, _STAND_INS) as figure:
        draw(figure, _STAND_INS)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    text = _DROPPED.sub("", text[text.index("<svg ") :]).replace("xlink:href", "href")
    text = _STYLE.sub(lambda found: _attributes(found[1]), text)
    used = {reference for _, reference in _REFERRED.findall(text)}
    text = _NAMED.sub(lambda found: f' id="{name}-{found[1]}"' if found[1] in used else "", text)
    text = _REFERRED.sub(lambda found: f"{found[1]}#{name}-{found[2]}", text)
    text = _COLOUR.sub(lambda found: f"var({VARIABLES[found[0]]})", text)
    head = f'<svg class="plot" role="img" aria-label="{escape(title)}" viewBox='
    return _HEAD.sub(lambda found: f'{head}"{found[1]}">', text, count=1).strip()


def png(name: str, height: float, draw: Draw) -> bytes:
    """The figure as a PNG on white."""
    with _figure(height, name, PAPER) as figure:
        draw(figure, PAPER)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=_DPI, facecolor="white", metadata={"Software": None})
    return file.getvalue()


def label(text: str) -> str:
    """A name of anyone's choice as a label: one line, not long, in letters that the font has."""
    known = _letters()
    shown = "".join(one if ord(one) in known else "\ufffd" for one in " ".join(text.split()))
    return shown if len(shown) <= _LABEL else f"{shown[: _LABEL - 1]}…"


@contextmanager
def _figure(height: float, salt: str, palette: Palette) -> Iterator["Figure"]:
    # Half a second to import: paid where something is drawn, and nowhere else.
    from matplotlib import rc_context, rcdefaults, rcParams  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    # The parameters are the process's own, and what a user's file says of them is not ours.
    with _one_at_a_time, rc_context():
        rcdefaults()
        rcParams.update(
            {
                "svg.fonttype": "none",
                "svg.hashsalt": salt,
                "font.family": _FONT,
                "font.size": 9,
                "text.color": palette.ink,
                "text.parse_math": False,
                "axes.edgecolor": palette.grid,
                "axes.labelcolor": palette.faint,
                "axes.facecolor": "none",
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.axisbelow": True,
                "xtick.color": palette.faint,
                "ytick.color": palette.faint,
                "grid.color": palette.grid,
                "grid.linewidth": 0.6,
                "legend.frameon": False,
                "figure.facecolor": "none",
            }
        )
        yield Figure(figsize=(_WIDTH, height), layout="constrained")


@cache
def _letters() -> frozenset[int]:
    from matplotlib.font_manager import findfont, get_font  # noqa: PLC0415

    return frozenset(get_font(findfont(_FONT)).get_charmap())


def _attributes(style: str) -> str:
    """Declarations of CSS as attributes of SVG, which no policy forbids. A font's family is that
    of the page."""
    said = []
    for part in style.split(";"):
        name, _, value = (piece.strip() for piece in part.partition(":"))
        if name == "font":
            size = _SIZE.search(value)
            name, value = "font-size", size[0] if size else ""
        if value and name != "font-family":
            said.append(f' {name}="{value}"')
    return "".join(said)
