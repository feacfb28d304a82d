"""What bwrap is told: the namespaces, file system and environment of a sandbox.

The root holds the system's libraries and programs, this Python without what is installed in it,
and the packages of docker/requirements.txt, all read-only; two bounded temporary folders; three
devices. bwrap cannot bound a folder's entries, so `enclosure` mounts those, with a capability that
it then gives up. Nothing of this process's environment passes.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from ultrainteract.errors import SetupError
from ultrainteract.resources import folder
from ultrainteract.sandbox import enclosure

MOUNTS = {
    "/tmp": "size=128m,nr_inodes=20000,mode=0711",  # noqa: S108
    "/dev/shm": "size=16m,nr_inodes=1000,mode=1733",  # noqa: S108
}
# What the kernel keeps: to count memory, and where it can, to change user and to kill.
KEEP = {True: ("SYS_PTRACE",), False: ("KILL", "SETGID", "SETUID", "SYS_PTRACE")}
SYS_ADMIN = 21
ENVIRONMENT = {
    "PATH": "/python/bin:/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108
    "LANG": "C.UTF-8",
    "LD_LIBRARY_PATH": "/python/lib",
    "MPLBACKEND": "Agg",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "PYTHONPATH": "/packages",
    # One thread a process: a fork keeps one thread only, and pools of OpenBLAS do not survive it.
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
SYSTEM = ("/usr/bin", "/usr/lib", "/usr/lib64", "/bin", "/lib", "/lib64", "/etc/ld.so.cache")
DEVICES = ("/dev/null", "/dev/random", "/dev/urandom")
DEBIAN = Path("/usr/lib/python3/dist-packages")
NO_BWRAP = "there is no bwrap; run docker/bubblewrap.sh, or put bubblewrap 0.4 or newer on PATH"
NO_PACKAGES = "the sandbox's packages are not in {packages}; run docker/bubblewrap.sh"
NO_MACHINE = "bubblewrap sandboxes know Linux on {known}, and this is {system} on {machine}"
NO_POWERS = (
    "bubblewrap sandboxes started by root need its capabilities (SYS_ADMIN, SETUID, SETGID, KILL, "
    "SYS_PTRACE), and this root lacks some; run this as an ordinary user"
)
# The one user id that there is where notebooks share it.
UID = 2_100_000_000


def enclosed(packages: Path) -> Callable[..., list[str]]:
    """Makes a command line of a Python program and its arguments: the program runs as pid 1.

    Raises `SetupError` where a part is missing.
    """
    if sys.platform != "linux" or platform.machine() not in enclosure.MACHINES:
        known, system, machine = ", ".join(enclosure.MACHINES), sys.platform, platform.machine()
        raise SetupError(NO_MACHINE.format(known=known, system=system, machine=machine))
    if not packages.is_dir():
        raise SetupError(NO_PACKAGES.format(packages=packages))
    shared_uid = os.geteuid() != 0
    if not shared_uid and not mighty():
        raise SetupError(NO_POWERS)
    words, keep = [bwrap(), *namespaces(shared_uid=shared_uid)], KEEP[shared_uid]
    for name in ("SYS_ADMIN", *keep):
        words += ["--cap-add", f"CAP_{name}"]
    words += root(packages)
    first = Path(enclosure.__file__).read_text("utf-8")
    set_up = f"{first}\nimport json, sys\nset_up(**json.loads(sys.argv[-1]))\n"
    last = json.dumps({"mounts": MOUNTS, "keep": keep})
    return lambda program, *arguments: [*words, "-c", set_up + program, *arguments, last]


def namespaces(*, shared_uid: bool) -> list[str]:
    """Everything unshared; killed with its parent, and no terminal to type into."""
    words = [f"--unshare-{name}" for name in ("pid", "net", "ipc", "uts")]
    words += ["--unshare-cgroup-try", "--hostname", "sandbox", "--cap-drop", "ALL"]
    words += ["--die-with-parent", "--new-session", "--as-pid-1"]
    if shared_uid:
        words += ["--unshare-user", "--uid", str(UID), "--gid", str(UID)]
    return words


def root(packages: Path) -> list[str]:
    """The file system and the environment, then the interpreter: this one's base."""
    base, version = Path(sys.base_prefix).resolve(), f"python{mine()}"
    prefix = Path("/usr") if base == Path("/usr") else Path("/python")
    words = system()
    if prefix != base:
        words += ["--ro-bind", str(base), str(prefix)]
    words += ["--ro-bind", str(packages), "/packages", "--proc", "/proc", "--tmpfs", "/dev"]
    for device in DEVICES:
        words += ["--dev-bind", device, device]
    for mount in MOUNTS:
        words += ["--dir", mount]
    # What the host has installed for its own Python is no part of the sandbox's.
    for place in (f"lib/{version}/site-packages", f"lib64/{version}/site-packages"):
        if (base / place).is_dir():
            words += hidden(prefix / place)
    if DEBIAN.is_dir():
        words += hidden(DEBIAN)
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    return [*words, str(prefix / "bin" / version)]


def system() -> list[str]:
    """The libraries and programs of the host's own system."""
    # Made on the way to a mount, only their owner could enter them.
    words = ["--dir", "/usr", "--dir", "/etc"]
    for place in map(Path, SYSTEM):
        if place.is_symlink():
            words += ["--symlink", str(place.readlink()), str(place)]
        elif place.exists():
            words += ["--ro-bind", str(place), str(place)]
    return words


def hidden(place: Path) -> list[str]:
    """An empty folder over a folder."""
    return ["--tmpfs", str(place), "--remount-ro", str(place)]


def default_packages() -> Path:
    """Where docker/bubblewrap.sh puts packages for this Python: in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    wanted = sha256((folder("docker") / "requirements.txt").read_bytes()).hexdigest()[:12]
    name = f"packages-{mine()}-{platform.machine()}-{wanted}"
    return Path(cache, "ultrainteract", name)


def mine() -> str:
    """The version of Python that runs this, `3.11`."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def bwrap() -> str:
    """Its path. Raises `SetupError` where there is none."""
    found = shutil.which("bwrap")
    if found is None:
        raise SetupError(NO_BWRAP)
    return found


def mighty() -> bool:
    """Whether this is root with the capabilities to give each notebook a user id."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    needed = sum(1 << number for number in (*enclosure.CAPABILITIES.values(), SYS_ADMIN))
    return os.geteuid() == 0 and int(status["CapEff"], 16) & needed == needed
