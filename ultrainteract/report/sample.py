"""A bounded sample of a stream, drawn by hashes: the same whatever the order, and mergeable.

Held are the entries of the smallest keys (bottom-k sampling). Entries of one key stay or go
together, so what hangs together is looked at whole if its parts share a key.
"""

import heapq
from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Sample(Generic[T]):
    """At most `most` entries: of those added, all whose key lies below `ceiling`.

    Keys are expected to be hashes. Without removals it depends on what was added alone. After an
    entry went for want of room, one that is removed leaves a gap: the sample is smaller then,
    and still no entry is likelier to be in it than another.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.ceiling: int | None = None
        self._held: dict[int, Counter[T]] = {}
        self._size = 0
        self._largest: list[int] = []

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[T]:
        """The entries by key."""
        for key in sorted(self._held):
            yield from self._held[key].elements()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sample):
            return NotImplemented
        same = self.most == other.most and self.ceiling == other.ceiling
        return same and self._held == other._held

    __hash__ = None  # type: ignore[assignment]

    def add(self, key: int, entry: T, count: int = 1) -> None:
        """Take an entry, if its key is small enough."""
        if self.ceiling is not None and key >= self.ceiling:
            return
        if key not in self._held:
            self._held[key] = Counter()
            heapq.heappush(self._largest, -key)
        self._held[key][entry] += count
        self._size += count
        self._make_room()

    def remove(self, key: int, entry: T) -> None:
        """Give an entry back that was added; one that is not in the sample leaves no trace."""
        bucket = self._held.get(key)
        if not bucket or entry not in bucket:
            return
        self._size -= 1
        bucket[entry] -= 1
        if not bucket[entry]:
            del bucket[entry]
        if not bucket:
            del self._held[key]
        if len(self._largest) > 2 * len(self._held) + 64:
            self._largest = [-key for key in self._held]
            heapq.heapify(self._largest)

    def merge(self, other: "Sample[T]") -> None:
        """Take in what another one holds, as if both had seen all."""
        if other.ceiling is not None:
            self._lower(other.ceiling)
        for key, entry, count in other.held():
            self.add(key, entry, count)

    def held(self) -> Iterator[tuple[int, T, int]]:
        """Each entry with its key and how often it is held."""
        for key, bucket in self._held.items():
            for entry, count in bucket.items():
                yield key, entry, count

    def _make_room(self) -> None:
        while self._size > self.most:
            self._lower(self._top())

    def _top(self) -> int:
        while (key := -self._largest[0]) not in self._held:
            heapq.heappop(self._largest)
        return key

    def _lower(self, ceiling: int) -> None:
        if self.ceiling is not None and self.ceiling <= ceiling:
            return
        self.ceiling = ceiling
        while self._held and (key := self._top()) >= ceiling:
            self._size -= self._held.pop(key).total()
