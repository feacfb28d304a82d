"""Names by which the same contest problem is known again in another dataset.

TACO holds problems of APPS and of CodeContests, each with its own typesetting: a problem's keys
are its place in a contest, where a link or a name tells it, and a hash of its first long words.
"""

import json
import re
from collections.abc import Iterator

from ultrainteract.seeds.marks import without_pictures
from ultrainteract.types import digest

WORDS, FEWEST = 30, 12
_CODEFORCES = re.compile(
    r"codeforces\.com/(?:problemset/problem/(\d+)/(\w+)|(?:contest|gym)/(\d+)/problem/(\w+))"
)
_CODEFORCES_NAME = re.compile(r"(\d+)_([A-Z]\d?)\. ")
_JUDGE_NAME = re.compile(r"(p\d{5})\b")
_MARKUP = re.compile(r"\\[a-zA-Z]+|<[^<>\n]{1,40}>|https?://\S+")
# What follows is typeset by each dataset in its own way.
_END = re.compile(r"^[-#* \t]*(?:Examples?|Samples?|Notes?)\b", re.MULTILINE | re.IGNORECASE)
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")


def origin_keys(statement: str, *, name: str = "", url: str = "") -> str:
    """JSON list of keys, for `meta["keys"]`: two problems that share one are the same."""
    return json.dumps([*_places(name, url), *_wording(statement)])


def _places(name: str, url: str) -> Iterator[str]:
    if hit := _CODEFORCES.search(url):
        contest, index = (part for part in hit.groups() if part)
        yield f"codeforces:{contest}/{index.upper()}"
    elif hit := _CODEFORCES_NAME.match(name):
        yield f"codeforces:{hit.group(1)}/{hit.group(2)}"
    elif hit := _JUDGE_NAME.match(name):
        yield f"judge:{hit.group(1)}"


def _wording(statement: str) -> Iterator[str]:
    told = _END.split(without_pictures(statement), maxsplit=1)[0]
    text = _MARKUP.sub(" ", told).casefold()
    words = _LONG_WORD.findall(text)[:WORDS]
    if len(words) >= FEWEST:
        yield f"words:{digest(words)[:16]}"
