"""Wikipedia's own search: the beginnings of the articles that it finds, by the MediaWiki API.

This module owns the retries: overload and broken connections, a few times, then `SearchFault`.
"""

import httpx
from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from ultrainteract.errors import SandboxFault
from ultrainteract.search.passages import NOTHING

_ATTEMPTS, _SECONDS = 4, 20.0
# The API asks callers to say who they are.
_AGENT = "ultrainteract (data synthesis; https://www.mediawiki.org/wiki/API:Etiquette)"


class SearchFault(SandboxFault):
    """The search did not answer: no word of it reaches a program."""


class Wikipedia:
    """One connection pool. `url` is an `api.php`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(_SECONDS, connect=_SECONDS / 4),
            headers={"User-Agent": _AGENT},
            follow_redirects=True,
        )

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
            async for attempt in retrying:
                with attempt:
                    response = await self._client.get(self._url, params=_asked(query, results))
                    response.raise_for_status()
                    return _told(response.json())
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise SearchFault(
                f"Wikipedia at {self._url} did not answer ({error!r}); tried {_ATTEMPTS} times. "
                "Set search.source=passages to use the passages of the dataset"
            ) from error
        raise AssertionError

    async def close(self) -> None:
        """Close its connections."""
        await self._client.aclose()


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


def _told(answer: dict[str, dict[str, list[dict[str, str | int]]]]) -> str:
    pages = answer.get("query", {}).get("pages", [])
    ranked = sorted(pages, key=lambda page: int(page["index"]))
    texts = [(page["title"], str(page.get("extract", "")).strip()) for page in ranked]
    return "\n\n".join(f"{title}: {text}" for title, text in texts if text) or NOTHING


def _passing(error: BaseException) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        code = error.response.status_code
        return code == httpx.codes.TOO_MANY_REQUESTS or code >= httpx.codes.INTERNAL_SERVER_ERROR
    return isinstance(error, httpx.TransportError)
