"""The main job as a process, as a user starts it, and a browser."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest
import yaml
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect, sync_playwright

from ultrainteract.cli.main import main

MODEL = "served"
# Variables that are read when they are needed.
LATE = {"COLUMNS", "DOCKER_HOST"}
# Until a browser has done what it does at once, on a machine with other work.
BROWSER_MS = 120_000
# The same examples everywhere, however slow the machine: what holds here holds where a change is
# checked. `--hypothesis-profile=default` looks for others.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    output: str


class Command:
    """`ultrainteract` with a configuration of one endpoint, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def config(self, url: str, **sections: dict[str, object]) -> Path:
        """A configuration file for the protocol server at `url`."""
        data: dict[str, object] = {
            "models": {"actor": {"model": MODEL, "serve": {"base_url": url}}},
            "roles": {"actors": ["actor"], "critic": "actor", "allow_self_critique": True},
            "sampling": {"waves": [2, 2], "guided_samples": 1},
            "tree": {"max_turns": 2},
            "pace": {"limit": 2, "trees_in_flight": 4, "containers": 1},
        }
        for name, section in sections.items():
            known = data.get(name)
            data[name] = {**known, **section} if isinstance(known, dict) else section
        path = self.folder / "config.yaml"
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        return path

    def start(self, *words: str | Path, **env: str) -> subprocess.Popen[str]:
        """Begin a command; its output is one stream."""
        return subprocess.Popen(
            [sys.executable, "-m", "ultrainteract.cli.main", *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.folder,
            env={**os.environ, "COLUMNS": "200", "HF_HUB_OFFLINE": "1", **env},
            start_new_session=True,
        )

    def __call__(self, *words: str | Path, **env: str) -> Done:
        """Run a command to its end: as a process where it starts Ray, loads a plugin, or needs a
        variable that Python or a library reads at its start; else `here`, which is quicker."""
        said = [str(word) for word in words]
        if said[0] not in {"synthesize", "setup"} and "--plugin" not in said and env.keys() <= LATE:
            return self.here(*said, **env)
        with self.start(*words, **env) as process:
            output, _ = process.communicate(timeout=800)
            return Done(process.returncode, output)

    def here(self, *words: str | Path, **env: str) -> Done:
        """Run a command in this process, which has imported the package already."""
        output = io.StringIO()
        with (
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            mock.patch.dict(os.environ, {"COLUMNS": "200", **env}),
            mock.patch.object(sys, "argv", ["ultrainteract", *map(str, words)]),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        return Done(int(ended.value.code or 0), output.getvalue())

    def interrupt(self, process: subprocess.Popen[str]) -> None:
        """What a terminal does at Ctrl-C: SIGINT to the whole foreground group."""
        os.killpg(process.pid, signal.SIGINT)


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """See `Command`."""
    return Command(tmp_path)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser that is installed, for one module: while Playwright is there, its event loop runs
    in this thread, and no other may."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("no Chromium is installed: tests/browser.sh installs one")
    # Nothing of its own goes over a network.
    quiet = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    )
    expect.set_options(timeout=BROWSER_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet, timeout=BROWSER_MS)
        browser.on("context", lambda context: context.set_default_timeout(BROWSER_MS))
        yield browser
        browser.close()
