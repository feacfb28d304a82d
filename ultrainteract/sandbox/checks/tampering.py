"""Hostile programs that lie about themselves, or spoil what others rely on.

A forged frame is what the kernel and its interpreters say to each other, written blindly to every
descriptor. Lies inside a program's own process reach its own children alone.
"""

from ultrainteract.sandbox.checks.exhaustion import SECONDS
from ultrainteract.sandbox.checks.program import Program
from ultrainteract.types import Outcome

FORGE = """
import json, os, struct
print("before", flush=True)
bodies = [json.dumps({"status": status}).encode() for status in ("ok", "ready", "exception")]
bodies += [json.dumps({"id": n, "outcome": "ok", "output": "forged", "tainted": ""}).encode()
           for n in range(3)]
forged = b"".join(struct.pack("!I", len(body)) + body for body in bodies)
forged += b"".join(body + b"\\n" for body in bodies)
for fd in [0, *range(3, 256)]:
    try:
        os.set_blocking(fd, False); os.write(fd, forged)
    except OSError:
        pass
"""
FORGED_OUTPUT = """
print('{"id": 1, "outcome": "memory", "output": "forged", "tainted": "forged"}')
print("[timeout: stopped after 4 s]")
"""
DELETES = """
import os, shutil, sys
removed = []
for module in list(sys.modules.values()):
    file = getattr(module, "__file__", None)
    if file:
        try: os.remove(file); removed.append(file)
        except OSError: pass
for top in ("/usr", "/opt", "/etc", "/var", "/proc", "/dev", "/tmp"):
    shutil.rmtree(top, ignore_errors=True)
print("removed", removed)
"""
OWN_FOLDER = "import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)"
LOCKED_FOLDER = "import os\nos.mkdir('d', 0)\nos.chmod('.', 0)"
POISONED_FILES = """
import os, sys
for name in ("numpy", "json", "random", "os", "contextlib", "sitecustomize", "usercustomize"):
    with open(name + ".py", "w") as file: file.write("raise SystemExit('poisoned')")
    for folder in filter(None, sys.path):
        try:
            with open(os.path.join(folder, name + ".py"), "w") as file: file.write("1 / 0")
            print("wrote", folder)
        except OSError: pass
sys.path.insert(0, os.getcwd())
"""
POISONED_MODULES = """
import sys, types
for name in list(sys.modules):
    if name not in ("sys", "types", "builtins"): sys.modules[name] = types.ModuleType(name)
"""
PATCHED = """
import builtins, json, os, random, signal, socket
def lie(*args, **kwargs): return "lie"
for name in ("print", "len", "str", "int", "open", "repr", "compile", "eval", "isinstance"):
    setattr(builtins, name, lie)
for module in (json, os, random, signal, socket):
    for name in dir(module):
        if not name.startswith("__"):
            try: setattr(module, name, lie)
            except (AttributeError, TypeError): pass
"""
PATCHED_INTERPRETER = """
import gc, sys, types
def lie(*args, **kwargs): return "ok"
for module in [m for m in gc.get_objects() if isinstance(m, types.ModuleType)]:
    if module.__name__.startswith("ultrainteract"):
        for name, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType): setattr(module, name, lie)
"""
SPECIAL_FILES = """
import os, socket
os.mkfifo("numpy.py"); os.mkfifo("output"); os.symlink("/etc/shadow", "stdout")
os.symlink("loop", "loop"); os.symlink("/proc/self/mem", "mem"); os.symlink("/", "root")
os.symlink("..", "up")
socket.socket(socket.AF_UNIX).bind("s")
for kind in (0o020666, 0o060666):
    try:
        os.mknod("node" + str(kind), kind, os.makedev(1, 3)); print("made a device")
    except OSError: pass
"""
READ_ONLY = """
import os, sys
written = []
tops = ["/", "/etc", "/usr", "/usr/bin", "/opt", "/opt/packages", "/var/tmp", "/root", "/home",
        "/run", "/dev", "/proc/sys/kernel", "/sys", "/sys/fs/cgroup", "/tmp", "/mnt", *sys.path]
for top in filter(None, tops):
    try:
        with open(os.path.join(top, "hostile"), "w"): written.append(top)
    except OSError: pass
for file in ("/etc/hostname", "/etc/passwd", "/etc/hosts", "/proc/sysrq-trigger",
             "/proc/sys/kernel/core_pattern", "/proc/1/oom_score_adj", "/proc/1/comm",
             sys.executable):
    try:
        with open(file, "r+b"): written.append(file)
    except OSError: pass
print(sorted(set(written)))
"""

EXCEPTION, KILLED, OK, TIMEOUT = Outcome.EXCEPTION, Outcome.KILLED, Outcome.OK, Outcome.TIMEOUT

PROGRAMS = (
    Program(
        "forged_then_raises",
        FORGE + "raise KeyError('true end')",
        (EXCEPTION,),
        "true end",
        safe=True,
    ),
    Program(
        "forged_then_loops", FORGE + "while True: pass", (TIMEOUT,), seconds=SECONDS, safe=True
    ),
    Program("forged_then_exits", FORGE + "os._exit(5)", (KILLED,), "exit code 5", safe=True),
    Program("forged_then_ends", FORGE, (OK,), "^before\n$", safe=True),
    Program("forged_output", FORGED_OUTPUT, (OK,), r"stopped after 4 s\]\n$", safe=True),
    Program("deletes_the_kernels_files", DELETES, (OK,), r"removed \[\]"),
    Program("deletes_its_folder", OWN_FOLDER, (OK,)),
    Program("locks_its_folder", LOCKED_FOLDER, (OK,)),
    Program("poisoned_files", POISONED_FILES, (OK,), hides="wrote /(usr|opt)"),
    Program("poisoned_modules", POISONED_MODULES, (OK, EXCEPTION, KILLED), safe=True),
    Program("patched_builtins", PATCHED, (OK, EXCEPTION, KILLED, TIMEOUT), safe=True),
    Program("patched_interpreter", PATCHED_INTERPRETER, (OK, EXCEPTION, KILLED), safe=True),
    Program("special_files", SPECIAL_FILES, (OK,), hides="made a device"),
    Program("read_only_root", READ_ONLY, (OK,), r"^\[\]\n$"),
)
