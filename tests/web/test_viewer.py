"""The viewer in a browser, over a real run."""

import json
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.conftest import MODEL, Command
from tests.web.conftest import (
    CRITIC,
    OTHER,
    RULES,
    SCRIPT,
    Viewed,
    configured,
    viewing,
    wait_until,
)
from ultrainteract.catalogue.opened import Opened, open_tree
from ultrainteract.errors import UltraInteractError
from ultrainteract.layers.marks import Marks
from ultrainteract.run_folder import read_run
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.process import serve

pytestmark = [pytest.mark.browser, pytest.mark.ray, pytest.mark.docker]


def opened(run: Path) -> list[Opened]:
    """The trees, in order."""

    def read() -> list[Opened]:
        journal, config = read_run(run)
        trees = [open_tree(journal, one.id, config) for one in journal.instructions()]
        journal.close()
        return trees

    # The browser's event loop runs in this thread.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(read).result()


@pytest.fixture(scope="module")
def trees(viewed: Viewed) -> list[Opened]:
    return opened(viewed.run)


def of_turns(trees: list[Opened], environment: str, turns: int = 5) -> Opened:
    return next(
        one
        for one in trees
        if one.tree.instruction.environment == environment and one.tree.depth == turns
    )


def place(one: Opened) -> str:
    return f"/trees/{one.tree.instruction.id}"


def listed(page: Page, count: int) -> None:
    """Wait until the catalogue has caught up, and the page's script listens."""
    expect(page.locator(".trees li")).to_have_count(count)
    page.wait_for_load_state()


def test_open_search_filter_and_walk_a_five_turn_tree(page: Page, trees: list[Opened]) -> None:
    page.goto("/")
    expect(page.locator(".plots svg").first).to_be_visible()
    page.get_by_role("link", name="Trees", exact=True).click()
    listed(page, 4)

    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    one = of_turns(trees, "math_pot")
    words = re.findall(r"\b[A-Za-z]{4,}\b", one.tree.instruction.statement)[:3]
    page.keyboard.type(" ".join(words))
    page.keyboard.press("Enter")
    expect(page.locator(".excerpt mark").first).to_have_text(re.compile(words[0], re.IGNORECASE))
    page.wait_for_load_state()
    page.get_by_label("environment").select_option("math_pot")
    expect(page).to_have_url(re.compile(r"text=.*environment=math_pot"))
    listed(page, 1)

    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("section.turn")).to_have_count(5)
    # Keys are heard once the script has run.
    page.wait_for_load_state()
    for number in range(1, 6):
        page.keyboard.press("j")
        expect(page.locator(f"#turn-{number}")).to_be_focused()
        expect(page.locator(f"#turn-{number} h2")).to_be_in_viewport()
    page.keyboard.press("k")
    expect(page.locator("#turn-4")).to_be_focused()
    page.keyboard.press("u")
    listed(page, 1)


def test_a_pair_stands_side_by_side_with_its_difference_verdict_and_critique(
    page: Page, trees: list[Opened]
) -> None:
    one = of_turns(trees, "math_pot")
    page.goto(place(one))
    pair = next(one.tree.pairs())
    shown = page.locator(f"#pair-{pair.chosen.id}-{pair.rejected.id}")
    chosen, rejected = shown.locator(".side.chosen"), shown.locator(".side.rejected")
    left, right = shown.evaluate(
        """pair => ['.side.chosen', '.side.rejected'].map(
            side => pair.querySelector(side).getBoundingClientRect().toJSON())"""
    )
    assert left["y"] == right["y"]
    assert left["right"] <= right["x"]
    for side, node in ((chosen, pair.chosen), (rejected, pair.rejected)):
        assert node.verdict
        expect(side.locator(".verdict")).to_contain_text(
            f"{node.verdict.judgement} by rule {node.verdict.rule}"
        )
        expect(side.locator("mark, .differs").first).to_be_visible()
    assert chosen.locator(".code .k, .code .s, .code .m, .code .b").count()
    critique = one.tree.turns[pair.turn - 1].critique
    assert critique
    expect(rejected.locator(".critique")).to_contain_text(critique.text)
    expect(page.locator(".statement math, .reference math").first).to_be_visible()


def test_the_exact_prompt_sampling_and_reply_of_a_call_come_on_demand(
    page: Page, trees: list[Opened]
) -> None:
    one = of_turns(trees, "math_pot")
    for call in (one.calls[0], next(call for call in one.calls if call.purpose == "critique")):
        page.goto(place(one))
        asked = page.locator(f"#call-{call.number}")
        assert not asked.locator(".message").count()
        asked.locator("summary").first.click()
        shown = asked.locator(".message pre")
        expect(shown).to_have_count(len(call.request.messages) + len(call.reply.choices))
        said = [message.content for message in call.request.messages]
        said += [choice.text for choice in call.reply.choices]
        assert [text.replace("\r\n", "\n") for text in shown.all_text_contents()] == said
        for value in (call.request.seed, call.request.temperature, call.request.max_tokens):
            expect(asked.locator("dl")).to_contain_text(str(value))
    assert {call.purpose for call in one.calls} <= {
        "actions",
        "critique",
        "draft",
    }


