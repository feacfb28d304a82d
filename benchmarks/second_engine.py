"""A Docker engine apart from any other: folders, socket and pid files of its own. For root only."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker
from benchmarks.cradle import Cradle
from ultrainteract.sandbox.engine import knock

_ROOM = 4 * 2**30


class Engine:
    """A `dockerd` with its containerd."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.host = f"unix://{folder}/docker.sock"
        self._pids = (folder / "docker.pid", folder / "exec/containerd/containerd.pid")
        self._cradles: list[Cradle] = []

    def start(self) -> None:
        """Returns when it answers. Raises TimeoutError."""
        for file in self._pids:
            # What a killed engine left may name another process by now.
            file.unlink(missing_ok=True)
        command: list[str | Path] = [
            "dockerd",
            *("--data-root", self.folder / "data", "--exec-root", self.folder / "exec"),
            *("--host", self.host, "--pidfile", self._pids[0]),
            *("--bridge", "none", "--iptables=false", "--ip-masq=false"),
        ]
        self._cradles.append(Cradle(self.folder / "log", command, {}))
        deadline = time.monotonic() + 120
        while not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def kill(self) -> None:
        """Both at once, as a machine that runs out of memory does."""
        containerd = int(self._pids[1].read_text())
        for pid in (self._cradles[-1].pid, containerd):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._cradles[-1].wait(30)

    def stop(self) -> None:
        """End it, with all it started and mounted."""
        if self._cradles and self._cradles[-1].status() is None:
            os.kill(self._cradles[-1].pid, signal.SIGTERM)
            self._cradles[-1].wait(60)
        for cradle in self._cradles:
            cradle.close()
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in mounts:
            if mount.startswith(f"{self.folder}/"):
                # One that was gone by itself is no error.
                subprocess.run(["umount", "--lazy", mount], check=False, capture_output=True)

    def containers(self) -> list[str]:
        """The names of all containers, running or not."""
        client = docker.DockerClient(self.host)
        names = [str(one.name) for one in client.containers.list(all=True, ignore_removed=True)]
        client.close()
        return names

    def _answers(self) -> bool:
        with suppress(docker.errors.DockerException, OSError):
            knock(self.host)
            self.containers()
            return True
        return False


def startable() -> bool:
    """Whether this machine lets this user start an engine."""
    return os.getuid() == 0 and shutil.which("dockerd") is not None


@contextmanager
def second_engine(image: str) -> Iterator[Engine]:
    """An engine that has `image`, taken from the one that the environment names."""
    # An image of this size is written, read and removed several times faster in memory.
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    with tempfile.TemporaryDirectory(prefix="ui-engine-", dir=memory if roomy else None) as folder:
        engine = Engine(Path(folder))
        try:
            engine.start()
            with subprocess.Popen(["docker", "save", image], stdout=subprocess.PIPE) as saved:
                load = ["docker", "--host", engine.host, "load"]
                subprocess.run(load, stdin=saved.stdout, check=True, capture_output=True)
            if saved.returncode:
                raise RuntimeError(f"docker save {image} ended with {saved.returncode}")
            yield engine
        finally:
            engine.stop()
