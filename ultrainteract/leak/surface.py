"""How text looks, made uniform: one sign for one meaning, and a form for comparing."""

import re

_SIGNS = {
    "\u2212": "-",
    "\u2013": "-",
    "\u00d7": "*",
    "\u00b7": "*",
    "\u22c5": "*",
    "\u00f7": "/",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u00a0": " ",
    "\u202f": " ",
}
_TABLE = str.maketrans(_SIGNS)
_SILENT = re.compile(r"\\(?:left|right|displaystyle|[,;:!> ])|[\s$`]")


def plain(text: str) -> str:
    """The text with ASCII signs for minus, times, divided by and quotes; positions stay."""
    return text.translate(_TABLE)


def folded(text: str) -> str:
    """For comparing: no white space, LaTeX sizes or dollar signs; lower case."""
    return re.sub(r"\\[dt]frac", r"\\frac", _SILENT.sub("", text)).lower()
