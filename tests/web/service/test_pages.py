"""The service in a browser: log in, watch the list, stop and delete a run, look into one."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.conftest import MODEL, Command
from tests.web.service.running import CRITIC, SECRET, UNCRITICISED, criticised, serving
from ultrainteract.testing.process import serve

pytestmark = [pytest.mark.browser, pytest.mark.ray]

ASKED = {"datasets": ["math"], "source": "sample", "environments": ["math_cot"], "limit": 2}
LOOKS: tuple[tuple[Literal["light", "dark"], int, int], ...] = (
    ("light", 1280, 900),
    ("dark", 390, 844),
)


def in_order(page: Page) -> None:
    """No fault that axe finds, on a desk in the light or on a phone in the dark; no line that runs
    out."""
    for scheme, width, height in LOOKS:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert not found.violations_count, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_person_logs_in_watches_stops_and_looks(chromium: Browser, command: Command) -> None:
    with serve(models=(MODEL, CRITIC), faults=(UNCRITICISED,)) as server:
        config = criticised(command, server.url)
        with serving(command, config) as service:
            context = chromium.new_context(base_url=service.url)
            page = context.new_page()
            said: list[str] = []
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("console", lambda one: said.append(one.text) if "CSP" in one.text else None)

            page.goto("/runs/first/trees")
            in_order(page)
            page.get_by_label("Token").fill("not the token of it")
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_role("alert")).to_have_text("This is not the token.")
            page.goto("/")
            page.get_by_label("Token").fill(SECRET)
            page.get_by_role("button", name="Log in").click()
            expect(page.get_by_text("No run yet")).to_be_visible()
            assert SECRET not in str(page.evaluate("document.cookie"))

            # The page is never loaded again: it follows.
            for name in ("first", "second"):
                service.ask("/api/runs", {"name": name, **ASKED})
            expect(page.get_by_role("heading", name="second queued")).to_be_visible()
            in_order(page)
            page.get_by_role("button", name="cancel second").click()
            expect(page.get_by_role("heading", name="second cancelled")).to_be_visible()
            page.get_by_role("link", name="Delete second").click()
            expect(page.get_by_role("heading", name="Delete second?")).to_be_visible()
            in_order(page)
            page.get_by_role("link", name="Keep it").click()
            page.get_by_role("link", name="Delete second").click()
            page.get_by_role("button", name="Delete second").click()
            expect(page).to_have_url(f"{service.url}/")
            expect(page.get_by_role("heading", name="second")).to_have_count(0)
            assert service.states().keys() == {"first"}
            server.set_faults()
            expect(page.get_by_role("heading", name="first done")).to_be_visible()
            in_order(page)
            with page.expect_download() as download:
                page.get_by_role("link", name="Download the dataset of first").click()
            assert download.value.suggested_filename == "first.tar"

            page.get_by_role("link", name="first", exact=True).click()
            expect(page).to_have_url(f"{service.url}/runs/first/")
            page.get_by_role("link", name="Trees", exact=True).click()
            expect(page.locator(".trees li")).to_have_count(2)
            page.locator(".trees .title").first.click()
            expect(page.locator("section.turn").first).to_be_visible()
            page.get_by_role("link", name="Runs", exact=True).click()
            page.get_by_role("button", name="Log out").click()
            page.goto("/runs/first/")
            expect(page.get_by_label("Token")).to_be_visible()
            context.close()
            assert not said
