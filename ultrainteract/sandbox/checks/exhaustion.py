"""Hostile programs that take all they can get: time, memory, processes, output, files."""

from ultrainteract.sandbox.checks.program import Program
from ultrainteract.types import Outcome

SECONDS = 2.0

FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
# 16 MB at a time and no further than the ceiling: a sandbox without limits costs no machine.
MANY_EAT = """
import mmap, os, struct, time
CHILDREN, CEILING = 30, 1024 + 512 * (2 + min(8, os.cpu_count() or 1))
eaten = mmap.mmap(-1, 8 * CHILDREN)
living, most, last = {}, 0, time.monotonic()
for place in range(CHILDREN):
    try:
        child = os.fork()
    except OSError:
        break
    if child == 0:
        held = []
        while True:
            try:
                held.append(b"x" * 2**24)
            except MemoryError:
                time.sleep(60)
            struct.pack_into("q", eaten, 8 * place, 16 * len(held))
            time.sleep(0.01)
    living[child] = place
while living and most < CEILING and time.monotonic() - last < 0.7:
    for child in list(living):
        if os.waitpid(child, os.WNOHANG)[0]: del living[child]
    now = sum(struct.unpack_from("q", eaten, 8 * place)[0] for place in living.values())
    if now > most: most, last = now, time.monotonic()
for child in living: os.kill(child, 9)
print("no limit" if most >= CEILING else f"held at {most} MB")
"""
OUTPUT_OF_A_CHILD = """
import os
if os.fork() == 0:
    while True: os.write(1, b"x" * 65536)
os.wait()
"""
THREADS = """
import threading, time
started = 0
try:
    while started < 100_000:
        threading.Thread(target=time.sleep, args=(100,)).start()
        started += 1
finally:
    print(started < 1000)
"""
FILES = """
for number in range(100_000):
    with open(f"f{number}", "w"): pass
"""
DIRECTORIES = """
import os
for number in range(100_000):
    os.mkdir("d"); os.chdir("d")
"""
FULL_TMPFS = """
with open("big", "wb", buffering=0) as file:
    for _ in range(2000): file.write(b"x" * 2**20)
"""
FULL_SHARED = """
import errno
try:
    with open("/dev/shm/big", "wb", buffering=0) as file:
        for _ in range(2000): file.write(b"x" * 2**20)
    print("no limit")
except OSError as error:
    print(error.errno in (errno.ENOSPC, errno.EACCES, errno.ENOENT, errno.EROFS, errno.EPERM))
"""
HOLE = """
with open("hole", "wb") as file: file.truncate(2**40)
"""
DESCRIPTORS = """
import os
kept = []
while len(kept) < 100_000: kept.append(os.pipe())
"""
SEGFAULT = """
import sys
sys.setrecursionlimit(10**9)
def deeper(_): [0].sort(key=deeper)
deeper(0)
"""
ENDLESS_RECURSION = "def deeper(): return deeper()\ndeeper()"
HUGE_TRACEBACK = """
def deeper(n):
    if n == 0: raise ValueError("long " * 10**6)
    try:
        deeper(n - 1)
    except ValueError as error:
        raise ValueError("x" * 10**6) from error
deeper(200)
"""
ERROR_THAT_HANGS = """
class Hangs(Exception):
    def __str__(self):
        while True: pass
raise Hangs
"""
HUGE_INTEGER = "import sys\nsys.set_int_max_str_digits(0)\nprint(2 ** 10 ** 8)"
MANY_CODES = "x = " + "+".join(["1"] * 50_000)

EXCEPTION, KILLED, MEMORY = Outcome.EXCEPTION, Outcome.KILLED, Outcome.MEMORY
OK, OUTPUT, SYNTAX, TIMEOUT = Outcome.OK, Outcome.OUTPUT, Outcome.SYNTAX, Outcome.TIMEOUT

PROGRAMS = (
    Program("fork_bomb", FORK_BOMB, (TIMEOUT, KILLED), seconds=SECONDS),
    Program("endless_loop", "while True: pass", (TIMEOUT,), "timeout", seconds=SECONDS),
    Program("endless_sleep", "import time\ntime.sleep(600)", (TIMEOUT,), seconds=SECONDS),
    Program("loop_in_c", "9 ** 9 ** 9", (TIMEOUT, MEMORY), seconds=SECONDS),
    Program("memory_at_once", "x = bytearray(2**40)", (MEMORY,), "MemoryError"),
    Program("memory_by_and_by", "x = []\nwhile True: x.append(b'x' * 2**24)", (MEMORY,)),
    Program("memory_of_numpy", "import numpy\nnumpy.ones(2**37)", (MEMORY,)),
    Program("memory_by_many_processes", MANY_EAT, hides="no limit"),
    Program("output_flood", "while True: print('x' * 9999)", (OUTPUT,), "x{50}"),
    Program("error_flood", "import os\nwhile True: os.write(2, b'y' * 65536)", (OUTPUT,), "y{50}"),
    Program("output_flood_of_a_child", OUTPUT_OF_A_CHILD, (OUTPUT,), "x{50}"),
    Program("output_without_lines", "print('x' * 10**6, end='')", (OK,), "cut: "),
    Program("thread_flood", THREADS, (EXCEPTION,), "True"),
    Program("file_flood", FILES, (EXCEPTION,), "OSError"),
    Program("directory_flood", DIRECTORIES, (EXCEPTION,), "OSError"),
    Program("full_tmpfs", FULL_TMPFS, (EXCEPTION,), "No space left"),
    Program("full_shared_memory", FULL_SHARED, (OK,), "True"),
    Program("file_with_a_hole", HOLE, (OK, EXCEPTION)),
    Program("descriptor_flood", DESCRIPTORS, (EXCEPTION,), "Too many open files"),
    Program("recursion_to_a_segfault", SEGFAULT, (KILLED,), "SIGSEGV"),
    Program("endless_recursion", ENDLESS_RECURSION, (EXCEPTION,), "RecursionError"),
    Program("huge_traceback", HUGE_TRACEBACK, (EXCEPTION,), "ValueError"),
    Program("error_that_hangs", ERROR_THAT_HANGS, (TIMEOUT,), seconds=SECONDS),
    Program("huge_integer", "print(2 ** 10 ** 8)", (EXCEPTION,), "ValueError"),
    Program("huge_integer_unlocked", HUGE_INTEGER, (TIMEOUT, MEMORY), seconds=SECONDS),
    Program("huge_expression", MANY_CODES, (OK, SYNTAX, EXCEPTION, MEMORY, KILLED)),
)
