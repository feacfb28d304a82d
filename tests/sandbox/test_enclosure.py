"""The filters and rules that a process puts on itself, each tried in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

MACHINE = os.uname().machine
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or MACHINE not in ("x86_64", "aarch64"), reason="Linux of two kinds"
)
TRY = """
import ctypes, errno, os, signal, subprocess, sys, time
from ultrainteract.sandbox import enclosure
def attempt(do, *args):
    try:
        do(*args)
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
"""


def says(code: str, *arguments: str) -> list[str]:
    """The words that a process prints."""
    done = subprocess.run(
        [sys.executable, "-c", TRY + code, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        start_new_session=True,
    )
    return done.stdout.split()


def test_signals_spare_who_is_older() -> None:
    code = """
pair = sorted((subprocess.Popen(["sleep", "1"]) for _ in range(2)), key=lambda one: one.pid)
older, younger = (one.pid for one in pair)
enclosure.install(enclosure.elders(younger))
print(*(attempt(os.kill, pid, 0) for pid in (older, 1, -1, -older)), attempt(os.pidfd_open, older))
print(attempt(os.kill, 0, 0), attempt(os.kill, younger, 9))
fd = os.pidfd_open(younger); print(attempt(signal.pidfd_send_signal, fd, 0)); os.close(fd)
"""
    assert says(code) == [*["EPERM"] * 5, "done", "done", "EPERM"]


def test_the_filter_leaves_processes_and_threads_to_programs() -> None:
    code = """
import concurrent.futures, multiprocessing, resource, socket
enclosure.install(enclosure.outer())
with concurrent.futures.ThreadPoolExecutor(2) as pool: print(*pool.map(abs, [-1, 2]))
with multiprocessing.get_context("fork").Pool(2) as pool: print(*pool.map(abs, [-3, 4]))
print(subprocess.run(["echo", "5"], capture_output=True, text=True).stdout)
resource.setrlimit(resource.RLIMIT_NPROC, resource.getrlimit(resource.RLIMIT_NPROC))
one, other = socket.socketpair(); one.send(b"6"); print(other.recv(1).decode())
print(attempt(os.nice, 1))
"""
    assert says(code) == ["1", "2", "3", "4", "5", "6", "done"]


def test_the_filter_refuses_what_reaches_others() -> None:
    code = """
import resource, socket
enclosure.install(enclosure.outer())
libc = ctypes.CDLL(None, use_errno=True)
def unshare(flag):
    if libc.unshare(flag): raise OSError(ctypes.get_errno(), "")
print(attempt(unshare, 0x10000000), attempt(resource.prlimit, os.getppid(), 7))
print(attempt(socket.socket, socket.AF_INET), attempt(socket.socket, socket.AF_VSOCK))
print(attempt(os.setpriority, os.PRIO_USER, 0, 19), attempt(os.sched_setaffinity, 1, {0}))
"""
    words = says(code)
    assert words == ["EPERM", "EPERM", "ENETUNREACH", "EPERM", "EPERM", "EPERM"]


def test_files_change_within_the_folders_alone(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "file").write_text("kept")
    code = """
inside, outside = sys.argv[1:]
if ctypes.CDLL(None).syscall(444, None, 0, 1) < 1: raise SystemExit(print("no Landlock"))
enclosure.install(enclosure.outer())
enclosure.stay_within([inside])
open(inside + "/file", "w").write("text"); os.mkdir(inside + "/d"); os.rmdir(inside + "/d")
print(attempt(open, os.devnull, "w"), attempt(open, outside + "/file"))
print(attempt(open, outside + "/new", "w"), attempt(open, outside + "/file", "w"))
print(attempt(os.remove, outside + "/file"), attempt(os.symlink, "to", outside + "/s"))
print(attempt(os.rmdir, inside), attempt(os.rename, inside, outside + "/in"))
"""
    words = says(code, str(inside), str(outside))
    if words == ["no", "Landlock"]:
        pytest.skip("no Landlock")
    assert words[:2] == ["done", "done"]
    assert set(words[2:]) <= {"EACCES", "EXDEV"}
    assert (outside / "file").read_text() == "kept"


def test_capabilities_once_given_up_are_gone() -> None:
    code = """
enclosure.keep_capabilities()
status = open("/proc/self/status").read()
print(*(line.split()[1] for line in status.splitlines() if line.startswith(("CapPrm", "CapEff"))))
"""
    assert says(code) == ["0" * 16] * 2
