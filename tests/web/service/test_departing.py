"""A client that goes away in the middle leaves nothing open."""

import asyncio
import gc
from pathlib import Path

from starlette.types import Message

from tests.web.service.conftest import SECRET, Service, asked


def opened(below: Path) -> list[str]:
    """Files there that this process has open."""
    links = [link.resolve() for link in Path("/proc/self/fd").iterdir()]
    return [str(path) for path in links if path.is_relative_to(below)]


async def test_a_download_that_is_cut_off_lets_go_of_its_files(service: Service) -> None:
    service.client.post("/api/runs", json=asked())
    dataset = service.house.run("first") / "dataset"
    dataset.mkdir(parents=True)
    for name in ("run.yaml", "rows"):
        (dataset / name).write_bytes(bytes(2**20))
    begun = asyncio.Event()

    arriving = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        if body := next(arriving, None):
            return body
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message.get("body"):
            assert len(opened(dataset)) == 2
            begun.set()
            # It takes nothing any more.
            await asyncio.Event().wait()

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/runs/first/dataset",
        "raw_path": b"/api/runs/first/dataset",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {SECRET}".encode())],
    }
    gc.disable()
    try:
        await asyncio.wait_for(service.guard(scope, receive, send), 60)
        assert not opened(dataset)
    finally:
        gc.enable()
