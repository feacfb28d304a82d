"""Words for endings, figures of the system; what needs other users is tested in a container."""

import os
from pathlib import Path

from ultrainteract.sandbox import accounts
from ultrainteract.sandbox.processes import described, living


def test_a_running_process_is_found_by_its_user() -> None:
    assert living()[os.getpid()] == os.getuid()
    assert 2**31 - 7 not in living()


def test_endings_have_words() -> None:
    assert described(3) == "the program ended the interpreter: exit code 3"
    assert described(-11) == "the interpreter died: SIGSEGV"


def test_figures_are_read_from_both_versions_of_control_groups(tmp_path: Path) -> None:
    assert accounts.memory_used(tmp_path) == accounts.oom_kills(tmp_path).read() == 0
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
        assert accounts.oom_kills(groups).read() == 4
    assert accounts.Gauge("pids.current", groups=second).read() == 12
