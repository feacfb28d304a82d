"""What the viewer answers to: any address, query and form; and several runs in one service."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.layers.conftest import Erring, grow_run, instructions
from tests.web.conftest import wait_until
from ultrainteract.catalogue.order import ORDERS
from ultrainteract.catalogue.search import Search
from ultrainteract.layers.marks import FILE, Marks
from ultrainteract.web.app import viewer_app
from ultrainteract.web.frame import dress
from ultrainteract.web.shown import ShownRun
from ultrainteract.web.viewer import viewer_router

HERE = "http://127.0.0.1"
TREES = 3


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShownRun]:
    """A run of a few trees, its catalogue complete."""
    run = ShownRun(grow_run(tmp_path_factory.mktemp("runs") / "r", instructions(TREES), Erring))
    caught_up(run)
    yield run
    run.close()


def caught_up(run: ShownRun) -> None:
    wait_until(
        lambda: sum(run.catalogue.states().values()) >= TREES, "the catalogue was never complete"
    )


@pytest.fixture(scope="module")
def client(shown: ShownRun) -> TestClient:
    return TestClient(viewer_app(shown), base_url=HERE, follow_redirects=False)


@pytest.fixture
def tree(shown: ShownRun) -> str:
    return next(shown.journal.instructions()).id


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/nope", 404),
        ("/trees/nope", 404),
        ("/trees/%00", 404),
        ("/trees/..%2f..%2fetc%2fpasswd", 404),
        ("/trees/TREE/nodes/99", 404),
        ("/trees/TREE/nodes/-1", 404),
        ("/trees/TREE/nodes/1e3", 404),
        ("/trees/TREE/nodes/²", 404),
        ("/trees/TREE/pairs/0", 404),
        ("/trees/TREE/pairs/0-99", 404),
        ("/trees/TREE/pairs/x-y", 404),
        ("/trees/TREE/calls/999", 404),
        ("/static/../app.py", 404),
        ("/static/%2e%2e%2fapp.py", 404),
        ("/static/nope.css", 404),
        ("/trees?after=x", 400),
        ("/trees?after=-1", 400),
        ("/trees?before=99999999999999999999999", 400),
        ("/trees?after=1&after=²", 400),
        ("/trees?mark=burn", 400),
        ("/trees?sort=nope", 400),
        ("/trees?sort=pairs&after=3", 400),
        ("/trees?after=3-3", 400),
        ("/trees?sort=pairs&after=3-", 400),
        ("/trees?sort=pairs&after=3-3-3", 400),
        ("/trees?sort=pairs&before=999999999999999999-0", 200),
        ("/trees?sort=&text=", 200),
        ("/trees?text=" + "a" * 401, 400),
        ("/trees/TREE?text=" + "a" * 401, 400),
        ("/trees?turn=x&verdict=odd&unknown=1", 200),
        ("/trees?text=%22unclosed", 200),
        ("/trees?text=*+AND+NEAR(", 200),
        ("/trees?text=%00%22%27;--", 200),
        ("/trees?text=%ff%fe", 200),
        ("/trees?text=&dataset=", 200),
        ("/trees?after=999999999999999999", 200),
        ("/trees?before=0", 200),
    ],
)
def test_an_odd_address_gets_a_clear_page(
    client: TestClient, tree: str, address: str, status: int
) -> None:
    answer = client.get(address.replace("TREE", tree))
    assert answer.status_code == status
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<h1>" in answer.text
    assert "Traceback" not in answer.text


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(["text", "turn", "dataset", "sort", "after", "before", "mark", "odd"]),
        st.text(max_size=60),
        max_size=4,
    )
)
def test_no_query_is_an_error_of_ours(client: TestClient, query: dict[str, str]) -> None:
    sent = {key: value.encode("utf-8", "replace").decode() for key, value in query.items()}
    assert client.get("/trees", params=sent).status_code in {200, 400}


def test_every_page_of_every_tree_is_there(client: TestClient, shown: ShownRun) -> None:
    for one in shown.journal.instructions():
        opened = shown.tree(one.id)
        here = f"/trees/{one.id}"
        parts = [f"nodes/{node.id}" for node in opened.tree.nodes]
        parts += [f"calls/{call.number}" for call in opened.calls]
        parts += [f"pairs/{two.chosen.id}-{two.rejected.id}" for two in opened.tree.pairs()]
        for address in (here, *(f"{here}/{part}" for part in parts)):
            assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("sort", ORDERS)
def test_a_tree_is_opened_between_those_beside_it_in_its_list(
    client: TestClient, shown: ShownRun, sort: str
) -> None:
    page = shown.catalogue.page(Search(), TREES, order=ORDERS[sort])
    listed = [row.entry.id for row in page.rows]
    query = f"?sort={sort}" if sort else ""
    text = client.get(f"/trees{query}").text
    assert [text.index(f'href="/trees/{one}{query}"') for one in listed] == sorted(
        text.index(f'href="/trees/{one}{query}"') for one in listed
    )
    text = client.get(f"/trees/{listed[1]}{query}").text
    assert f'rel="prev" href="/trees/{listed[0]}{query}"' in text
    assert f'rel="next" href="/trees/{listed[2]}{query}"' in text


def test_a_page_from_elsewhere_cannot_mark(client: TestClient, shown: ShownRun, tree: str) -> None:
    form = {"target": "0", "decision": "drop"}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        answer = client.post(f"/trees/{tree}/marks", data=form, headers={"Origin": origin})
        assert answer.status_code == 403
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert not (shown.path / FILE).exists()


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"target": "", "decision": "drop"}, 404),
        ({"target": "99", "decision": "drop"}, 404),
        ({"target": "0-0", "decision": "drop"}, 404),
        ({"target": "0-1-2", "decision": "drop"}, 404),
        ({"target": "0", "decision": "burn"}, 400),
        ({"target": "0", "decision": "drop", "note": "n" * 2001}, 400),
        ({"target": "0", "decision": "drop", "back": "//evil.example"}, 400),
        ({"target": "0", "decision": "drop", "back": "/trees/\\evil"}, 400),
        ({"target": "0", "decision": "drop", "back": "/trees/a\r\nX: y"}, 400),
        ({"target": "0", "note": "n" * 30_000}, 413),
        ({}, 404),
    ],
)
def test_a_mark_that_makes_no_sense_is_refused(
    client: TestClient, shown: ShownRun, tree: str, form: dict[str, str], status: int
) -> None:
    assert client.post(f"/trees/{tree}/marks", data=form).status_code == status
    assert not (shown.path / FILE).exists()


def test_a_body_that_is_no_form_is_refused(client: TestClient, tree: str) -> None:
    answer = client.post(f"/trees/{tree}/marks", content=b"\xff\x00=&" * 3)
    assert answer.status_code == 400
    many = b"&".join(b"a=1" for _ in range(20))
    assert client.post(f"/trees/{tree}/marks", content=many).status_code == 400


def test_many_runs_are_served_below_addresses_of_their_own(
    shown: ShownRun, tmp_path: Path, tree: str
) -> None:
    copied = shutil.copytree(shown.path, tmp_path / "second")
    runs = {"a": ShownRun(shown.path, "/runs/a"), "b": ShownRun(copied, "/runs/b")}

    def named(name: str) -> ShownRun:
        return runs[name]

    app = dress(FastAPI())
    app.include_router(viewer_router(named), prefix="/runs/{name}")
    client = TestClient(app, base_url=HERE, follow_redirects=False)
    for name in runs:
        answer = client.get(f"/runs/{name}/trees/{tree}")
        assert answer.status_code == 200
        assert f'href="/runs/{name}/static/style.css"' in answer.text
        assert f'href="/runs/{name}/trees"' in answer.text
        assert client.get(f"/runs/{name}/static/viewer.js").status_code == 200
        assert f'href="/runs/{name}/"' in client.get(f"/runs/{name}/trees/nope").text
    marked = client.post(
        f"/runs/b/trees/{tree}/marks",
        data={"target": "0", "decision": "keep"},
        headers={"Origin": HERE},
    )
    assert marked.status_code == 303
    assert marked.headers["Location"] == f"/runs/b/trees/{tree}#node-0"
    assert Marks.read(copied).of(tree)
    assert not Marks.read(shown.path).of(tree)
    for run in runs.values():
        run.close()


def test_a_run_that_is_begun_anew_is_shown_anew(tmp_path: Path) -> None:
    first = grow_run(tmp_path / "r", instructions(TREES), Erring)
    run = ShownRun(first)
    caught_up(run)
    client = TestClient(viewer_app(run), base_url=HERE)
    gone = list(run.journal.instructions())[-1].id
    assert client.get(f"/trees/{gone}").status_code == 200
    first.rename(tmp_path / "old")
    assert client.get(f"/trees/{gone}").status_code == 409
    fresh = grow_run(tmp_path / "fresh", instructions(1), Erring)
    shutil.copytree(tmp_path / "old", first)
    shutil.copy(fresh / "journal.sqlite", first / "journal.sqlite")
    assert client.get(f"/trees/{gone}").status_code == 404
    (left,) = run.journal.instructions()
    assert client.get(f"/trees/{left.id}").status_code == 200
    run.close()
