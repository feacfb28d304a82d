"""What a process gives up before foreign code runs in it. Standard library only.

A notebook takes a user id of its own for good. Each execution closes a Landlock domain behind
itself where the system has them: it can signal and trace nothing but what it started, and meet
nobody on the loopback device.
"""

import contextlib
import ctypes
import os
import resource
import struct
from collections.abc import Mapping
from pathlib import Path

from ultrainteract.sandbox import enclosure

FILES = 256
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
# handled_access_fs (none), handled_access_net (TCP), scoped (abstract unix sockets, signals):
# what Linux 6.12 offers, and what 6.7 does.
RULES = (struct.pack("QQQ", 0, 3, 3), struct.pack("QQ", 0, 3))

_libc = ctypes.CDLL(None)


def take_user(command: Mapping[str, object]) -> None:
    """Take the notebook's user id for good, with its limits; nobody may trace this process."""
    memory, uid = int(str(command["memory"])), int(str(command["uid"]))
    for limit, value in (
        (resource.RLIMIT_AS, _address_space() + memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_NPROC, _at_most(int(str(command["processes"])))),
    ):
        resource.setrlimit(limit, (value, value))
    # The kernel must get its turn beside a hundred busy processes.
    os.nice(19)
    # First to go when memory runs out; gVisor has no such file.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    if uid == os.getuid():
        # In a user namespace of somebody who is not root there is no other.
        # Removing runs no foreign code, and would pay for the depth of every folder.
        if "remove" not in command:
            enclosure.stay_within([str(command["within"]), "/dev/shm"])  # noqa: S108
    else:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    # Forks inherit it.
    _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def close_behind() -> None:
    """Enter a domain of this execution's own. A system without them, or a sixteenth one inside
    the other, changes nothing: the user id and the kernel's watch remain."""
    for rules in RULES:
        domain = _libc.syscall(LANDLOCK_CREATE_RULESET, rules, len(rules), 0)
        if domain >= 0:
            _libc.syscall(LANDLOCK_RESTRICT_SELF, domain, 0)
            os.close(domain)
            break
    if domain < 0 or rules is not RULES[0]:
        # Without scopes for signals.
        enclosure.spare_elders()


def allow_memory(size: int) -> None:
    """At most `size` bytes more than this process has now, and never more than before."""
    before = resource.getrlimit(resource.RLIMIT_AS)[1]
    value = min(before, _address_space() + size)
    resource.setrlimit(resource.RLIMIT_AS, (value, value))


def allow(limit: int, number: int | None) -> None:
    """At most `number` of what `limit` names; None for as many as ever allowed.

    For processes: this fails a fork before it copies anything, the container's bound after.
    """
    most = resource.getrlimit(limit)[1]
    resource.setrlimit(limit, (most if number is None else min(number, most), most))


def _at_most(number: int) -> int:
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    return number if most == resource.RLIM_INFINITY else min(number, most)


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
