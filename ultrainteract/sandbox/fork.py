"""A fork whose child belongs to the parent of the one that forks. Standard library only.

The kernel is pid 1 and parent of the preloaded interpreter: with every cell its child, a wait
status reaches the kernel and nobody else. `clone` does it in one step where it can; two forks do
it anywhere, for twice the price.
"""

import contextlib
import ctypes
import os
import platform
import signal

CLONE_PARENT = 0x00008000
CLONE_CHILD_CLEARTID = 0x00200000
CLONE_CHILD_SETTID = 0x01000000
PR_GET_TID_ADDRESS = 40
FLAGS = CLONE_PARENT | CLONE_CHILD_CLEARTID | CLONE_CHILD_SETTID | signal.SIGCHLD
# The number of clone(2), and the place of the thread id's address among its arguments.
CLONE = {"x86_64": (56, 3), "aarch64": (220, 4)}.get(platform.machine())

_libc = ctypes.PyDLL(None, use_errno=True)


def fork() -> int:
    """Forks a sibling of this process: 1 in the new one, 0 in this one, -1 on failure."""
    made = _clone() if CLONE and len(os.listdir("/proc/self/task")) == 1 else None  # noqa: PTH208
    return _twice() if made is None else made


def _clone() -> int | None:
    """None where the system does not do it this way.

    The C library's own fork also takes its locks, which with a single thread nobody holds.
    """
    address = ctypes.c_void_p()
    # The C library keeps the thread's id at this address: without it the child has its parent's.
    if CLONE is None or _libc.prctl(PR_GET_TID_ADDRESS, ctypes.byref(address), 0, 0, 0):
        return None
    number, place = CLONE
    arguments = [ctypes.c_long(0) for _ in range(5)]
    arguments[0] = ctypes.c_long(FLAGS)
    arguments[place] = ctypes.c_long(address.value or 0)
    ctypes.pythonapi.PyOS_BeforeFork()
    made = _libc.syscall(ctypes.c_long(number), *arguments)
    if made == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return 1
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    return 0 if made > 0 else None


def _twice() -> int:
    try:
        middle = os.fork()
    except OSError:
        return -1
    if middle == 0:
        try:
            last = os.fork()
        except OSError:
            os._exit(1)
        if last:
            os._exit(0)
        return 1
    # A program that ignores SIGCHLD leaves no status to read.
    with contextlib.suppress(ChildProcessError):
        return -1 if os.waitpid(middle, 0)[1] else 0
    return 0
