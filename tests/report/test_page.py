"""The report is one file that asks for nothing, runs nothing, and can be read by anyone."""

import hashlib
import json
import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.conftest import Command
from tests.layers.conftest import Erring, grow_run, instructions
from tests.report.runs import HOSTILE, facts, overview
from ultrainteract.report.contamination import Contamination
from ultrainteract.report.leaks import Leaking
from ultrainteract.report.overview import Overview
from ultrainteract.report.page import Findings, render
from ultrainteract.report.tables import RunTables

Scheme = Literal["light", "dark"]


def findings() -> Findings:
    """All that a report may hold, under names of anyone's choice."""
    contamination = Contamination(lambda _: None, (), trees=200)
    contamination.found[HOSTILE, HOSTILE, "8-gram"] = 3
    seen = overview(200, longer=1.8)
    return Findings(HOSTILE, seen, RunTables(5).report(), contamination, Leaking(500, 2))


@cache
def whole() -> str:
    """The report on them, drawn once."""
    return render(findings())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    reader = _Reader()
    reader.feed(text)
    return reader.tags


def test_the_file_refers_to_nothing_outside_itself() -> None:
    found = tags(whole())
    assert not {tag for tag, _ in found} & {"script", "link", "img", "iframe", "object", "base"}
    for _, attributes in found:
        assert not {name for name in attributes if name.startswith("on") or name == "style"}
        assert "src" not in attributes
        for name in ("href", "clip-path"):
            assert (attributes.get(name) or "#").removeprefix("url(").startswith("#")


def test_its_policy_lets_its_own_style_through_and_nothing_else() -> None:
    text = whole()
    (policy,) = (
        attributes["content"] or ""
        for tag, attributes in tags(text)
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    told = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"style-src 'sha256-{told}'"]


def test_the_same_run_gives_the_same_report() -> None:
    assert render(findings()) == whole()


def test_a_run_without_a_tree_has_a_report() -> None:
    text = render(Findings("empty", Overview(), RunTables(5).report()))
    assert "No tree has ended yet" in text
    assert "No pair so far" in text


def test_a_run_that_is_well_says_so() -> None:
    seen = Overview.of(one for one in facts(400) if one.stop)
    text = render(Findings("well", seen, RunTables(5).report()))
    assert "No figure below passes its bound" in text


def test_the_command_writes_it_and_says_what_is_wrong(command: Command) -> None:
    run = grow_run(command.folder / "r", instructions(6), Erring)
    (command.folder / "exam.jsonl").write_text(json.dumps({"text": "2: 6 times 7?"}))
    done = command("report", "r", "--against", "exam.jsonl")
    assert done.code == 0, done.output
    assert "few pairs" in done.output
    assert "contamination: 1 of 6 trees" in done.output
    assert "<h1>r</h1>" in (run / "report.html").read_text()
    told = command("report", "r", "--json", "--to", "elsewhere.html")
    record = json.loads(told.output)
    assert record["trees"] == 6
    assert (command.folder / "elsewhere.html").exists()
    assert {one["name"] for one in record["warnings"]} >= {"few pairs"}


@pytest.fixture
def written(tmp_path: Path) -> str:
    path = tmp_path / "report.html"
    path.write_text(whole())
    return path.as_uri()


def opened(chromium: Browser, url: str, width: int, scheme: Scheme) -> Iterator[Page]:
    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=False
    )
    page = context.new_page()
    page.goto(url)
    yield page
    context.close()


@pytest.mark.browser
def test_a_browser_runs_and_fetches_nothing_of_it(chromium: Browser, written: str) -> None:
    asked: list[str] = []
    said: list[str] = []
    page = chromium.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(written)
    assert page.locator("h1").inner_text() == HOSTILE
    assert page.locator("svg.plot").count() == 7
    assert (asked, said) == ([written], [])
    # Its own style holds.
    assert page.evaluate("getComputedStyle(document.body).margin") == "0px"
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_anyone_can_read_it(chromium: Browser, written: str, width: int, scheme: Scheme) -> None:
    for page in opened(chromium, written, width, scheme):
        results = Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
        bar = page.locator("svg.plot path[fill='var(--plot-one)']").first
        assert bar.evaluate("one => getComputedStyle(one).fill").startswith("rgb(")


@pytest.mark.browser
def test_on_paper_its_tables_are_open_and_its_ground_is_white(
    chromium: Browser, written: str
) -> None:
    for page in opened(chromium, written, 1280, "dark"):
        table = page.locator("details table").first
        assert not table.is_visible()
        page.emulate_media(media="print")
        assert table.is_visible()
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
