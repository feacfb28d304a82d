"""Parquet written as it comes: one view of one split, in row groups, in shards of bounded size.

The bytes depend on the rows and on pyarrow's version alone. Memory holds one row group, and of
those written to an open shard their place in the file.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ultrainteract.dataset.rows import Row
from ultrainteract.dataset.schema import View

ROW_GROUP = 1000
SHARD_BYTES = 256 << 20


class ShardWriter:
    """Writes `<folder>/<view>/<split>-00000-of-0000N.parquet`; N is known, and put into the
    names, at `close`. Without rows there is no shard: `load_dataset` refuses an empty one."""

    def __init__(self, folder: Path, view: View, split: str, shard_bytes: int) -> None:
        self.rows = 0
        self.bytes = 0
        self._folder = folder / view.name
        self._split = split
        self._schema = view.features.arrow_schema
        self._shard_bytes = shard_bytes
        self._held: list[dict[str, object]] = []
        self._shards: list[Path] = []
        self._open: tuple[pa.OSFile, pq.ParquetWriter] | None = None

    def write(self, row: Row) -> None:
        """Add a row; it reaches the disk with its row group."""
        self._held.append(row.model_dump(by_alias=True))
        self.rows += 1
        if len(self._held) >= ROW_GROUP:
            self._flush()

    def close(self) -> tuple[Path, ...]:
        """Write what is held and give the shards their names. Returns them in order."""
        self._flush()
        self._finish()
        count = len(self._shards)
        return tuple(
            shard.rename(self._folder / f"{self._split}-{number:05d}-of-{count:05d}.parquet")
            for number, shard in enumerate(self._shards)
        )

    def abandon(self) -> None:
        """Let go of the open file; what was written is left for the caller to remove."""
        self._finish()

    def _flush(self) -> None:
        if not self._held:
            return
        # A full shard is left only when more rows come: no shard is ever empty.
        if self._open and self._open[0].tell() >= self._shard_bytes:
            self._finish()
        self._open = self._open or self._begin()
        table = pa.Table.from_pylist(self._held, schema=self._schema)
        self.bytes += table.nbytes
        self._open[1].write_table(table)
        self._held = []

    def _begin(self) -> tuple[pa.OSFile, pq.ParquetWriter]:
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{self._split}-{len(self._shards):05d}.part"
        self._shards.append(path)
        sink = pa.OSFile(str(path), "wb")
        # Statistics would keep the smallest and the largest text of each row group in memory.
        return sink, pq.ParquetWriter(
            sink, self._schema, compression="zstd", write_statistics=False
        )

    def _finish(self) -> None:
        if self._open:
            sink, writer = self._open
            writer.close()
            sink.close()
            self._open = None
