"""Short texts: HotpotQA's normalised exact match, and the same for words and yes/no.

`hotpotqa` is the official rule of the dataset; `text` also takes LaTeX's text and numbers in
another form; `yes_no` reads which of the two an answer says.
"""

import re
import string
from collections import Counter

from ultrainteract.verify.context import Context
from ultrainteract.verify.finding import Finding, found, undecided
from ultrainteract.verify.moments import numeric_date, written_date
from ultrainteract.verify.names import listed
from ultrainteract.verify.quantity import close, quantity
from ultrainteract.verify.screen import LENGTH
from ultrainteract.verify.surface import tidy, unmark

_punctuation = str.maketrans("", "", string.punctuation)
_truth = {"yes": True, "true": True, "no": False, "false": False, "y": True, "n": False}
_leading = re.compile(
    r"(?:the answer is:?\s+|answer:\s*)?(yes|no|true|false)\b[\s,.;:!-]*(.*)", re.DOTALL
)
_says = re.compile(r"\b(yes|no|true|false)\b")
# After these a number is still that number; after any other word it may be a name.
_plain_units = frozenset(
    listed("$ % deg cm m km in ft mi kg g lb l sec min hr day week month year")
)
# An answer with one of these may mean yes or no all the same.
_cues = re.compile(
    r"\b(?:correct|right|wrong|not|indeed|likely|unlikely|probably|possibl[ey]|never|always|could|"
    r"can|cannot|would|wouldn'?t|does|doesn'?t|did|didn'?t|is|isn'?t|are|aren'?t|was|wasn'?t|has|"
    r"hasn'?t|affirmative|negative|0|1|none)\b"
)


def normalise(text: str) -> str:
    """HotpotQA's `normalize_answer`: lower case, no punctuation, no articles, single spaces."""
    bare = text.lower().translate(_punctuation)
    return " ".join(re.sub(r"\b(?:a|an|the)\b", " ", bare).split())


def fold(text: str) -> str:
    """As `normalise`, but signs and decimal points stay: -5 is not 5, x + 3 not x - 3."""
    bare = re.sub(r"(?<!\d),|[.,](?!\d)|[\"'`;!?_{}]", " ", unmark(tidy(text)).lower())
    return " ".join(re.sub(r"\b(?:an?|the)\b(?= )", " ", " ".join(bare.split())).split())


def f1(predicted: str, gold: str) -> float:
    """HotpotQA's F1 of tokens, 0 to 1; yes, no and noanswer match as a whole or not at all."""
    ours, wanted = normalise(predicted), normalise(gold)
    if ours != wanted and {ours, wanted} & {"yes", "no", "noanswer"}:
        return 0.0
    common = (Counter(ours.split()) & Counter(wanted.split())).total()
    return 2 * common / (len(ours.split()) + len(wanted.split())) if common else 0.0


def _screened(predicted: str, gold: str) -> Finding | None:
    if not predicted.strip():
        return found("empty", equal=False, reason="no answer")
    if max(len(predicted), len(gold)) > LENGTH:
        return undecided("screen", f"longer than {LENGTH} characters")
    return None if gold.strip() else undecided("gold", "the reference is empty")


def _plain(text: str) -> str:
    """What LaTeX sets as text, quotes and bold taken off."""
    return unmark(tidy(text))


def hotpotqa(predicted: str, gold: str, _context: Context) -> Finding | None:
    """The official exact match. Decides always; the reason tells F1."""
    if screened := _screened(predicted, gold):
        return screened
    if normalise(gold) in (normalise(predicted), normalise(_plain(predicted))):
        ours, wanted = quantity(tidy(predicted)), quantity(tidy(gold))
        if ours is None or wanted is None or close(wanted, ours):
            return found("exact match", equal=True)
        return found("number", equal=False, reason="equal but for a sign or a decimal point")
    return found("exact match", equal=False, reason=f"F1 {f1(predicted, gold):.2f}")


def short(predicted: str, gold: str, _context: Context) -> Finding | None:  # noqa: PLR0911
    """Words as HotpotQA compares them; numbers and dates by value. Decides always."""
    if screened := _screened(predicted, gold):
        return screened
    left, right = tidy(predicted), tidy(gold)
    one, other = fold(predicted), fold(gold)
    if one == other and one:
        return found("words", equal=True)
    ours, wanted = quantity(left), quantity(right)
    if ours is not None and wanted is not None:
        if close(wanted, ours):
            akin = ours.unit in ("", wanted.unit) or ours.unit in _plain_units
            return found("number", equal=True) if akin else undecided("unit", "another unit")
        return found("number", equal=False)
    dates = [written_date(unmark(side)) or numeric_date(side) for side in (left, right)]
    if None not in dates:
        return found("date", equal=dates[0] == dates[1])
    if not other:
        return undecided("words", "the reference has no letters or digits")
    if f" {other} " in f" {one} " or (one and f" {one} " in f" {other} "):
        return undecided("words", "one of the two is a part of the other")
    return found("words", equal=False, reason=f"F1 {f1(one, other):.2f}")


def yes_no(predicted: str, gold: str, _context: Context) -> Finding | None:
    """Yes and true against no and false. Decides always."""
    if screened := _screened(predicted, gold):
        return screened
    wanted = _truth.get(normalise(_plain(gold)))
    if wanted is None:
        return undecided("gold", f"the reference says neither yes nor no: {gold[:40]!r}")
    plain = _plain(predicted).lower()
    if (said := _truth.get(normalise(plain))) is not None:
        return found("yes or no", equal=said == wanted)
    words = set(map(_truth.__getitem__, _says.findall(plain)))
    if len(words) == 1 and (match := _leading.fullmatch(plain)):
        return found("yes or no", equal=_truth[match[1]] == wanted)
    if words or _cues.search(plain):
        return undecided("yes or no", "it may say either")
    return found("yes or no", equal=False, reason="neither yes nor no")
