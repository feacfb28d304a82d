"""Functions of the host that programs call by name; the sandbox itself has no network.

Arguments and answers are JSON. What a tool says reaches the program; what goes wrong with the
machinery fails the run as `SandboxFault` and never reaches it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass


class ToolError(Exception):
    """Raised by a tool for its caller: the program gets it as a RuntimeError with this text."""


@dataclass(frozen=True, slots=True)
class HostTool:
    """An `async def` with annotated parameters of JSON types, offered under its own name.

    Arguments are checked against the signature. It has `seconds` to answer, in at most `chars`
    characters of JSON; the program's clock stands still meanwhile.
    """

    function: Callable[..., Awaitable[object]]
    seconds: float = 30.0
    chars: int = 100_000

    @property
    def name(self) -> str:
        """What programs call it."""
        return self.function.__name__
