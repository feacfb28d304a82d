"""Picks where to search, by configuration: Wikipedia, the problem's own passages, or what works."""

import logging
from collections.abc import Awaitable, Callable

from ultrainteract.config import SearchConfig
from ultrainteract.search.passages import read_passages, search_passages
from ultrainteract.search.wikipedia import SearchFault, Wikipedia

logger = logging.getLogger(__name__)
Tool = Callable[[str], Awaitable[str]]


class Searcher:
    """Serves every tree of a worker. With `auto`, Wikipedia until it cannot be reached once."""

    def __init__(self, config: SearchConfig) -> None:
        self._config = config
        self._live = config.source != "passages"
        self._wikipedia = Wikipedia(config.url)

    def tool(self, context: str) -> Tool:
        """`wikipedia_search` for a problem with these passages (as `read_passages` takes them)."""
        passages = read_passages(context)

        async def wikipedia_search(query: str) -> str:
            if self._live:
                try:
                    return await self._wikipedia.search(query, self._config.results)
                except SearchFault as error:
                    if self._config.source == "wikipedia" or not passages:
                        raise
                    logger.warning("search: %s; from now on the datasets' own passages", error)
                    self._live = False
            return search_passages(query, passages, self._config.results)

        return wikipedia_search

    async def close(self) -> None:
        """Close its connections."""
        await self._wikipedia.close()
