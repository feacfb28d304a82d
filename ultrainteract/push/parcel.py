"""The files that go to the hub, and what keeps them from going."""

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ultrainteract.errors import PushError, RunFolderError, boundary
from ultrainteract.journal import Journal
from ultrainteract.push.stamp import read_stamp, stamp_of
from ultrainteract.secrets import secrets_in

CARD = "README.md"
# What tells a dataset of this package from others.
MARK = "run.yaml"
_ROWS = 1000
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Item:
    """One file: its path in the repository and here, its size, the digest of its content."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """All that would be uploaded."""

    folder: Path
    items: tuple[Item, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(one.size for one in self.items)

    @property
    def card_head(self) -> str:
        """The card down to its title and first words."""
        text = (self.folder / CARD).read_text(encoding="utf-8")
        front, _, body = text.removeprefix("---\n").partition("\n---\n")
        return f"---\n{front}\n---\n\n" + "\n\n".join(body.strip().split("\n\n")[:2])


def pack(folder: Path) -> Parcel:
    """The dataset in `folder`. Raises `PushError` where there is none."""
    if not ((folder / MARK).is_file() and (folder / CARD).is_file()):
        raise PushError(
            f"there is no dataset at {folder}: the same `synthesize` command goes on and publishes "
            "it when the trees have ended; under a layer or reviewers' marks, `publish` does"
        )
    with boundary(RunFolderError, f"cannot read the dataset at {folder}", OSError):
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        return Parcel(folder, tuple(_item(folder, path) for path in paths))


def refuse_unready(
    folder: Path, journal: Journal, layers: Iterable[str], *, unfinished: bool
) -> None:
    """Raises `PushError` where trees have not ended, unless `unfinished`, and where the dataset is
    not what journal and layers hold now."""
    left = journal.trees() - journal.grown()
    if left and not unfinished:
        raise PushError(
            f"{left:,} of {journal.trees():,} trees have not ended: the same `synthesize` command "
            "goes on, or push what there is with --unfinished"
        )
    if read_stamp(folder) != stamp_of(journal, layers):
        raise PushError(
            f"the dataset at {folder} is older than the journal or its layers: publish it again, "
            "by the same `synthesize` command, or `publish` under a layer or marks"
        )


def refuse_secrets(parcel: Parcel, held: Mapping[str, bytes], allowed: frozenset[str]) -> None:
    """Raises `PushError` where a file holds a secret of this environment or what looks like one;
    `allowed` are the words of kinds that may be there."""
    found = [
        f"{place}: {what}"
        for one in parcel.items
        for place, data in _contents(one)
        for what in secrets_in(data, held)
        if what not in allowed
    ]
    if found:
        places = [*dict.fromkeys(found)]
        more = [f"... and {len(places) - _SHOWN} more"] if len(places) > _SHOWN else []
        raise PushError(
            "what would be uploaded holds secrets, or what looks like them:\n"
            + "\n".join(f"  {line}" for line in [*places[:_SHOWN], *more])
            + '\nnothing was sent. Where it is no secret, say so: --allow "WHAT", the words after '
            "the colon"
        )


def _item(folder: Path, path: Path) -> Item:
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return Item(path.relative_to(folder).as_posix(), path, path.stat().st_size, content)


def _contents(one: Item) -> Iterator[tuple[str, bytes]]:
    """What a file says, piece by piece with its place: Parquet is compressed."""
    if one.path.suffix != ".parquet":
        yield one.name, one.path.read_bytes()
        return
    damaged = boundary(RunFolderError, f"cannot read {one.path}", OSError, pa.ArrowException)
    with damaged, pq.ParquetFile(one.path) as file:
        yield f"{one.name}, metadata", _footer(one.path)
        for batch in file.iter_batches(_ROWS):
            for name in batch.schema.names:
                yield f"{one.name}, column {name}", _plain(batch.select([name]))


def _footer(path: Path) -> bytes:
    """All that a Parquet file says of itself, as it lies there: before the last 8 bytes, the first
    4 of which are its length."""
    with path.open("rb") as file:
        end = file.seek(-8, io.SEEK_END)
        file.seek(end - int.from_bytes(file.read(4), "little"))
        return file.read()


def _plain(batch: pa.RecordBatch) -> bytes:
    """Every value of it, those of dictionaries and of nested columns included, uncompressed."""
    sink = pa.BufferOutputStream()
    bare = batch.replace_schema_metadata(None)
    with pa.ipc.new_stream(sink, bare.schema) as stream:
        stream.write_batch(bare)
    return bytes(memoryview(sink.getvalue()))
