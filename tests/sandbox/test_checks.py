"""The conformance suite can fail: a sandbox without isolation breaks what it should."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tests.sandbox.leaky import FaultySandbox, LeakySandbox
from ultrainteract.errors import ConfigError, SandboxFault
from ultrainteract.sandbox.base import CellGone, Sandbox
from ultrainteract.sandbox.checks.bench import Bench, Broken, Secret
from ultrainteract.sandbox.checks.case import Finding, Property, Status
from ultrainteract.sandbox.checks.program import Program
from ultrainteract.sandbox.checks.programs import read_programs
from ultrainteract.sandbox.checks.suite import LIMITS, VARIABLE, examine, suite
from ultrainteract.sandbox.checks.witness import compare
from ultrainteract.sandbox.docker import DockerSandbox


async def found(sandbox: object, *properties: Property) -> list[Finding]:
    """What the suite finds in a sandbox that need not offer all that the protocol asks for."""
    make = lambda: cast("Sandbox", sandbox)  # noqa: E731
    return [finding async for finding in examine(make, properties)]


@pytest.fixture
def shared_memory() -> Iterator[None]:
    """What leaky notebooks leave where all may write."""
    yield
    Path("/dev/shm/left").unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "saw"),
    [
        ("notebook.siblings_start_from_one_state", "expected ('ok', \"([0, "),
        ("notebook.the_parent_stays_as_it_was", "expected ('ok', '([0], False, [])"),
        ("notebook.a_stopped_program_leaves_the_state_before_it", "expected ('ok', '7"),
        ("notebook.a_closed_cell_leaves_its_child", "expected CellGone"),
        ("notebook.a_released_notebook_is_gone", "expected ('ok', 'False"),
        ("notebook.siblings_draw_other_random_numbers", "expected"),
        ("output.long_output_keeps_head_and_tail", "lines that say what is cut: expected 1, saw 0"),
        ("output.a_traceback_names_cell_and_line", "the traceback: expected"),
        ("reach.no_secret_of_the_driver_is_found", "'environment"),
        ("reach.nothing_is_reached_over_a_network", "host 127.0.0.1"),
        ("neighbours.siblings_cannot_talk", "file whisper"),
        ("tampering.forged_then_raises", "how it ends: expected exception, saw ('ok'"),
        ("tampering.patched_builtins", "expected"),
        ("tampering.poisoned_modules", "expected"),
    ],
)
@pytest.mark.usefixtures("shared_memory")
async def test_a_sandbox_without_isolation_fails(name: str, saw: str, tmp_path: Path) -> None:
    (finding,) = await found(LeakySandbox(tmp_path), *suite(only=name))
    assert finding.status is Status.FAILED
    assert saw in finding.seen


@pytest.mark.parametrize(
    "name", ["notebook.state_lives_on_from_turn_to_turn", "output.unicode_comes_through"]
)
async def test_what_a_bad_sandbox_keeps_is_held(name: str, tmp_path: Path) -> None:
    (finding,) = await found(LeakySandbox(tmp_path), *suite(only=name))
    assert finding.status is Status.HELD, finding.seen


async def test_no_hostile_program_runs_where_the_host_is_in_reach(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    hostile = Program("p", f"open({str(mark)!r}, 'w').close()").as_property()
    (finding,) = await found(LeakySandbox(tmp_path), hostile)
    assert finding.status is Status.FAILED
    assert "not run, as it could hurt the host" in finding.seen
    assert "a file of the host" in finding.seen
    assert "s process" in finding.seen
    assert not mark.exists()


@pytest.mark.usefixtures("shared_memory")
async def test_a_concession_excuses_what_may_be_conceded(tmp_path: Path) -> None:
    names = ("neighbours.notebooks_cannot_talk", "reach.no_secret_of_the_driver_is_found")
    chosen = [one for name in names for one in suite(only=name)]
    talk, secret = await found(LeakySandbox(tmp_path), *chosen)
    assert talk.status is Status.UNSUPPORTED
    assert "conceded: one folder for all" in talk.seen
    assert secret.status is Status.FAILED


async def test_what_a_backend_does_not_take_is_unsupported(tmp_path: Path) -> None:
    findings = await found(LeakySandbox(tmp_path), *suite(only="tools.*"), *suite(only="manners.*"))
    assert {finding.status for finding in findings} == {Status.UNSUPPORTED}
    assert len(findings) == 12


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        ([SandboxFault("one")], Status.HELD),
        ([SandboxFault("one"), SandboxFault("two")], Status.FAILED),
        ([CellGone("one"), SandboxFault("two"), CellGone("three")], Status.HELD),
        ([CellGone("gone")] * 9, Status.FAILED),
    ],
)
async def test_a_second_fault_of_the_machinery_is_a_failure(
    faults: list[SandboxFault], status: Status
) -> None:
    async def answers(bench: Bench) -> str:
        return (await bench.ran("x")).output

    (finding,) = await found(FaultySandbox(*faults), Property("p", answers))
    assert finding.status is status
    assert ("the machinery failed" in finding.seen) == (status is Status.FAILED)


async def test_an_error_of_the_backend_is_a_failure_and_no_end(tmp_path: Path) -> None:
    async def raises(_: Bench) -> str:
        raise KeyError("of the backend")

    async def holds(_: Bench) -> str:
        return "held"

    chosen = (Property("p", raises), Property("q", holds))
    broken, held = await found(LeakySandbox(tmp_path), *chosen)
    assert (broken.status, held.status) == (Status.FAILED, Status.HELD)
    assert "it raised KeyError: 'of the backend'" in broken.seen


async def test_the_planted_secret_is_taken_away(tmp_path: Path) -> None:
    kept: list[Secret] = []

    async def looks(bench: Bench) -> str:
        kept.append(bench.secret)
        assert os.environ[VARIABLE] == kept[0].text == kept[0].file.read_text()
        return ""

    await found(LeakySandbox(tmp_path), Property("p", looks))
    assert VARIABLE not in os.environ
    assert not kept[0].file.exists()


SEEN: dict[str, object] = {
    "state": [7],
    "processes": ["python S"],
    "free inodes": 1000,
    "input": "",
}


@pytest.mark.parametrize(
    "change",
    [
        {"state": [8]},
        {"processes": ["python S", "daemon S"]},
        {"free inodes": 500},
        {"input": "left over"},
        {"state": None},
    ],
)
def test_whatever_differs_from_the_first_look_is_told(change: dict[str, object]) -> None:
    compare("it", SEEN, {**SEEN, "free inodes": 900, "processes": []})
    (key,) = change
    with pytest.raises(Broken, match=f"expected no difference, saw {key}"):
        compare("it", SEEN, SEEN | change)


def test_names_are_unique_and_patterns_select() -> None:
    names = [one.name for one in suite()]
    assert len(names) == len(set(names))
    assert {one.name for one in suite(only="reach.*")} < set(names)
    assert [one.name for one in suite(only="fork_b")] == ["exhaustion.fork_bomb"]
    assert not suite(only="nothing like it")


def test_programs_of_a_file_keep_their_fields(tmp_path: Path) -> None:
    file = tmp_path / "programs.jsonl"
    rows = [{"name": "a", "code": "1"}, {"name": "b", "code": "2", "stdin": "x", "seconds": 1.5}]
    file.write_text("\n\n".join(map(json.dumps, rows)))
    first, second = read_programs(file)
    assert (first.name, first.code, first.stdin) == ("programs.a", "1", "")
    assert (second.stdin, second.seconds, second.safe) == ("x", 1.5, False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"name": "a", "code": "1"}\n{"name": "b"}', "line 2, code: Field required"),
        ('{"name": "a", "code": 1}', "line 1, code: Input should be a valid string"),
        ('{"name": "a", "code": "", "seconds": -1}', "line 1, seconds: Input should be greater"),
        ('{"name": "a", "code": "", "sedonds": 1}', "line 1, sedonds: Extra inputs"),
        ('{"name": "", "code": ""}', "line 1, name: "),
        ('\n{"name": ', "line 2: Invalid JSON"),
        ("[]", "line 1: Input should be an object"),
        ('{"name": "a", "code": ""}\n' * 2, "line 2, name: 'a' is line 1's"),
        ("\n", "holds no program"),
    ],
)
def test_a_bad_row_is_named_with_line_and_field(text: str, says: str, tmp_path: Path) -> None:
    file = tmp_path / "programs.jsonl"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        read_programs(file)
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"\xff")
    for file in (tmp_path / "b", tmp_path / "none", tmp_path):
        with pytest.raises(ConfigError, match="cannot read programs"):
            read_programs(file)


@pytest.mark.docker
async def test_docker_holds_what_costs_little(image: str) -> None:
    mine = Program(
        "programs.mine", "import os\nif os.fork() == 0: os.setsid()\nwhile True: pass", seconds=1.0
    )
    chosen = [
        *suite(only="notebook.[as]*"),
        *suite(only="output.*"),
        *suite(only="reach.*"),
        *suite(only="memory_at_once"),
        mine.as_property(),
    ]
    sandbox = DockerSandbox(image, LIMITS, containers=1)
    findings = await found(sandbox, *chosen)
    assert len(findings) > 15
    assert not [finding for finding in findings if finding.status is not Status.HELD]


@pytest.mark.docker
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_docker_holds_everything(image: str) -> None:
    findings = await found(DockerSandbox(image, LIMITS, containers=1), *suite())
    assert not [finding for finding in findings if finding.status is not Status.HELD]
