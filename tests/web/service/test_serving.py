"""A service as a process, and the runs in it: real Ray, Docker and HTTP."""

import io
import signal
import tarfile
from urllib.request import Request, urlopen

import pytest

from tests.conftest import MODEL, Command
from tests.web.service.running import (
    CRITIC,
    SECRET,
    UNCRITICISED,
    Running,
    children,
    criticised,
    serving,
)
from ultrainteract.testing.process import serve

ASKED = {"datasets": ["math"], "source": "sample", "environments": ["math_cot"], "limit": 2}


def stream(service: Running, path: str, after: str = "0") -> bytes:
    headers = {"Authorization": f"Bearer {SECRET}", "Last-Event-ID": after}
    with urlopen(Request(f"{service.url}{path}", None, headers), timeout=280) as answer:
        found: bytes = answer.read()
    return found


def logged(said: bytes) -> list[tuple[str, bytes]]:
    """Ids and data of the events that have an id."""
    events = [one.split(b"\n") for one in said.decode().encode().split(b"\n\n") if one]
    return [
        (lines[0].removeprefix(b"id: ").decode(), lines[2])
        for lines in events
        if lines[0].startswith(b"id: ")
    ]


@pytest.mark.ray
def test_a_run_pauses_goes_on_outlasts_a_stop_and_is_downloaded(command: Command) -> None:
    with serve(models=(MODEL, CRITIC), faults=(UNCRITICISED,)) as server:
        config = criticised(command, server.url)
        with serving(command, config) as service:
            for name in ("first", "second"):
                service.ask("/api/runs", {"name": name, **ASKED})
            server.await_arrivals(2)
            service.ask("/api/runs/first/pause", post=True)
            service.until(lambda now: now == {"first": "paused", "second": "running"})
            service.ask("/api/runs/second/cancel", post=True)
            service.until(lambda now: now["second"] == "cancelled")
            assert not children(service.runs)
            asked = len(server.received())
            service.ask("/api/runs/first/resume", post=True)
            service.until(lambda _: len(server.received()) > asked)
            service.process.send_signal(signal.SIGTERM)
            output, _ = service.process.communicate(timeout=280)
            assert service.process.returncode == 0, output
            assert not children(service.runs)
        with serving(command, config) as service:
            assert service.states()["first"] == "running"
            server.set_faults()
            whole = stream(service, "/api/runs/first/events")
            assert service.states() == {"first": "done", "second": "cancelled"}
            events = logged(whole)
            assert whole.rstrip().rsplit(b"\n\n", 1)[-1].startswith(b"event: run\n")
            assert {b"begin", b"tree", b"end"} <= {
                line[7:] for line in whole.split(b"\n") if line.startswith(b"event: ")
            }
            log = (service.runs / "first/log.jsonl").read_bytes().splitlines()
            assert [data.removeprefix(b"data: ") for _, data in events] == log
            for cut in (0, len(events) // 2, len(events) - 1):
                again = stream(service, "/api/runs/first/events", events[cut][0])
                assert logged(again) == events[cut + 1 :]
            dataset = service.runs / "first/dataset"
            files = {
                path.relative_to(dataset).as_posix(): path.read_bytes()
                for path in dataset.rglob("*")
                if path.is_file()
            }
            with tarfile.open(
                fileobj=io.BytesIO(stream(service, "/api/runs/first/dataset"))
            ) as tar:
                for path, content in files.items():
                    file = tar.extractfile(f"first/{path}")
                    assert file
                    assert file.read() == content
                assert len(tar.getnames()) == len(files)
            for path, content in files.items():
                assert stream(service, f"/api/runs/first/dataset/files/{path}") == content


def test_a_second_service_on_a_folder_is_refused_in_words(command: Command) -> None:
    config = command.config("http://127.0.0.1:9/v1")
    with serving(command, config) as service:
        runs = service.runs
        second = command("serve", "--config", config, "--runs", runs, "--port", "0")
        assert second.code == 2, second.output
        assert f"{runs} is served by another service, process {service.process.pid}" in " ".join(
            second.output.split()
        )
        assert service.states() == {}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_without_a_token_it_listens_to_this_machine_alone(command: Command, host: str) -> None:
    config = command.config("http://127.0.0.1:9/v1")
    refused = command("serve", "--config", config, "--host", host, "--port", "0")
    assert refused.code == 2, refused.output
    assert "give a token" in refused.output
    assert not (command.folder / "runs").exists()