def test_a_tree_a_node_and_a_pair_have_addresses(page: Page, trees: list[Opened]) -> None:
    one = of_turns(trees, "math_cot")
    page.goto(place(one))
    pair = list(one.tree.pairs())[-1]
    name = f"{pair.chosen.id}-{pair.rejected.id}"
    page.locator(f"#pair-{name} h3 a").click()
    expect(page).to_have_url(re.compile(f"{place(one)}/pairs/{name}$"))
    expect(page.locator(".message.assistant")).to_have_count(pair.turn - 1)
    page.locator(".side.chosen .who a").click()
    expect(page).to_have_url(re.compile(f"{place(one)}/nodes/{pair.chosen.id}$"))
    expect(page.locator("h1")).to_have_text(f"Action {pair.chosen.id}, turn {pair.turn}")
    paired = {two.id for pair in one.tree.pairs() for two in (pair.chosen, pair.rejected)}
    spine = {node.id for node in one.tree.spine()}
    other = next(node for node in one.tree.nodes if node.id not in paired | spine)
    page.goto(f"{place(one)}#node-{other.id}")
    expect(page.locator(f"#node-{other.id} .action")).to_be_visible()


def test_nothing_that_is_stored_is_run(page: Page, trees: list[Opened]) -> None:
    for environment in ("math_pot", "math_cot"):
        one = of_turns(trees, environment)
        pair = next(two for two in one.tree.pairs() if SCRIPT in two.rejected.action.text)
        critic = next(call for call in one.calls if call.purpose == "critique")
        name = f"{pair.chosen.id}-{pair.rejected.id}"
        for address in (
            "",
            f"/pairs/{name}",
            f"/nodes/{pair.rejected.id}",
            f"/calls/{critic.number}",
        ):
            page.goto(f"{place(one)}{address}")
            expect(page.locator("main")).to_contain_text(SCRIPT)
            assert page.title() != "RUN"
            assert page.locator("main script, main img").count() == 0
    one = of_turns(trees, "math_pot")
    printed = next(node for node in one.tree.nodes if SCRIPT in node.observation.text)
    page.goto(f"{place(one)}/nodes/{printed.id}")
    expect(page.locator(".sides .seen pre")).to_have_text(SCRIPT)
    assert page.title() != "RUN"
    page.goto("/trees?text=onerror")
    listed(page, 4)
    expect(page.locator(".excerpt").first).to_contain_text("onerror")
    assert page.title() != "RUN"
    assert page.locator("main script, main img").count() == 0


def test_a_pair_that_is_marked_is_gone_from_the_export(
    page: Page, viewed: Viewed, trees: list[Opened]
) -> None:
    one = of_turns(trees, "math_cot")
    pair = next(one.tree.pairs())
    before = exported(viewed, "before")
    page.goto(place(one))
    shown = page.locator(f"#pair-{pair.chosen.id}-{pair.rejected.id} > header")
    shown.get_by_role("button", name="drop").click()
    expect(shown.get_by_role("button", name="dropped")).to_have_attribute("aria-pressed", "true")
    after = exported(viewed, "after")
    assert len(after) == len(before) - 1
    gone = [row for row in before if row not in after]
    assert [row["chosen"][-1]["content"] for row in gone] == [pair.chosen.action.text]

    shown.locator("summary").click()
    shown.get_by_role("textbox").fill("the <b>third</b> step")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        shown.get_by_role("button", name="Save the note").click()
    page.goto("/trees?mark=drop")
    listed(page, 1)
    page.locator(".trees a").click()
    expect(shown.get_by_role("textbox")).to_have_value("the <b>third</b> step")
    shown.get_by_role("button", name="drop").click()
    expect(shown.get_by_role("button", name="drop")).to_have_attribute("aria-pressed", "false")
    assert not Marks.read(viewed.run).decide


def exported(viewed: Viewed, name: str) -> list[dict[str, list[dict[str, str]]]]:
    # The browser's event loop runs in this thread.
    with ThreadPoolExecutor(1) as pool:
        words = ("export", viewed.run, "--format", "torchtune", "--to", name)
        done = pool.submit(viewed.command, *words).result()
    assert done.code == 0, done.output
    file = viewed.command.folder / name / "preference_train.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_help_opens_and_keys_leave_fields_alone(page: Page) -> None:
    page.goto("/trees")
    listed(page, 4)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.locator("#find").fill("")
    page.locator("#find").press_sequentially("j?k")
    expect(page.locator("#find")).to_have_value("j?k")
    expect(page.get_by_role("dialog")).to_be_hidden()


