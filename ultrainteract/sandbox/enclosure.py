"""What bwrap leaves open, closed by the kernel's own process. Standard library only.

`set_up` runs first: bounded file systems, a system call filter, fewer capabilities.
The preloaded interpreter goes on with `enter`, before it imports anything. The filter refuses what
has no use in a program and reaches the system, other processes, or memory that nobody counts; what
it does not know it allows. Numbers of system calls: include/uapi/asm of Linux 6.1.
"""

import contextlib
import ctypes
import errno
import itertools
import os
import signal
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

Instruction: TypeAlias = tuple[int, int, int, int]
# The number of a system call on each of `MACHINES`.
Call: TypeAlias = tuple[int, int]

MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
REFUSED = """
unshare 272 97, setns 308 268, mount 165 40, umount2 166 39, pivot_root 155 41, chroot 161 51,
open_tree 428 428, move_mount 429 429, fsopen 430 430, fsconfig 431 431, fsmount 432 432,
fspick 433 433, mount_setattr 442 442, ptrace 101 117, process_vm_readv 310 270,
process_vm_writev 311 271, process_madvise 440 440, pidfd_getfd 438 438, kcmp 312 272,
bpf 321 280, perf_event_open 298 241, userfaultfd 323 282, io_uring_setup 425 425,
io_uring_enter 426 426, io_uring_register 427 427, keyctl 250 219, add_key 248 217,
request_key 249 218, memfd_secret 447 447, shmget 29 194, semget 64 190, msgget 68 186,
vmsplice 278 75, kexec_load 246 104, kexec_file_load 320 294, init_module 175 105,
finit_module 313 273, delete_module 176 106, reboot 169 142, swapon 167 224, swapoff 168 225,
acct 163 89, quotactl 179 60, quotactl_fd 443 443, syslog 103 116, sethostname 170 161,
setdomainname 171 162, settimeofday 164 170, clock_settime 227 112, adjtimex 159 171,
clock_adjtime 305 266, iopl 172 -1, ioperm 173 -1, modify_ldt 154 -1, vhangup 153 58,
name_to_handle_at 303 264, open_by_handle_at 304 265, fanotify_init 300 262, mbind 237 235,
set_mempolicy 238 237, migrate_pages 256 238, move_pages 279 239, set_mempolicy_home_node 450 450
"""
# Allowed with these arguments alone (place, value): for oneself, not for another process.
OWN = {
    (302, 261): ((0, 0),),  # prlimit64
    (141, 140): ((0, 0), (1, 0)),  # setpriority
    (251, 30): ((0, 1), (1, 0)),  # ioprio_set
    (203, 122): ((0, 0),),  # sched_setaffinity
    (144, 119): ((0, 0),),  # sched_setscheduler
    (142, 118): ((0, 0),),  # sched_setparam
    (314, 274): ((0, 0),),  # sched_setattr
}
CLONE, CLONE3, SOCKET, MEMFD_CREATE = (56, 220), (435, 435), (41, 198), (319, 279)
# kill, tkill, tgkill, rt_sigqueueinfo, rt_tgsigqueueinfo, pidfd_open
SIGNALS = ((62, 129), (200, 130), (234, 131), (129, 138), (297, 240), (434, 434))
PIDFD_SEND_SIGNAL, FCNTL = (424, 424), (72, 25)
SETOWN = (8, 15)  # F_SETOWN, F_SETOWN_EX
NAMESPACES = 0x7E020000
# Families of sockets. Some, as vsock, do not end at a network namespace.
UNIX, INET, INET6 = 1, 2, 10

LOAD, EQUAL, GREATER, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
ERRNO = 0x00050000
ALLOWED: Instruction = (RETURN, 0, 0, 0x7FFF0000)
STEP = 8
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
# LANDLOCK_ACCESS_FS_*: write to a file, remove entries, make them of any kind but folders, whose
# depth would cost as much at every one; newer: REFER, TRUNCATE, since these versions of Landlock.
WRITE_FILE, MAKE_DIR, MOVING, TRUNCATING = 1 << 1, 1 << 7, 1 << 13, 1 << 14
WRITING = WRITE_FILE | sum(1 << bit for bit in range(4, 13)) & ~MAKE_DIR
MOVES_SINCE, TRUNCATES_SINCE = 2, 3
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 22, 38
MS_NOSUID_NODEV = 6
CAPABILITIES = {"KILL": 5, "SETGID": 6, "SETUID": 7, "SYS_PTRACE": 19}

_libc = ctypes.CDLL(None, use_errno=True)


def set_up(mounts: Mapping[str, str], keep: Sequence[str]) -> None:
    """Everything for pid 1: `mounts` are folders with their tmpfs options, `keep` the names of the
    capabilities it goes on with. Raises OSError."""
    for folder, options in mounts.items():
        place, data = folder.encode(), options.encode()
        _checked(_libc.mount(b"tmpfs", place, b"tmpfs", MS_NOSUID_NODEV, data))
    # When the host runs out of memory, this goes before the host's own work.
    Path("/proc/self/oom_score_adj").write_text("500", "ascii")
    install(outer())
    keep_capabilities(*keep)


