"""A published dataset as files, and as one stream of a tar archive.

A file is found in a listing of what is there, never by joining paths: what the listing lacks does
not exist. A run that publishes again puts a new folder in the place of the old one, and one that is
deleted is gone; an archive opens all its files first, so that it holds one dataset or the other.
"""

import contextlib
import io
import tarfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import BinaryIO

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_CHUNK = 256 * 1024


def files_of(dataset: Path) -> dict[str, Path]:
    """Regular files below it, by their path there, sorted; links are none."""
    found = (path for path in dataset.rglob("*") if path.is_file() and not path.is_symlink())
    return {path.relative_to(dataset).as_posix(): path for path in sorted(found)}


class ArchiveResponse(StreamingResponse):
    """The archive; lets go of its files when the client has it, and when the client has gone."""

    def __init__(self, dataset: Path, name: str) -> None:
        self._stream = archive(dataset, name)
        named = {"Content-Disposition": f'attachment; filename="{name}.tar"'}
        super().__init__(self._stream, media_type="application/x-tar", headers=named)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            # A client that went away leaves it where it stood.
            self._stream.close()


def archive(dataset: Path, name: str) -> Generator[bytes]:
    """A tar archive of it, below the folder `name`; of equal files, equal bytes."""
    # Parquet is compressed already.
    with contextlib.ExitStack() as stack:
        opened = {
            path: stack.enter_context(file.open("rb")) for path, file in files_of(dataset).items()
        }
        for path, file in opened.items():
            yield from _member(f"{name}/{path}", file)
    yield b"\0" * 2 * tarfile.BLOCKSIZE


def _member(path: str, file: BinaryIO) -> Iterator[bytes]:
    info = tarfile.TarInfo(path)
    info.size = file.seek(0, io.SEEK_END)
    info.mode = 0o644
    yield info.tobuf(tarfile.PAX_FORMAT)
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk
    yield b"\0" * (-info.size % tarfile.BLOCKSIZE)
