"""The viewer as a process: a socket on the loopback address, and the application on it."""

import socket
from collections.abc import Callable

import uvicorn

from ultrainteract.errors import UserError, boundary
from ultrainteract.web.app import viewer_app
from ultrainteract.web.shown import ShownRun

_HOST = "127.0.0.1"
# Seconds for an answer under way once the viewer is told to end.
_FAREWELL = 2


def serve(run: ShownRun, port: int, say: Callable[[str], None]) -> None:
    """Serve a run until Ctrl-C; `say` hears the address. Raises `UserError` for a port in use."""
    with boundary(UserError, f"cannot listen on port {port}; choose another --port", OSError):
        listening = socket.create_server((_HOST, port))
    with listening:
        say(f"http://{_HOST}:{listening.getsockname()[1]}/")
        config = uvicorn.Config(
            viewer_app(run),
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=_FAREWELL,
        )
        uvicorn.Server(config).run([listening])
