"""`check sandbox` runs the suite that was asked for, and ends with one line for programs."""

import json
from pathlib import Path

import pytest

from tests.conftest import Command, Done
from ultrainteract.cli.check_sandbox import show, summarised
from ultrainteract.sandbox.checks.case import Finding, Status

HOSTILE = [
    {"name": "forks on", "code": "import os\nwhile True: os.fork()", "seconds": 1},
    {"name": "reads", "code": "print(input() * 2)", "stdin": "ab\n"},
]
FINDINGS = [
    Finding("a.one", Status.HELD, "fine", 3),
    Finding("a.two", Status.FAILED, "expected [bold]1[/bold], saw " + "x" * 200, 4),
    Finding("a.three", Status.UNSUPPORTED, "not offered", 5),
]


def last_line(done: Done) -> dict[str, object]:
    return dict(json.loads(done.output.splitlines()[-1]))


@pytest.mark.docker
def test_programs_of_a_file_are_checked_with_the_suite(command: Command, tmp_path: Path) -> None:
    (tmp_path / "hostile.jsonl").write_text("\n".join(map(json.dumps, HOSTILE)))
    words = ("--backend", "docker", "--programs", "hostile.jsonl")
    done = command("check", "sandbox", *words, "--only", "programs.*")
    assert done.code == 0, done.output
    assert "programs.forks on" in done.output
    assert last_line(done) == {
        "backend": "docker",
        "held": 2,
        "failed": 0,
        "unsupported": 0,
        "failures": [],
    }


def test_a_failure_is_counted_named_and_shown_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    show(FINDINGS, ["a.three: no such thing here"])
    printed = capsys.readouterr().out
    assert "a.two: expected [bold]1[/bold], saw " + "x" * 200 in printed.replace("\n", "")
    assert "conceded: a.three: no such thing here" in printed
    assert summarised("docker", FINDINGS) == {
        "backend": "docker",
        "held": 1,
        "failed": 1,
        "unsupported": 1,
        "failures": ["a.two"],
    }


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--only", "no such"], "no property matches 'no such'; groups: exhaustion, "),
        (["--backend", "podman"], "'docker' or 'bubblewrap'"),
        (["--programs", "none.jsonl"], "cannot read programs from none.jsonl"),
        (["--programs", "bad.jsonl"], "bad.jsonl, line 1, code: Field required"),
        (["--config", "none"], "shipped ones: cpu.yaml"),
    ],
)
def test_what_was_asked_wrongly_is_refused_before_anything_runs(
    words: list[str], says: str, command: Command, tmp_path: Path
) -> None:
    (tmp_path / "bad.jsonl").write_text('{"name": "a"}\n')
    done = command("check", "sandbox", *words)
    assert done.code == 2, done.output
    assert says in done.output


def test_without_an_engine_the_message_says_how_to_get_one(command: Command) -> None:
    done = command("check", "sandbox", "--only", "state", DOCKER_HOST="unix:///nowhere.sock")
    assert done.code == 2
    assert "docker/engine.sh" in done.output


def test_options_before_the_name_are_not_lost_silently(command: Command) -> None:
    done = command("check", "--config", "cpu", "sandbox", "--only", "state")
    assert done.code == 2
    assert "check sandbox --config" in done.output
