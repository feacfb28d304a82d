"""Searches answer from Wikipedia's API, or from a problem's own passages, and say so."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from ultrainteract.config import SearchConfig
from ultrainteract.search import wikipedia
from ultrainteract.search.passages import NOTHING, read_passages, search_passages
from ultrainteract.search.searcher import Searcher
from ultrainteract.search.wikipedia import SearchFault, Wikipedia

CONTEXT = json.dumps(
    [
        ["Jørn Utzon", ["Jørn Utzon was a Danish architect.", " He was born in Copenhagen."]],
        ["Sydney Opera House", ["The Sydney Opera House was designed by Jørn Utzon."]],
        ["Opera", ["Opera is a form of theatre with music.", " Operas are sung."]],
    ]
)


class Api(BaseHTTPRequestHandler):
    """Speaks enough of the MediaWiki API; `failures` requests are refused first."""

    failures = 0
    broken = False
    asked: list[str]

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)["gsrsearch"][0]
        type(self).asked.append(query)
        if type(self).failures:
            type(self).failures -= 1
            self.send_error(503)
            return
        pages = [
            {"index": 2, "title": "Second", "extract": "Later."},
            {"index": 1, "title": query, "extract": f"About {query}.\n"},
            {"index": 3, "title": "Empty", "extract": ""},
        ]
        body = {"query": {"pages": pages}} if query != "nothing" else {"batchcomplete": True}
        data = b"<html>" if self.broken else json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Api]]]:
    # A machine with other work is no Wikipedia that does not answer.
    monkeypatch.setattr(wikipedia, "_SECONDS", 240.0)
    handler = type("Handler", (Api,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/w/api.php", handler
        server.shutdown()
        thread.join()


def test_the_best_passage_comes_first_and_strangers_not_at_all() -> None:
    passages = read_passages(CONTEXT)
    found = search_passages("Sydney Opera House", passages, 3)
    assert found.split(":")[0] == "Sydney Opera House"
    assert "Danish" not in found
    assert search_passages("utzon", passages, 1).startswith("Jørn Utzon: Jørn Utzon was a Danish")
    assert search_passages("zebra", passages, 3) == NOTHING
    assert search_passages("zebra", read_passages(""), 3) == NOTHING


async def test_articles_come_in_the_order_of_the_search(api: tuple[str, type[Api]]) -> None:
    url, _ = api
    asked = Wikipedia(url)
    assert await asked.search("Ada", 3) == "Ada: About Ada.\n\nSecond: Later."
    assert await asked.search("nothing", 3) == NOTHING
    assert await asked.search("  ", 3) == NOTHING
    await asked.close()


async def test_overload_is_asked_again(api: tuple[str, type[Api]]) -> None:
    url, handler = api
    handler.failures = 1
    asked = Wikipedia(url)
    assert (await asked.search("Ada", 3)).startswith("Ada")
    assert handler.asked == ["Ada", "Ada"]
    await asked.close()


async def test_an_answer_that_is_none_is_a_fault(api: tuple[str, type[Api]]) -> None:
    url, handler = api
    handler.broken = True
    searcher = Searcher(SearchConfig(source="wikipedia", url=url))
    with pytest.raises(SearchFault, match=r"search\.source=passages"):
        await searcher.tool(CONTEXT)("Ada")
    await searcher.close()


async def test_without_wikipedia_the_passages_serve_and_only_then(
    api: tuple[str, type[Api]],
) -> None:
    url, handler = api
    searcher = Searcher(SearchConfig(url=url))
    assert (await searcher.tool(CONTEXT)("Utzon")).startswith("Utzon: About")
    handler.broken = True
    assert "Copenhagen" in await searcher.tool(CONTEXT)("Utzon")
    handler.broken = False
    assert "Copenhagen" in await searcher.tool(CONTEXT)("Utzon")
    assert len(handler.asked) == 2
    await searcher.close()


async def test_chosen_passages_ask_nobody(api: tuple[str, type[Api]]) -> None:
    url, handler = api
    searcher = Searcher(SearchConfig(source="passages", url=url))
    assert "Copenhagen" in await searcher.tool(CONTEXT)("Utzon")
    assert handler.asked == []
    await searcher.close()
