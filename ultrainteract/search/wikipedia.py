"""Wikipedia's own search: the beginnings of the articles that it finds, by the MediaWiki API.

This module owns the retries: overload and broken connections, a few times, then `SearchFault`.
"""

from typing import TypeAlias

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from ultrainteract.errors import SandboxFault
from ultrainteract.search.passages import NOTHING

_ATTEMPTS, _SECONDS = 4, 20.0
_TOO_MANY, _SERVER = 429, 500
Answer: TypeAlias = dict[str, dict[str, list[dict[str, str | int]]]]
# The API asks callers to say who they are.
_AGENT = "ultrainteract (data synthesis; https://www.mediawiki.org/wiki/API:Etiquette)"


class SearchFault(SandboxFault):
    """The search did not answer: no word of it reaches a program."""


class Wikipedia:
    """One connection pool, opened by the first search. `url` is an `api.php`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session: aiohttp.ClientSession | None = None

    async def search(self, query: str, results: int) -> str:
        """The introductions of the best articles, best first. Raises `SearchFault`."""
        if not query.strip():
            return NOTHING
        retrying = AsyncRetrying(
            retry=retry_if_exception(_passing),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential_jitter(max=4),
            reraise=True,
        )
        try:
            return _told(await retrying(self._get, _asked(query, results)))
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise SearchFault(
                f"Wikipedia at {self._url} did not answer ({error!r}); tried up to {_ATTEMPTS} "
                "times. Set search.source=passages to use the passages of the dataset"
            ) from error

    async def close(self) -> None:
        """Close its connections."""
        if self._session:
            await self._session.close()

    async def _get(self, asked: dict[str, str | int]) -> Answer:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_SECONDS, sock_connect=_SECONDS / 4)
            self._session = aiohttp.ClientSession(timeout=timeout, headers={"User-Agent": _AGENT})
        async with self._session.get(self._url, params=asked, raise_for_status=True) as response:
            answer: Answer = await response.json()
            return answer


def _asked(query: str, results: int) -> dict[str, str | int]:
    return {
        "action": "query",
        "format": "json",
        "formatversion": 2,
        "generator": "search",
        "gsrsearch": query[:300],
        "gsrlimit": results,
        "prop": "extracts",
        "exintro": 1,
        "explaintext": 1,
        "exlimit": "max",
        "redirects": 1,
    }


def _told(answer: Answer) -> str:
    pages = answer.get("query", {}).get("pages", [])
    ranked = sorted(pages, key=lambda page: int(page["index"]))
    texts = [(page["title"], str(page.get("extract", "")).strip()) for page in ranked]
    return "\n\n".join(f"{title}: {text}" for title, text in texts if text) or NOTHING


def _passing(error: BaseException) -> bool:
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status == _TOO_MANY or error.status >= _SERVER
    return isinstance(error, aiohttp.ClientConnectionError | TimeoutError)
