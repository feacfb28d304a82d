"""The service as a process: a socket, the application on it, the queue beside it.

The first SIGINT or SIGTERM stops it cleanly: runs under way stop where they can go on, and the
next service goes on with them. The second hurries those runs.
"""

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Callable, Generator

import uvicorn

from ultrainteract.errors import SetupError, boundary
from ultrainteract.web.service.application import application
from ultrainteract.web.service.deletion import Deletion
from ultrainteract.web.service.dispatcher import Dispatcher
from ultrainteract.web.service.engines import SharedEngines
from ultrainteract.web.service.house import House
from ultrainteract.web.service.ledger import Ledger
from ultrainteract.web.service.tokens import Token
from ultrainteract.web.service.viewed import Viewed

# A stream of events ends with the service, not before.
_FAREWELL = 2
_CLIENTS = 500


class _Server(uvicorn.Server):
    """Signals are ours: uvicorn would end the process by the one that it got."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def is_loopback(host: str) -> bool:
    """Whether nobody but this machine reaches it; a name is looked up. Raises `SetupError`."""
    with boundary(SetupError, f"look up --host {host!r}", OSError, UnicodeError):
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]).partition("%")[0] for one in found]
    return all(ipaddress.ip_address(one).is_loopback for one in addresses)


def listen(host: str, port: int) -> socket.socket:
    """Raises `SetupError` where the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with boundary(SetupError, f"cannot listen on {host}:{port}", OSError, OverflowError):
        return socket.create_server((host, port), family=family)


async def run(
    house: House, token: Token, door: socket.socket, at_once: int, say: Callable[[str], None]
) -> None:
    """Serve on `door` until a signal. Needs a `HouseLock`."""
    ledger = Ledger(house.own)
    engines = SharedEngines(house.base.models, house.own / "logs")
    dispatcher = Dispatcher(house, ledger, engines, at_once)
    viewed = Viewed(house, ledger)
    Deletion(house, ledger, viewed).finish()
    server = _Server(
        uvicorn.Config(
            application(dispatcher, token, viewed),
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            limit_concurrency=_CLIENTS,
            timeout_graceful_shutdown=_FAREWELL,
        )
    )

    def on_signal() -> None:
        if server.should_exit:
            say("hurrying: everything recorded is kept")
            dispatcher.hurry()
            return
        say("stopping: runs stop where the next service goes on (again: at once)")
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(dispatcher.work())
            await server.serve([door])
            await dispatcher.stop()
    except BaseExceptionGroup as group:
        raise _first(group) from group
    finally:
        await engines.close()
        viewed.close()
        ledger.close()


def _first(error: BaseException) -> BaseException:
    return _first(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error
