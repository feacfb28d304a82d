"""The system calls that programs are left with: those that Python needs, and few others."""

import json
import platform

import pytest

from tests.sandbox.conftest import ran
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.sandbox.engine import seccomp
from ultrainteract.types import ExecResult, Outcome

FORBIDDEN = """
acct add_key adjtimex bpf chroot clock_settime create_module delete_module fanotify_init
finit_module fsconfig fsmount fsopen fspick init_module io_uring_enter io_uring_register
io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl lookup_dcookie mount
mount_setattr move_mount move_pages msgget name_to_handle_at open_by_handle_at open_tree
perf_event_open pidfd_getfd pivot_root process_vm_readv process_vm_writev ptrace quotactl reboot
request_key semget setdomainname sethostname setns settimeofday shmget splice swapoff swapon sync
syslog tee umount umount2 unshare uselib userfaultfd vhangup vmsplice
"""

# Programs with what they print.
NEEDED = r"""
import threading
numbers = []
thread = threading.Thread(target=numbers.append, args=[1])
thread.start(); thread.join()
numbers
# [1]

import subprocess
subprocess.run(["cat"], input=b"1", capture_output=True).stdout
# b'1'

import asyncio
asyncio.run(asyncio.sleep(0, 1))
# 1

import concurrent.futures
with concurrent.futures.ProcessPoolExecutor(2) as pool: print(*pool.map(abs, [-1, 2]))
# 1 2

from multiprocessing.shared_memory import SharedMemory
memory = SharedMemory(create=True, size=8)
memory.buf[0] = 7; print(memory.buf[0])
memory.close(); memory.unlink()
# 7

import multiprocessing
with multiprocessing.Manager() as manager: print(manager.list([1]))
# [1]

import os, shutil
open("a", "w").close(); shutil.copy2("a", "b"); os.mkfifo("c")
sorted(os.listdir())
# ['a', 'b', 'c']

import sqlite3
with sqlite3.connect("x.db") as data: data.execute("create table t (a)")
data.execute("select count(*) from t").fetchone()
# (0,)

import pandas
pandas.DataFrame({"a": [1, 2]}).groupby("a").size().sum().item()
# 2

import matplotlib.pyplot
matplotlib.pyplot.plot([1, 2]); matplotlib.pyplot.savefig("x.png")
open("x.png", "rb").read(4)
# b'\x89PNG'

import scipy.optimize
round(scipy.optimize.brentq(lambda x: x * x - 2, 0, 2), 3)
# 1.414

import os, mmap
file = os.memfd_create("m"); os.ftruncate(file, 9)
len(mmap.mmap(file, 9))
# 9

import os, signal
signal.pidfd_send_signal(os.pidfd_open(os.getpid()), 0) is None
# True

import signal
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
_ = signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
signal.pause()
_ = signal.setitimer(signal.ITIMER_REAL, 0)
bool(heard)
# True
"""

CALL = """
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
def call(*words):
    ctypes.set_errno(0)
    libc.syscall(*map(ctypes.c_long, words))
    return errno.errorcode.get(ctypes.get_errno(), 'works')
"""


def rules(action: str) -> dict[str, list[dict[str, object]]]:
    """The arguments under which each name meets `action`."""
    found: dict[str, list[dict[str, object]]] = {}
    for rule in json.loads(seccomp())["syscalls"]:
        if rule["action"] == action:
            for name in rule["names"]:
                found.setdefault(name, []).extend(rule.get("args", []))
    return found


def test_what_is_not_named_is_refused_on_every_architecture() -> None:
    profile = json.loads(seccomp())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert all(not one["subArchitectures"] for one in profile["archMap"])


def test_no_forbidden_call_is_allowed() -> None:
    assert not set(FORBIDDEN.split()) & set(rules("SCMP_ACT_ALLOW"))


def test_only_these_are_allowed_by_their_arguments() -> None:
    bound = {name for name, args in rules("SCMP_ACT_ALLOW").items() if args}
    assert bound == {"clone", "socket", "personality"}


@pytest.mark.docker
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="numbers of x86_64")
@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("101, 0, 0, 0, 0", "EPERM"),  # ptrace: TRACEME, which anybody may
        ("310, 0, 0, 0, 0, 0, 0", "EPERM"),  # process_vm_readv
        ("272, 0x400", "EPERM"),  # unshare: CLONE_FILES, which anybody may
        ("308, -1, 0", "EPERM"),  # setns
        ("56, 0x10000011, 0, 0, 0, 0", "EPERM"),  # clone: CLONE_NEWUSER
        ("435, 0, 0", "ENOSYS"),  # clone3
        ("165, 0, 0, 0, 0, 0", "EPERM"),  # mount
        ("250, 0, -3, 0, 0, 0", "EPERM"),  # keyctl
        ("321, -1, 0, 0", "EPERM"),  # bpf
        ("298, 0, 0, -1, -1, 0", "EPERM"),  # perf_event_open
        ("323, 1", "EPERM"),  # userfaultfd: for this process alone, which anybody may
        ("425, 1, 0", "EPERM"),  # io_uring_setup
        ("29, 0, 4096, 0o1600", "EPERM"),  # shmget: would outlive its tree
        ("68, 0, 0o1600", "EPERM"),  # msgget
        ("276, 0, 1, 1, 0", "EPERM"),  # tee
        ("162,", "EPERM"),  # sync: all disks of the host
        ("135, 0x0040000", "EPERM"),  # personality: no address randomisation
        ("135, 0xffffffff", "works"),
        ("41, 2, 1, 0", "ENETUNREACH"),  # socket: AF_INET
        ("41, 10, 1, 0", "ENETUNREACH"),  # AF_INET6
        ("41, 16, 3, 0", "EPERM"),  # AF_NETLINK
        ("41, 38, 5, 0", "EPERM"),  # AF_ALG
        ("41, 1, 1, 0", "works"),  # AF_UNIX
    ],
)
async def test_a_call_meets_the_profile(sandbox: DockerSandbox, call: str, answer: str) -> None:
    assert await ran(sandbox, f"{CALL}\ncall({call})") == ExecResult(Outcome.OK, f"{answer!r}\n")


@pytest.mark.docker
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("program", NEEDED.strip().split("\n\n"))
async def test_what_python_needs_works(sandbox: DockerSandbox, program: str) -> None:
    code, _, output = program.rpartition("\n# ")
    assert await ran(sandbox, code) == ExecResult(Outcome.OK, f"{output}\n")
