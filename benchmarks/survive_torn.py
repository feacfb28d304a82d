"""A last write that a power cut tears: the tail of SQLite's write-ahead log, cut or garbled.

Only what was not yet folded into the database file may be torn: the log is synced before that
(https://sqlite.org/fileformat2.html#walformat, https://sqlite.org/walformat.html#the_wal_index_file_format).
"""

import random
import struct
from pathlib import Path

_HEADER, _FRAME = 32, 24
# In the index: the count of frames that were folded, behind two copies of its header.
_FOLDED = 96


def tear(journal: Path, draw: random.Random) -> str:
    """Spoil the last write of a journal that nobody has open; how, in words."""
    wal = journal.with_name(f"{journal.name}-wal")
    data = wal.read_bytes() if wal.exists() else b""
    if len(data) < _HEADER + _FRAME:
        return "nothing: the log is empty"
    page = struct.unpack_from(">I", data, 8)[0]
    size = _FRAME + page
    frames = _frames(data, size)
    end = _HEADER + frames * size
    start = end - size
    ways = [_appended]
    if frames > _folded(journal):
        ways += [_cut, _garbled]
    said, torn = draw.choice(ways)(data, start, end, draw)
    wal.write_bytes(torn)
    return said


def _frames(data: bytes, size: int) -> int:
    """How many frames are of this log: those behind them are of the one before it."""
    count, salts = 0, data[16:24]
    for start in range(_HEADER, len(data) - size + 1, size):
        if data[start + 8 : start + 16] != salts:
            break
        count += 1
    return count


def _folded(journal: Path) -> int:
    index = journal.with_name(f"{journal.name}-shm").read_bytes()
    return int(struct.unpack_from("=I", index, _FOLDED)[0])


def _cut(data: bytes, start: int, end: int, draw: random.Random) -> tuple[str, bytes]:
    at = draw.randrange(start, end)
    return f"cut {end - at} bytes off", data[:at]


def _garbled(data: bytes, start: int, end: int, draw: random.Random) -> tuple[str, bytes]:
    at = draw.randrange(start, end - 64)
    return "garbled 64 bytes", data[:at] + draw.randbytes(64) + data[at + 64 :]


def _appended(data: bytes, start: int, end: int, draw: random.Random) -> tuple[str, bytes]:
    begun = data[start : start + draw.randrange(1, end - start)]
    return f"added {len(begun)} bytes of a write", data[:end] + begun + data[end + len(begun) :]
