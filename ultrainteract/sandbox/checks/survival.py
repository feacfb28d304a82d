"""Hostile programs that will not go, take others along, or stand in the way of their own end."""

from ultrainteract.sandbox.checks.exhaustion import SECONDS
from ultrainteract.sandbox.checks.program import Program
from ultrainteract.types import Outcome

DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            with open("/proc/self/comm", "w") as file: file.write("daemon")
            time.sleep(0.05)
    os._exit(0)
os.wait()
print("left")
"""
LOUD_DAEMON = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: os.write(1, b"ghost"); time.sleep(0.01)
    os._exit(0)
os.wait()
"""
DEAF_DAEMONS = """
import os, signal, time
for _ in range(20):
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 65):
            try: signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError): pass
        while True:
            if os.fork(): os._exit(0)
            os.setsid()
print("left")
"""
DEAF = """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True: pass
"""
BLOCKED = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True: pass
"""
KILL_ALL = """
import os
reached = []
for pid in [-1, *range(1, 3000)]:
    if pid != os.getpid():
        try:
            os.kill(pid, 9)
            reached.append(pid)
        except OSError:
            pass
print("pid 1" if 1 in reached else "not pid 1")
"""
FROZEN_BY_ITS_CHILD = """
import os, signal, time
if os.fork() == 0:
    while True:
        os.kill(os.getppid(), signal.SIGSTOP); time.sleep(0.01)
while True: pass
"""
CLOSES_OUTPUT = """
import os, sys
print("before", flush=True)
for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__): stream.close()
os.closerange(1, 3)
null = [os.open("/dev/null", os.O_WRONLY) for _ in range(2)]
"""
CLOSES_ALL = """
import os
print("before", flush=True)
os.closerange(0, 1024)
"""
REPLACES_ALL = """
import os, socket
print("before", flush=True)
a, b = socket.socketpair()
for fd in range(256):
    if fd not in (a.fileno(), b.fileno()):
        try: os.fstat(fd); os.dup2(a.fileno(), fd)
        except OSError: pass
b.sendall(b"\\x01" * 4096)
"""
LEFT_BEHIND = """
import atexit, gc, signal, sys, threading, time
def ghost():
    while True:
        time.sleep(0.005); print("ghost", flush=True)
threading.Thread(target=ghost, daemon=True).start()
atexit.register(print, "ghost")
signal.signal(signal.SIGALRM, signal.SIG_DFL)
signal.setitimer(signal.ITIMER_REAL, 0.05)
sys.setswitchinterval(100)
gc.disable()
sys.excepthook = sys.unraisablehook = print
"""
TRACE = """
import sys
def trace(*args): raise RuntimeError("traced")
sys.setprofile(trace)
sys.settrace(trace)
"""

EXCEPTION, KILLED, OK, TIMEOUT = Outcome.EXCEPTION, Outcome.KILLED, Outcome.OK, Outcome.TIMEOUT

PROGRAMS = (
    Program("daemon", DAEMON, (OK,), "left"),
    Program("daemon_that_prints", LOUD_DAEMON, (OK,)),
    Program("daemons_that_fork_on", DEAF_DAEMONS, (OK, EXCEPTION), "left|Error"),
    Program("signals_ignored", DEAF, (TIMEOUT,), seconds=SECONDS),
    Program("signals_blocked", BLOCKED, (TIMEOUT,), seconds=SECONDS),
    Program(
        "stops_itself", "import os\nos.kill(os.getpid(), 19)", (TIMEOUT, KILLED), seconds=SECONDS
    ),
    Program("frozen_by_its_child", FROZEN_BY_ITS_CHILD, (TIMEOUT, KILLED), seconds=SECONDS),
    Program("kills_its_group", "import os\nos.killpg(0, 9)", (KILLED,), "SIGKILL"),
    Program("kills_all_in_reach", KILL_ALL, (OK, KILLED), hides="^pid 1"),
    Program("closes_its_output", CLOSES_OUTPUT, (OK,), "^before\n$"),
    Program("closes_every_descriptor", CLOSES_ALL, (KILLED, EXCEPTION, TIMEOUT), "^before"),
    Program(
        "replaces_every_descriptor",
        REPLACES_ALL,
        (KILLED, EXCEPTION, TIMEOUT),
        "^before",
        seconds=2 * SECONDS,
    ),
    Program("leaves_threads_and_timers", LEFT_BEHIND, (OK,)),
    Program("leaves_a_trace", TRACE, (OK, EXCEPTION)),
    Program("exit_before_printing", "import os\nos._exit(0)\nprint(1)", (KILLED,), "exit code 0"),
    Program(
        "exit_after_printing", "import os\nprint('so far')\nos._exit(0)", (KILLED,), "^so far\n"
    ),
    Program("exit_code", "import os\nos._exit(3)", (KILLED,), "exit code 3"),
    Program("sys_exit", "import sys\nsys.exit(3)", (EXCEPTION,), "SystemExit: 3"),
)
