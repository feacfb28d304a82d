"""The list of runs, page by page."""

from tests.web.service.conftest import Service, asked

NAMES = [f"run-{number}" for number in range(30)]


def test_pages_hold_each_run_once_the_newest_first_whatever_comes_and_goes(
    service: Service,
) -> None:
    client = service.client
    for name in NAMES:
        assert client.post("/api/runs", json=asked(name)).status_code == 201
    found, path = [], "/api/runs?limit=7"
    while path:
        page = client.get(path).json()
        assert len(page["runs"]) <= 7
        found += [one["name"] for one in page["runs"]]
        path = page["next"]
        if len(found) == 14:
            client.post("/api/runs", json=asked("later"))
            for gone in (found[13], found[3]):
                client.post(f"/api/runs/{gone}/cancel")
                assert client.delete(f"/api/runs/{gone}").status_code == 204
    assert found == NAMES[::-1]
    assert client.get("/api/runs").json()["runs"][0]["name"] == "later"


def test_a_page_that_is_none_is_refused_in_words(standing: Service) -> None:
    for query in (
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=0",
        "cursor=9999999999999999999",
        "a=b",
    ):
        answered = standing.client.get(f"/api/runs?{query}")
        assert (answered.status_code, len(answered.json()["problems"])) == (422, 1), query
    assert standing.client.get("/?before=0").status_code == 422
    assert standing.client.get("/api/runs?cursor=1").json() == {"runs": [], "next": None}


def test_a_person_leafs_through_them_and_stays_on_the_page_where_a_button_was(
    service: Service,
) -> None:
    client = service.client
    for name in NAMES:
        client.post("/api/runs", json=asked(name))
    newest = client.get("/").text
    assert (newest.count("<li>"), "Newest runs" in newest) == (25, False)
    older = client.get("/?before=6").text
    assert (older.count("<li>"), "Older runs" in older, "Newest runs" in older) == (5, False, True)
    assert 'href="/?before=6"' in newest
    assert 'action="/runs/run-0/cancel?before=6"' in older
    left = client.post("/runs/run-0/cancel?before=6", follow_redirects=False)
    assert left.headers["location"] == "/?before=6"
    assert 'href="/runs/run-0/delete?before=6"' in client.get("/?before=6").text
    assert 'href="/?before=6"' in client.get("/runs/run-0/delete?before=6").text


def test_what_a_person_may_not_do_is_said_on_a_page_and_to_a_program_as_json(
    standing: Service,
) -> None:
    html = {"Accept": "text/html,application/xhtml+xml"}
    ask = standing.client.request
    for method, path, status in (
        ("POST", "/runs/first/delete", 409),
        ("GET", "/runs/frist/delete", 404),
        ("POST", "/runs/first/nothing", 404),
        ("GET", "/?before=x", 422),
    ):
        shown = ask(method, path, headers=html)
        assert (shown.status_code, 'role="alert"' in shown.text) == (status, True), path
        assert ask(method, path).json()["detail"]
    assert ask("GET", "/api/runs/nothing", headers=html).json()["detail"] == (
        "there is no run 'nothing'"
    )
    assert "did you mean &#39;first&#39;" in ask("GET", "/runs/frist/delete", headers=html).text
