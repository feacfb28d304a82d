"""Signatures of functions: paraphrased benchmark tasks keep the name and the parameters.

Names and parameters only, no annotations: `has_close_elements(numbers,threshold)`. Those of
fewer than 16 characters (`add(x,y)`) say nothing of where they come from.
"""

import re
from collections.abc import Iterator

SHORTEST = 16
_HEAD = re.compile(r"\bdef\s+(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)")
_NESTED = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\"[^\"]*\"|'[^']*'")


def signatures(text: str) -> Iterator[str]:
    """Those of all functions that the text begins to define, in order."""
    if "def" not in text:
        return
    for name, parameters in _HEAD.findall(text):
        found = f"{name}({','.join(_names(parameters))})"
        if len(found) >= SHORTEST:
            yield found


def _names(parameters: str) -> Iterator[str]:
    before = ""
    while before != parameters:
        before, parameters = parameters, _NESTED.sub("", parameters)
    for parameter in parameters.split(","):
        name = re.split("[:=]", parameter)[0].strip(" *\n\t")
        if name and name != "self":
            yield name
