"""HTTP with one OpenAI-compatible address: bytes out, a status and bytes back, nothing repeated.

aiohttp alone, since the openai package's client and response models cost several times what the
transport does; `tests/sampling/test_equivalence.py` holds the two against each other.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ultrainteract.sampling import connections

# The variables of the openai package that choose who pays.
_PAYERS = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}


class Unreachable(Exception):
    """The exchange broke off: no connection, or one that was cut."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    status: int
    body: bytes
    headers: Mapping[str, str]
    reason: str = ""

    @property
    def text(self) -> str:
        """The body, as far as it can be read."""
        return self.body.decode(errors="replace")

    def error(self) -> tuple[str, str]:
        """What an error's body says and its code, either may be empty."""
        try:
            body = json.loads(self.body)
        except ValueError:
            body = None
        told = body.get("error", body) if isinstance(body, dict) else None
        held = told if isinstance(told, dict) else {}
        said = held.get("message") or self.text or self.reason
        return str(said), str(held.get("code") or "")


class Exchange:
    """Asks at `url`. The key, from the environment variable `key_env`, is sent and never shown;
    without one a local server gets the word EMPTY."""

    def __init__(self, url: str, key_env: str) -> None:
        self._key_env = key_env
        self._chat = URL(f"{url}/chat/completions", encoded=True)
        self._models = URL(f"{url}/models", encoded=True)
        self._metrics = URL(f"{url.removesuffix('/v1')}/metrics", encoded=True)
        self._proxy = connections.proxy_for(url)
        self._session: aiohttp.ClientSession | None = None
        self._headers: CIMultiDict[str] = CIMultiDict()

    async def chat(self, body: bytes) -> Answer:
        """`POST /chat/completions`. Raises `Unreachable`."""
        return await self._ask("POST", self._chat, body)

    async def models(self) -> Answer:
        """`GET /models`. Raises `Unreachable`."""
        return await self._ask("GET", self._models)

    async def metrics(self) -> Answer:
        """`GET /metrics`, beside the versioned paths. Raises `Unreachable`."""
        return await self._ask("GET", self._metrics)

    async def close(self) -> None:
        """Give the connections back; the next request borrows them again."""
        if self._session is not None:
            self._session = None
            await connections.give_back()

    def hide(self, text: str) -> str:
        """`text` without the key."""
        key = os.environ.get(self._key_env)
        return text.replace(key, "***") if key else text

    async def _ask(self, method: str, url: URL, body: bytes | None = None) -> Answer:
        session = self._session or self._open()
        try:
            async with session.request(
                method, url, data=body, headers=self._headers, proxy=self._proxy
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, ConnectionError) as error:
            raise Unreachable(words(error)) from error
        return Answer(response.status, content, response.headers, response.reason or "")

    def _open(self) -> aiohttp.ClientSession:
        key = os.environ.get(self._key_env) or "EMPTY"
        login = key if key.startswith("Basic ") else f"Bearer {key}"
        payers = {name: os.environ[held] for name, held in _PAYERS.items() if os.environ.get(held)}
        self._headers = CIMultiDict(
            {
                "Authorization": login,
                "Accept": "application/json",
                "Content-Type": "application/json",
                "User-Agent": "ultrainteract",
                **payers,
            }
        )
        self._session = connections.borrow()
        return self._session


def words(error: BaseException) -> str:
    """An error's type, and its message where it has one."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
