"""The new process is a sibling of the one that forks, by either way."""

import subprocess
import sys

import pytest

FAMILY = """
import ctypes, os, sys, threading, time
from ultrainteract.sandbox import fork as module
if sys.argv[1] == "twice":
    module.CLONE = None
reader, writer = os.pipe()
kernel = os.getpid()
if os.fork() == 0:
    if sys.argv[1] == "threaded":
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    made = module.fork()
    if made == 1:
        threading.Thread(target=lambda: None).start()
        while os.getppid() != kernel:  # of two forks the first may not have ended yet
            time.sleep(0.001)
        os.write(writer, b"id kept" if threading.get_native_id() == os.getpid() else b"id lost")
        os._exit(7)
    os._exit(made)
codes = sorted(os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(2))
print(codes, os.read(reader, 100).decode())
"""


@pytest.mark.parametrize("way", ["once", "twice", "threaded"])
def test_the_grandparent_gets_the_wait_status(way: str) -> None:
    code = "import ctypes; ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)\n" + FAMILY
    done = subprocess.run(
        [sys.executable, "-c", code, way], capture_output=True, text=True, timeout=180, check=True
    )
    assert done.stdout == "[0, 7] id kept\n"