def addresses(one: Opened) -> list[str]:
    pair = next(one.tree.pairs())
    here = place(one)
    return [
        "/",
        "/trees",
        "/trees?text=step&verdict=incorrect",
        "/trees?text=zzzz",
        here,
        f"{here}/nodes/{pair.rejected.id}",
        f"{here}/pairs/{pair.chosen.id}-{pair.rejected.id}",
        f"{here}/calls/0",
        "/trees/none",
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_no_page_has_an_accessibility_error_or_asks_elsewhere_or_overflows(
    chromium: Browser,
    viewed: Viewed,
    trees: list[Opened],
    scheme: Literal["light", "dark"],
    width: int,
) -> None:
    one, axe = of_turns(trees, "math_pot"), Axe()
    context = chromium.new_context(base_url=viewed.address, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    root = "document.documentElement"
    for address in addresses(one):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(address)
        for closed in page.locator("details:not(.lazy) > summary").all():
            closed.click()
        found = axe.run(page)
        assert not found.response["violations"], f"{address}: {found.generate_report()}"
        for across in (1280, 390):
            page.set_viewport_size({"width": across, "height": 844})
            assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth"), (address, across)
    page.goto("/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert not axe.run(page).response["violations"]
    assert all(url.startswith((viewed.address, "data:")) for url in asked)
    context.close()


def test_a_tree_appears_and_grows_while_the_run_goes(chromium: Browser, tmp_path: Path) -> None:
    command = Command(tmp_path)
    run = tmp_path / "runs" / "r"
    # Without a critic it does not get beyond its first turn.
    held = FaultRule(kind=FaultKind.STATUS, status=503, retry_after="0.2", model=CRITIC)
    models = (MODEL, OTHER, CRITIC)
    with serve(models=models, rules=RULES, latency_ms=100, faults=(held,)) as server:
        config = configured(command, server.url, limit=1)
        words = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
        with command.start(*words, "--config", config) as process:
            wait_until(lambda: begun(run), "the run never began")
            with viewing(command, run) as there:
                page = chromium.new_page(base_url=there.address)
                page.goto("/trees")
                expect(page.locator(".badge.live", has_text="running")).to_be_visible()
                # No page is asked for again from here: it follows by itself.
                listed(page, 1)
                expect(page.locator(".trees .badge", has_text="growing")).to_be_visible()
                page.locator(".trees a").click()
                expect(page.locator("section.turn")).to_have_count(1)
                server.set_faults()
                expect(page.locator("section.turn")).to_have_count(5)
                expect(page.locator(".strip .badge")).to_have_text("max turns")
                page.close()
            process.communicate(timeout=280)
            assert process.returncode == 0, "a viewer disturbs no run"


def begun(run: Path) -> bool:
    try:
        journal, _ = read_run(run)
    except UltraInteractError:
        return False
    journal.close()
    return True


def test_pages_work_without_the_script(
    chromium: Browser, viewed: Viewed, trees: list[Opened]
) -> None:
    one = of_turns(trees, "math_cot")
    context = chromium.new_context(base_url=viewed.address, java_script_enabled=False)
    page = context.new_page()

    def complete() -> bool:
        page.goto("/trees")
        return page.locator(".trees li").count() == len(trees)

    wait_until(complete, "the catalogue was never complete")
    page.get_by_label("environment").select_option("math_cot")
    page.locator("[name=sort]").select_option("fewest-tokens")
    page.get_by_role("button", name="Show").click()
    listed(page, 2)
    assert "sort=fewest-tokens" in page.url
    tokens = [
        int(re.sub(r"\D", "", one))
        for one in page.get_by_text(re.compile(r"^[\d,]+ tokens$")).all_text_contents()
    ]
    assert len(tokens) == 2
    assert tokens == sorted(tokens)
    page.goto(place(one))
    page.locator("#call-0 > summary").click()
    page.locator("#call-0 a").click()
    expect(page.locator("h1")).to_contain_text("Call 0")
    page.go_back()
    pair = next(one.tree.pairs())
    name = f"{pair.chosen.id}-{pair.rejected.id}"
    keep = page.locator(f"#mark-{name} .keep")
    keep.click()
    expect(page).to_have_url(re.compile(f"#pair-{name}$"))
    expect(keep).to_have_attribute("aria-pressed", "true")
    keep.click()
    expect(keep).to_have_attribute("aria-pressed", "false")
    context.close()


def test_an_answer_that_is_known_is_not_sent_again(viewed: Viewed, trees: list[Opened]) -> None:
    for address in ("/trees", place(trees[0])):
        with urllib.request.urlopen(viewed.address + address) as answer:
            tag = answer.headers["ETag"]
        request = urllib.request.Request(viewed.address + address, headers={"If-None-Match": tag})
        with pytest.raises(urllib.error.HTTPError) as same:
            urllib.request.urlopen(request)
        assert same.value.code == 304
        same.value.close()