def seal() -> None:
    """Keep programs of this process's own user off it, where they have no other: for pid 1."""
    _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    # The system keeps every signal without a handler from pid 1, and Python handles this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def enter(*, shared_uid: bool) -> None:
    """For the preloaded interpreter: what only the kernel needs is gone for good."""
    if shared_uid:
        keep_capabilities()
        _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    install(_program(_refusals([MEMFD_CREATE])))


def stay_within(folders: Sequence[str]) -> None:
    """Change files beneath these alone, whoever else's they are: for programs that share a user id.

    Changes nothing where the system has no Landlock, and in a sixteenth domain inside the other.
    """
    version = _libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, 1)
    if version < 1:
        return
    whole = WRITING | (MOVING if version >= MOVES_SINCE else 0)
    whole |= TRUNCATING if version >= TRUNCATES_SINCE else 0
    attributes = struct.pack("Q", whole)
    rules = _libc.syscall(LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    for place, allowed in [*((folder, whole) for folder in folders), (os.devnull, WRITE_FILE)]:
        beneath = os.open(place, os.O_PATH)
        rule = struct.pack("=Qi", allowed, beneath)
        _checked(_libc.syscall(LANDLOCK_ADD_RULE, rules, 1, rule, 0))
        os.close(beneath)
    _libc.syscall(LANDLOCK_RESTRICT_SELF, rules, 0)
    os.close(rules)


def spare_elders() -> None:
    """Signals reach this process and younger ones only: for systems without Landlock scopes.

    Process ids grow until they wrap around; whoever is reached then is noticed by the kernel.
    Changes nothing where there are no filters.
    """
    if os.uname().machine in MACHINES:
        with contextlib.suppress(OSError):
            install(elders(os.getpid()))


def keep_capabilities(*names: str) -> None:
    """Give up all others. Raises OSError."""
    kept = sum(1 << CAPABILITIES[name] for name in names)
    # Version 3 of the header, this process; effective, permitted, inheritable, twice 32 bits.
    header = struct.pack("Ii", 0x20080522, 0)
    _checked(_libc.capset(header, struct.pack("6I", kept, kept, 0, 0, 0, 0)))


def install(program: bytes) -> None:
    """Filter the system calls of this process and all it starts. Raises OSError."""
    code = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("HxxxxxxP", len(program) // STEP, ctypes.addressof(code))
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _checked(_libc.prctl(PR_SET_SECCOMP, 2, fprog, 0, 0))


def outer() -> bytes:
    """The filter of everything in the sandbox, its kernel included."""
    rules = _refusals(_pair(entry) for entry in REFUSED.split(","))
    rules += _refusals([CLONE3], errno.ENOSYS)
    rules += _rule(CLONE, [_load(0), (ANY_BIT, 0, 1, NAMESPACES), _refuse()])
    for call, arguments in OWN.items():
        checks = ([_load(place), (EQUAL, 1, 0, value), _refuse()] for place, value in arguments)
        rules += _rule(call, itertools.chain.from_iterable(checks))
    families = [(EQUAL, 4, 0, UNIX), (EQUAL, 1, 0, INET), (EQUAL, 0, 1, INET6)]
    rules += _rule(SOCKET, [_load(0), *families, _refuse(errno.ENETUNREACH), _refuse()])
    return _program(rules)


def elders(pid: int) -> bytes:
    """The filter that keeps signals from processes older than `pid`."""
    # 0 is the own group; a group's number is negative, and -1 means everybody.
    spared = [(EQUAL, 3, 0, 0), (AT_LEAST, 0, 1, pid), (GREATER, 0, 1, 2**32 - pid), _refuse()]
    rules = _refusals([PIDFD_SEND_SIGNAL])
    for call in SIGNALS:
        rules += _rule(call, [_load(0), *spared])
    owners = ([(EQUAL, 0, 1, command), _refuse()] for command in SETOWN)
    return _program([*rules, *_rule(FCNTL, [_load(1), *itertools.chain.from_iterable(owners)])])


def _program(rules: Iterable[Instruction]) -> bytes:
    """`rules` for calls of this machine's own kind; what they let pass is allowed."""
    start = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, MACHINES[os.uname().machine][1]),
        _refuse(errno.ENOSYS),
        (LOAD, 0, 0, 0),
        # Calls of x86's x32 kind have this bit.
        (AT_LEAST, 0, 1, 0x40000000),
        _refuse(errno.ENOSYS),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in [*start, *rules, ALLOWED])


def _rule(call: Call, checks: Iterable[Instruction]) -> list[Instruction]:
    """For one system call: the first check that refuses decides."""
    number = call[MACHINES[os.uname().machine][0]]
    body = [*checks, ALLOWED]
    return [(EQUAL, 0, len(body), number), *body] if number >= 0 else []


def _refusals(calls: Iterable[Call], error: int = errno.EPERM) -> list[Instruction]:
    return [step for call in calls for step in _rule(call, [_refuse(error)])]


def _refuse(error: int = errno.EPERM) -> Instruction:
    return RETURN, 0, 0, ERRNO | error


def _load(argument: int) -> Instruction:
    """The low half of an argument of the call."""
    return LOAD, 0, 0, 16 + 8 * argument


def _pair(entry: str) -> Call:
    _, first, second = entry.split()
    return int(first), int(second)


def _checked(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
