"""Hostile programs that ask the system for more than a program should have."""

from ultrainteract.sandbox.checks.exhaustion import SECONDS
from ultrainteract.sandbox.checks.program import Program
from ultrainteract.types import Outcome

# Each tells what it got; every one of them must print an empty list.
GAINS = """
import contextlib, ctypes, errno, os, resource, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
gained = []
@contextlib.contextmanager
def trying(what):
    try:
        yield
    except (OSError, ValueError, PermissionError):
        return
    gained.append(what)
def call(what, value):
    if value >= 0: gained.append(what)
"""
USERS = """
for name, change in (("setuid", os.setuid), ("setgid", os.setgid)):
    for number in (0, 1, os.getuid() + 1):
        with trying(f"{name} {number}"): change(number)
with trying("setresuid"): os.setresuid(0, 0, 0)
with trying("setgroups"): os.setgroups([0])
with trying("chown"): open("mine", "w").close(); os.chown("mine", 0, 0)
for command in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"]):
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=1)
        if done.returncode == 0: gained.append(command[0])
if 0 in os.getresuid() + os.getresgid() + tuple(os.getgroups()): gained.append("user 0")
print(gained)
"""
CAPABILITIES = """
with open("/proc/self/status") as file:
    for line in file:
        if line.startswith(("CapInh", "CapPrm", "CapEff", "CapAmb")):
            if int(line.split()[1], 16): gained.append(line.strip())
for kind in (resource.RLIMIT_AS, resource.RLIMIT_NPROC, resource.RLIMIT_NOFILE):
    most = resource.getrlimit(kind)[1]
    with trying(f"limit {kind}"): resource.setrlimit(kind, (most + 1, most + 1))
with trying("nice"): os.nice(-5)
with trying("oom score"):
    with open("/proc/self/oom_score_adj", "w") as file: file.write("-1000")
print(gained)
"""
NAMESPACES = """
for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("network", 0x40000000),
                   ("pid", 0x20000000), ("ipc", 0x8000000), ("uts", 0x4000000)):
    if os.fork() == 0:
        os._exit(0 if libc.unshare(flag) == 0 else 1)
    if os.wait()[1] == 0: gained.append("unshare " + name)
for kind in ("user", "mnt", "net", "pid"):
    with trying("setns " + kind):
        fd = os.open("/proc/1/ns/" + kind, os.O_RDONLY)
        if libc.setns(fd, 0): raise OSError
with trying("uid_map"):
    with open("/proc/self/uid_map", "w") as file: file.write("0 0 1")
print(gained)
"""
MOUNTS = """
os.mkdir("m")
call("mount tmpfs", libc.mount(b"none", b"m", b"tmpfs", 0, None))
call("mount proc", libc.mount(b"proc", b"m", b"proc", 0, None))
call("bind", libc.mount(b"/", b"m", None, 4096, None))
call("remount", libc.mount(None, b"/", None, 32, None))
call("umount", libc.umount2(b"/proc", 2))
with trying("chroot"): os.chroot("m")
print(gained)
"""
CLOCK = """
import time
for clock in (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC):
    with trying(f"clock {clock}"): time.clock_settime(clock, 0)
print(gained)
"""
# Patches every clock that Python has, takes its timers away, and runs on.
OWN_CLOCK = """
import signal, time
for name in ("time", "monotonic", "perf_counter", "process_time", "time_ns", "monotonic_ns"):
    setattr(time, name, lambda: 0)
for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
    signal.setitimer(timer, 0)
while True: pass
"""
KERNEL_CALLS = """
import platform
numbers = {"x86_64": (321, 298, 248, 250, 323, 175, 246),
           "aarch64": (280, 241, 217, 219, 282, 105, 104)}
names = ("bpf", "perf_event_open", "add_key", "keyctl", "userfaultfd", "init_module",
         "kexec_load")
for name, number in zip(names, numbers.get(platform.machine(), ())):
    call(name, libc.syscall(number, 0, 0, 0, 0, 0, 0))
with trying("ptrace of pid 1"):
    if libc.ptrace(16, 1, 0, 0): raise OSError
print(gained)
"""

NOTHING = r"^\[\]\n$"

PROGRAMS = (
    Program("other_users", GAINS + USERS, (Outcome.OK,), NOTHING),
    Program("capabilities_and_limits", GAINS + CAPABILITIES, (Outcome.OK,), NOTHING),
    Program("namespaces", GAINS + NAMESPACES, (Outcome.OK,), NOTHING),
    Program("mounts", GAINS + MOUNTS, (Outcome.OK,), NOTHING),
    Program("clocks_of_the_system", GAINS + CLOCK, (Outcome.OK,), NOTHING),
    Program("its_own_clocks", OWN_CLOCK, (Outcome.TIMEOUT,), "timeout", seconds=SECONDS),
    Program("kernel_calls", GAINS + KERNEL_CALLS, (Outcome.OK,), NOTHING),
)
