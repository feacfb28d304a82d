"""What a program can find beyond its container: secrets, the host, a network."""

import contextlib
import os
import socket

from ultrainteract.sandbox.checks.bench import Bench, expect_ok
from ultrainteract.sandbox.checks.case import properties

# A program that looks for a secret must not hold it: it gets it reversed.
SEARCH = """
import contextlib, os
secret, file, found = {reversed!r}[::-1], {file!r}, []
def search(what, data):
    if secret.encode() in data: found.append(what)
def read(path):
    with contextlib.suppress(OSError):
        with open(path, "rb") as opened: search(path, opened.read(2**22))
search("environment", repr(dict(os.environ)).encode())
for path in (file, "/proc/1/root" + file, "/host" + file): read(path)
for pid in filter(str.isdigit, os.listdir("/proc")):
    for entry in ("environ", "cmdline", "maps"): read(f"/proc/{{pid}}/{{entry}}")
    read(f"/proc/{{pid}}/root" + file)
    read(f"/proc/{{pid}}/cwd/" + os.path.basename(file))
with contextlib.suppress(OSError):
    search("folder", repr(os.listdir(os.path.dirname(file))).encode())
found
"""
HOST = """
import os
found = []
for path in ("/etc/shadow", "/var/run/docker.sock", "/run/docker.sock", "/dev/mem", "/dev/kmem",
             "/proc/kcore", "/root/.ssh", "/root/.bashrc", "/dev/sda", "/proc/1/environ"):
    try:
        os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        found.append(path)
    except OSError: pass
found
"""
# The kernel's arguments hold its source, which is no secret, but nothing of the host.
ARGUMENTS = """
with open("/proc/1/cmdline", "rb") as file: arguments = file.read().decode("utf-8", "replace")
[word for word in {words!r} if word[::-1] in arguments]
"""
NETWORK = """
import contextlib, socket
found = []
def trying(what, *address, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    with contextlib.suppress(OSError):
        with socket.socket(family, kind) as one:
            one.settimeout(0.5); one.connect(*address); found.append(what)
for host in {hosts!r}: trying(f"host {{host}}", (host, {port}))
trying("abstract socket", {abstract!r}, family=socket.AF_UNIX)
# Where this host is in reach, nobody else is asked.
for host in () if found else ("1.1.1.1", "172.17.0.1", "169.254.169.254"):
    trying("tcp " + host, (host, 53))
    with contextlib.suppress(OSError):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", (host, 53)); found.append("udp " + host)
if not found: trying("ipv6", ("2606:4700:4700::1111", 53), family=socket.AF_INET6)
with contextlib.suppress(OSError):
    if not found: socket.getaddrinfo("example.com", 80); found.append("DNS")
for name, family, kind, protocol in (
    ("raw", socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    ("packet", socket.AF_PACKET, socket.SOCK_RAW, 3),
    ("packet datagram", socket.AF_PACKET, socket.SOCK_DGRAM, 3),
):
    with contextlib.suppress(OSError):
        socket.socket(family, kind, protocol).close()
        found.append(name)
with contextlib.suppress(OSError):
    found += [name for _, name in socket.if_nameindex() if name != "lo" and not dormant(name)]
found
"""
# A namespace of its own may list tunnels that no route leads to and that nobody may set up.
DORMANT = """
def dormant(name):
    try:
        with open(f"/sys/class/net/{name}/flags") as file: return int(file.read(), 16) & 1 == 0
    except OSError: return False
"""


async def no_secret_of_the_driver_is_found(bench: Bench) -> str:
    """Neither in the environment, nor in the host's files, nor in what /proc tells."""
    secret = bench.secret
    code = SEARCH.format(reversed=secret.text[::-1], file=str(secret.file))
    expect_ok("where the secret was found", "[]\n", await bench.ran(code))
    return "found nowhere"


async def no_file_of_the_host_is_read(bench: Bench) -> str:
    """Passwords, engine sockets, devices, the kernel's environment."""
    expect_ok("what was read", "[]\n", await bench.ran(HOST))
    return "nothing"


async def the_kernels_arguments_tell_nothing_of_the_host(bench: Bench) -> str:
    """No path, host name, or user of the driver in /proc/1/cmdline."""
    words = {os.getcwd(), socket.gethostname(), str(bench.secret.file.parent), bench.secret.text}  # noqa: PTH109
    code = ARGUMENTS.format(words=sorted(word[::-1] for word in words if len(word) > 3))  # noqa: PLR2004
    result = await bench.ran(code)
    if "Error" not in result.output:
        expect_ok("words of the host in it, reversed", "[]\n", result)
    return "no word of the host"


async def nothing_is_reached_over_a_network(bench: Bench) -> str:
    """No host, no name, no raw socket, no interface but a loopback of its own."""
    abstract = f"\0{bench.secret.text}"
    with socket.create_server(("", 0)) as server, socket.socket(socket.AF_UNIX) as hidden:
        hidden.bind(abstract)
        hidden.listen()
        hosts = ["127.0.0.1", *_own_addresses()]
        code = NETWORK.format(hosts=hosts, port=server.getsockname()[1], abstract=abstract)
        expect_ok("what was reached", "[]\n", await bench.ran(DORMANT + code))
    return "nothing"


def _own_addresses() -> list[str]:
    """Addresses of this host, as far as its name tells."""
    with contextlib.suppress(OSError):
        found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
        return sorted({str(entry[4][0]) for entry in found})
    return []


PROPERTIES = (
    *properties(
        "reach",
        no_secret_of_the_driver_is_found,
        no_file_of_the_host_is_read,
        nothing_is_reached_over_a_network,
        concedable=False,
    ),
    *properties("reach", the_kernels_arguments_tell_nothing_of_the_host),
)
