"""What text may hold that a page must not: controls, halves of surrogates, changes of direction."""

import re

# Controls but tab and newline, C1, lone surrogates, and what turns the direction of writing.
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_PICTURES = 0x2400
_CONTROLS = 0x20


def clean(text: str) -> str:
    """`text` with a visible sign in place of each character that would be obeyed."""
    return _HIDDEN.sub(_sign, text.replace("\r\n", "\n"))


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    return chr(_PICTURES + code) if code < _CONTROLS else f"\u27e8U+{code:04X}\u27e9"
