"""Finds where a critique gives the answer away.

Cheap rules first: numbers and arithmetic by value, options and words by surface. Formulas that
have no plain value go to the grader, code that is more than arithmetic to the sandbox. Work is
bounded. The guard fails closed: what lies past a bound counts as a leak, and so does a formula
of the reference's own sort that the grader cannot decide.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from ultrainteract.leak.candidate import (
    arithmetic,
    formulas,
    plain_numbers,
    tuples,
    verbatim,
)
from ultrainteract.leak.context import asserted, structural
from ultrainteract.leak.gold import Gold, read_gold
from ultrainteract.leak.option import letters, wordings
from ultrainteract.leak.snippet import echoing, printed, results, snippets
from ultrainteract.leak.span import MASK, Leak, mask, merged, unmasked
from ultrainteract.leak.surface import folded, plain
from ultrainteract.leak.value import readings, value
from ultrainteract.types import Claim, ExecResult, Instruction, Judgement, Verdict

Judge: TypeAlias = Callable[[Claim], Awaitable[Verdict]]
Execute: TypeAlias = Callable[[str], Awaitable[ExecResult]]

_CHARS, _MENTIONS, _JUDGED, _RUN = 6000, 200, 64, 4
_ROUNDS, _TAIL = 8, 12
_VERDICT_WORDS = frozenset({"yes", "no", "true", "false"})
_MANY = re.compile(r"[(\[{].*,.*[)\]}]|pmatrix|\\cup|,", re.DOTALL)
_NAMED = re.compile(
    r"\\(?:begin|end)\{\w+\}|\\[A-Za-z]+|sqrt|pi|log|ln|sin|cos|tan|exp|infinity|inf|oo|math|np"
)
_RELATION = re.compile(r"[=<>≈≤≥≠]|\\(?:approx|implies|Rightarrow|to|le|ge|leq|geq|neq?|equiv)\b")
_SAYS = re.compile(r"[^\W_]|∞")


async def find_leaks(
    critique: str,
    instruction: Instruction,
    kind: str,
    judge: Judge,
    execute: Execute | None,
) -> tuple[Leak, ...]:
    """Disjoint leaking spans in order, so that `mask` of them leaves nothing to find.

    `kind` is `Claim.kind`. Without `execute`, code beyond straight-line arithmetic is passed.
    Deterministic for a deterministic judge and sandbox; raises what these two raise.
    """
    scan = _Scan(read_gold(instruction), kind, judge, execute)
    leaks: tuple[Leak, ...] = ()
    # A blot changes what stands around the rest, so the masked text is read until it is clean.
    for _ in range(_ROUNDS):
        found = await scan.leaks(plain(mask(critique, leaks)))
        if not found:
            return leaks
        leaks = merged([*leaks, *unmasked(found, leaks)])
    return (Leak(0, len(critique), "too entangled to mask"),)


@dataclass
class _Scan:
    """The search for one reference; a verdict and an output are asked for once."""

    gold: Gold
    kind: str
    judge: Judge
    execute: Execute | None
    verdicts: dict[str, bool] = field(default_factory=dict)
    outputs: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def leaks(self, text: str) -> list[Leak]:
        """Every leak of the text, in any order."""
        found: list[Leak] = []
        if len(text) > _CHARS + len(MASK):
            found.append(Leak(_CHARS, len(text), "past what is checked"))
            text = text[:_CHARS]
        found += [*self._numbers(text), *self._options(text), *self._words(text)]
        found += [leak async for leak in self._formulas(text)]
        found += [leak async for leak in self._code(text)]
        return found

    def _numbers(self, text: str) -> Iterator[Leak]:
        gold = self.gold
        stated = (it for it in plain_numbers(text) if gold.means(it.text)) if gold.values else ()
        for count, it in enumerate(stated):
            if count == _MENTIONS:
                yield Leak(it.start, len(text), "past what is checked")
                break
            if structural(text, it.start, it.end, gold.body):
                continue
            restated = it.start >= _TAIL and gold.quotes(text[it.start - _TAIL : it.end])
            if not gold.is_given or (asserted(text, it.start, it.end) and not restated):
                yield Leak(it.start, it.end, "states the value")
        for it in arithmetic(text) if gold.values else ():
            if not gold.means(it.text):
                continue
            if not gold.quotes(it.text) or asserted(text, it.start, it.end):
                yield Leak(it.start, it.end, "arithmetic that gives the value")

    def _options(self, text: str) -> Iterator[Leak]:
        for it in letters(text, self.gold.letter) if self.gold.letter else ():
            yield Leak(it.start, it.end, "names the option")

    def _words(self, text: str) -> Iterator[Leak]:
        wanted = self.gold.text
        given = wanted.lower() in _VERDICT_WORDS or self.gold.quotes(wanted)
        for it in wordings(text, wanted) if wanted else ():
            if not given or asserted(text, it.start, it.end):
                yield Leak(it.start, it.end, "states the answer in words")

    async def _formulas(self, text: str) -> AsyncIterator[Leak]:
        gold = self.gold
        literal = () if gold.values or not self._formal else verbatim(text, gold.answer)
        for it in (*literal, *formulas(text), *tuples(text)) if self._formal else ():
            if not it.text.strip() or (gold.values and readings(it.text)):
                continue
            if gold.quotes(it.text) and not asserted(text, it.start, it.end):
                continue
            if len(self.verdicts) >= _JUDGED:
                yield Leak(it.start, len(text), "past what is checked")
                return
            if await self._means(it.text):
                yield Leak(it.start, it.end, "formula equal to the reference")

    async def _code(self, text: str) -> AsyncIterator[Leak]:
        for it in snippets(text) if self._formal or self.gold.text else ():
            computed = self.gold.holds(results(it.code))
            if not computed and self.execute and it.code.strip():
                if len(self.outputs) >= _RUN and it.code not in self.outputs:
                    yield Leak(it.start, len(text), "past what is checked")
                    return
                computed = await self._computes(it.code, self.execute)
            if computed:
                yield Leak(it.start, it.end, "code that computes it")

    @property
    def _formal(self) -> bool:
        return bool(self.gold.values or (self.gold.answer and not self.gold.text))

    async def _computes(self, code: str, execute: Execute) -> bool:
        if code not in self.outputs:
            result = await execute(echoing(code) or code)
            # Whatever the outcome: what was printed before an error or the time limit is said.
            self.outputs[code] = printed(result.output)
        for line in self.outputs[code]:
            if folded(line) == folded(self.gold.text or self.gold.answer) or await self._means(
                line
            ):
                return True
        return False

    async def _means(self, text: str) -> bool:
        """By surface, by value, and where a formula could still be equal, by the grader."""
        if folded(text) == folded(self.gold.answer) or self.gold.means(text):
            return True
        if value(text) is not None and (self.gold.values or not _MANY.search(self.gold.answer)):
            return False
        if not self._alike(text):
            return False
        if text not in self.verdicts:
            verdict = await self.judge(Claim(self.kind, predicted=text, gold=self.gold.claim))
            undecided = verdict.judgement is Judgement.UNVERIFIED and self._of_a_sort(text)
            self.verdicts[text] = undecided or verdict.judgement is Judgement.CORRECT
        return self.verdicts[text]

    def _of_a_sort(self, text: str) -> bool:
        """No relation for a value (its sides are asked about alone), and more than blots."""
        related = bool(_RELATION.search(text)) == bool(_RELATION.search(self.gold.answer))
        return related and _SAYS.search(text.replace(MASK, "")) is not None

    def _alike(self, text: str) -> bool:
        """Same variables, and a list where the reference is one: worth the grader's time."""
        one, other = (_NAMED.sub(" ", it) for it in (text, self.gold.answer))
        same = set(re.findall(r"[A-Za-z]", one)) == set(re.findall(r"[A-Za-z]", other))
        return same and bool(_MANY.search(text)) == bool(_MANY.search(self.gold.answer))
