"""Turns, and words for endings; what needs other users is tested in a container."""

import asyncio
import os
from pathlib import Path

from ultrainteract.sandbox import accounts
from ultrainteract.sandbox.processes import Slots, described, running


async def test_slots_are_shared_up_to_their_number() -> None:
    slots, most, inside = Slots(2), 0, 0

    async def work() -> None:
        nonlocal most, inside
        async with slots.shared():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(work() for _ in range(6)))
    assert most == 2


async def test_whoever_is_alone_meets_nobody() -> None:
    slots = Slots(3)
    inside: list[str] = []

    async def work(name: str) -> None:
        async with slots.alone() if name == "alone" else slots.shared():
            inside.append(name)
            assert name != "alone" or inside == ["alone"]
            await asyncio.sleep(0)
            inside.remove(name)

    await asyncio.gather(*(work(name) for name in ("a", "b", "alone", "c", "alone", "d")))
    assert inside == []


def test_a_running_process_is_found_by_its_user() -> None:
    assert os.getpid() in running(os.getuid())
    assert running(2**31 - 7) == {}


def test_endings_have_words() -> None:
    assert described(3) == "the program ended the interpreter: exit code 3"
    assert described(-11) == "the interpreter died: SIGSEGV"


def test_figures_are_read_from_both_versions_of_control_groups(tmp_path: Path) -> None:
    assert accounts.memory_used(tmp_path) == accounts.oom_kills(tmp_path) == 0
    first, second = tmp_path / "v1", tmp_path / "v2"
    (first / "memory").mkdir(parents=True)
    (first / "memory/memory.stat").write_text("cache 9\nrss 5\nshmem 2\n")
    (first / "memory/memory.oom_control").write_text(
        "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"
    )
    second.mkdir()
    (second / "memory.stat").write_text("anon 5\nfile 9\nshmem 2\n")
    (second / "memory.events").write_text("oom 1\noom_kill 4\n")
    (second / "pids.current").write_text("12\n")
    for groups in (first, second):
        assert accounts.memory_used(groups) == 7
        assert accounts.oom_kills(groups) == 4
    assert accounts.processes(second) == 12
