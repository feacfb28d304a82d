"""The trees that wait, and who holds the others: workers pull, lost workers give back.

A worker that dies may have been killed by a tree: trees that saw several deaths are handed out
one at a time, and one that sees still more of them is given up.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ultrainteract.types import Instruction, adapter

# Deaths of workers that a tree may see in company, and in all.
SUSPECT, GUILTY = 3, 5
_PAGE = 256


class Assignment(NamedTuple):
    """A tree to grow. A lower `order` goes first; a `fresh` one has nothing recorded yet.

    It goes to another process: `data` is the instruction's JSON, since to pickle frozen records
    takes several times as long.
    """

    order: int
    tree: str
    data: bytes
    fresh: bool = True
    deaths: int = 0

    @property
    def instruction(self) -> Instruction:
        """What the tree is of."""
        return adapter(Instruction).validate_json(self.data)


class Backlog:
    """Hands out each tree to one worker at a time. Pulls instructions as they are wanted."""

    def __init__(
        self,
        instructions: Iterable[Instruction],
        total: int,
        touched: Callable[[list[str]], set[str]],
    ) -> None:
        """`total` of them will come; `touched` tells which have effects recorded already."""
        self._source = enumerate(instructions)
        self._unseen = total
        self._touched = touched
        self._page: deque[Assignment] = deque()
        self._returned: list[Assignment] = []
        self._suspects: list[Assignment] = []
        self._held: dict[str, Assignment] = {}
        self._news = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Trees that nobody holds."""
        return self._unseen + len(self._page) + len(self._returned) + len(self._suspects)

    @property
    def open(self) -> int:
        """Those of them that would be handed out now: a second suspect is not."""
        return self.waiting - (len(self._suspects) if self._watched else 0)

    @property
    def finished(self) -> bool:
        """Nothing waits and nothing is held."""
        return not self.waiting and not self._held

    def take(self, wanted: int, workers: int) -> list[Assignment]:
        """At most `wanted`, and no more than a fair share of what waits among `workers`."""
        share = min(wanted, math.ceil(self.waiting / max(1, workers)))
        taken = list(self._upcoming(share))
        self._held |= {one.tree: one for one in taken}
        return taken

    def done(self, tree: str) -> bool:
        """The tree was reported on; False where nobody was to grow it any more."""
        self.wake()
        return self._held.pop(tree, None) is not None

    def lost(self, trees: Iterable[str], *, died: bool) -> list[Assignment]:
        """The worker that held these does not go on: they wait again.

        Where it `died`, returns those trees that are given up for it.
        """
        guilty = []
        for tree in trees:
            one = self._held.pop(tree, None)
            if one is None:
                continue
            one = one._replace(fresh=False, deaths=one.deaths + died)
            if one.deaths >= GUILTY and died:
                guilty.append(one)
            elif one.deaths >= SUSPECT:
                self._suspects.append(one)
            else:
                self._returned.append(one)
        self._returned.sort(key=lambda one: one.order)
        self.wake()
        return guilty

    async def changed(self) -> None:
        """Returns when a tree was reported on or given back."""
        await self._news.wait()

    def _upcoming(self, count: int) -> Iterator[Assignment]:
        if count and self._suspects and not self._watched:
            yield self._suspects.pop(0)
            count -= 1
        for _ in range(count):
            if self._returned:
                yield self._returned.pop(0)
            elif self._page or self._turn_page():
                yield self._page.popleft()

    @property
    def _watched(self) -> bool:
        return any(one.deaths >= SUSPECT for one in self._held.values())

    def _turn_page(self) -> bool:
        page = [one for _, one in zip(range(_PAGE), self._source, strict=False)]
        self._unseen = self._unseen - len(page) if page else 0
        touched = self._touched([one.id for _, one in page])
        kind = adapter(Instruction)
        self._page.extend(
            Assignment(order, one.id, kind.dump_json(one), fresh=one.id not in touched)
            for order, one in page
        )
        return bool(page)

    def wake(self) -> None:
        """Let whoever waits for a change look again."""
        self._news.set()
        self._news = asyncio.Event()
