"""The catalogue: what it lists and finds, and that it follows its journal."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from tests.layers.conftest import CONFIG, Erring, grow_run, instructions
from ultrainteract.catalogue.catalogue import FILE, Catalogue, Page, Row
from ultrainteract.catalogue.entry import failure_of, verdict_of
from ultrainteract.catalogue.follower import Follower
from ultrainteract.catalogue.opened import open_tree
from ultrainteract.catalogue.order import ORDERS, Order, Place
from ultrainteract.catalogue.search import Search
from ultrainteract.journal import Journal
from ultrainteract.report.overview import Overview
from ultrainteract.run_folder import read_run
from ultrainteract.tree import PreferenceTree

TREES = 7


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return grow_run(tmp_path_factory.mktemp("runs") / "r", instructions(TREES), Erring)


@pytest.fixture
def run(grown: Path, tmp_path: Path) -> Path:
    """A copy to write beside."""
    return shutil.copytree(grown, tmp_path / "r")


@pytest.fixture
def journal(run: Path) -> Iterator[Journal]:
    opened = Journal(run)
    yield opened
    opened.close()


@pytest.fixture
def catalogue(run: Path) -> Iterator[Catalogue]:
    opened = Catalogue(run)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def followed(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalogue]:
    """A catalogue that has everything; not to be written to."""
    run = shutil.copytree(grown, tmp_path_factory.mktemp("followed") / "r")
    catalogue = Catalogue(run)
    follow(run, catalogue)
    yield catalogue
    catalogue.close()


def follow(run: Path, catalogue: Catalogue) -> Follower:
    """Until nothing is left to read."""
    journal, config = read_run(run)
    follower = Follower(journal, config, catalogue)
    while follower.step():
        pass
    return follower


def trees(run: Path) -> list[PreferenceTree]:
    journal, config = read_run(run)
    found = [open_tree(journal, one.id, config).tree for one in journal.instructions()]
    journal.close()
    return found


def ids(page: Page) -> list[str]:
    return [row.entry.id for row in page.rows]


def test_every_tree_is_listed_in_the_order_of_instructions(run: Path, catalogue: Catalogue) -> None:
    follow(run, catalogue)
    page = catalogue.page(Search(), 100)
    assert ids(page) == [tree.instruction.id for tree in trees(run)]
    assert (page.before, page.after) == (None, None)
    for row, tree in zip(page.rows, trees(run), strict=True):
        assert row.entry.pairs == sum(1 for _ in tree.pairs())
        assert row.entry.nodes == len(tree.nodes)
        assert row.entry.turns == len(tree.turns)


@pytest.mark.parametrize("search", [Search(), Search(text="6 times"), Search(verdict="correct")])
def test_pages_go_on_where_the_one_before_ended_in_either_direction_and_any_order(
    followed: Catalogue, search: Search
) -> None:
    plain = followed.page(search, 100).rows
    for order in ORDERS.values():
        whole = ids(followed.page(search, 100, order=order))
        assert whole == [row.entry.id for row in sorted(plain, key=partial(rank, order=order))]
        there, page = [], followed.page(search, 2, order=order)
        assert page.before is None
        while True:
            there.append(ids(page))
            if page.after is None:
                break
            page = followed.page(search, 2, after=page.after, order=order)
        assert [one for some in there for one in some] == whole
        back = [ids(page)]
        while page.before is not None:
            page = followed.page(search, 2, before=page.before, order=order)
            back.insert(0, ids(page))
        assert back == there


@pytest.mark.parametrize("near", [0, 1, 16])
@pytest.mark.parametrize("search", [Search(), Search(text="6 times"), Search(text="4")])
def test_a_tree_has_the_neighbours_that_its_list_gives_it(
    followed: Catalogue, search: Search, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ultrainteract.catalogue.catalogue._NEAR", near)
    for order in ORDERS.values():
        rows = followed.page(search, 100, order=order).rows
        neighbours = ["", *(row.entry.id for row in rows), ""]
        for at, row in enumerate(rows):
            beside = followed.beside(search, row.entry, order=order)
            assert beside == (neighbours[at], neighbours[at + 2])


def rank(row: Row, order: Order) -> tuple[int, int]:
    """The largest first, equals in the order of instructions."""
    value = int(getattr(row.entry, order.column)) if order.column else 0
    return -value if order.falling else value, row.entry.position


def test_a_page_goes_on_from_its_place_though_the_row_there_has_moved(
    run: Path, journal: Journal, catalogue: Catalogue
) -> None:
    """In the order of what changed last, a tree that grows moves to the front."""
    follow(run, catalogue)
    order = ORDERS["changed"]
    first = catalogue.page(Search(), 3, order=order)
    rest = ids(catalogue.page(Search(), 100, after=first.after, order=order))
    journal.reopen([ids(first)[-1]])
    follow(run, catalogue)
    assert ids(catalogue.page(Search(), 1, order=order)) == ids(first)[-1:]
    assert ids(catalogue.page(Search(), 100, after=first.after, order=order)) == rest


def test_every_order_is_read_off_an_index(followed: Catalogue) -> None:
    with sqlite3.connect(followed.path) as db:
        for order in ORDERS.values():
            for forward in (True, False):
                edge, args = order.beyond(Place(3, 1), "position", forward=forward)
                by = order.by("position", forward=forward)
                sql = f"EXPLAIN QUERY PLAN SELECT * FROM tree WHERE {edge} ORDER BY {by} LIMIT 5"
                plan = " ".join(str(row[3]) for row in db.execute(sql, args))
                assert plan.startswith("SEARCH tree USING")
                assert "B-TREE" not in plan
    db.close()


def test_filters_hold_of_one_action_together(run: Path, catalogue: Catalogue) -> None:
    follow(run, catalogue)
    grown = trees(run)
    actions = {
        (str(node.turn), verdict_of(node), node.action.sampling.model, failure_of(node))
        for tree in grown
        for node in tree.nodes
    }
    for turn, verdict, model, failure in actions:
        search = Search(turn=turn, verdict=verdict, model=model, failure=failure)
        wanted = [
            tree.instruction.id
            for tree in grown
            if any(
                (str(node.turn), verdict_of(node), node.action.sampling.model)
                == (turn, verdict, model)
                and failure_of(node) == failure
                for node in tree.nodes
            )
        ]
        assert ids(catalogue.page(search, 100)) == wanted
        assert catalogue.count(search) == len(wanted)


def test_words_phrases_and_beginnings_are_found_with_their_place(
    run: Path, catalogue: Catalogue
) -> None:
    follow(run, catalogue)
    one = trees(run)[3]
    found = catalogue.page(Search(text='3: "times 7"'), 100)
    assert one.instruction.id in ids(found)
    assert all("\ue000" in row.excerpt for row in found.rows)
    assert catalogue.count(Search(text='"7 times"')) == 0
    assert catalogue.count(Search(text="tim*")) == TREES
    assert catalogue.count(Search(text="t*")) == 0
    assert catalogue.count(Search(text="TIMES")) == TREES


def test_a_catalogue_that_is_followed_again_reads_nothing_twice(
    run: Path, catalogue: Catalogue
) -> None:
    follow(run, catalogue)
    before = catalogue.revision
    follow(run, catalogue)
    assert catalogue.revision == before


def test_a_tree_that_ends_or_is_reopened_is_read_again(
    run: Path, journal: Journal, catalogue: Catalogue
) -> None:
    ended = journal.ended()
    first = next(iter(journal.instructions())).id
    journal.reopen([first])
    follower = follow(run, catalogue)
    entry = catalogue.entry(first)
    assert entry
    assert entry.state == "growing"
    assert catalogue.count(Search(state="growing")) == 1
    with journal._transaction("end a tree"):
        journal._db.execute("INSERT INTO ended VALUES (?, ?, 9)", (first, ended[first]))
    while follower.step():
        pass
    entry = catalogue.entry(first)
    assert entry
    assert entry.state == ended[first]
    assert catalogue.count(Search(state="growing")) == 0
    assert (
        follower._overview.counts
        == Overview.of(catalogue.facts(*(known[0] for known in catalogue.known().values()))).counts
    )


def test_a_tree_that_grows_is_shown_as_far_as_its_record_goes(
    run: Path, journal: Journal, catalogue: Catalogue
) -> None:
    whole = max(trees(run), key=lambda tree: len(tree.nodes))
    tree = whole.instruction.id
    journal.reopen([tree])
    _, config = read_run(run)
    lengths = []
    for _, (kind, key) in zip(range(40), reversed(list(journal.effects(tree))), strict=False):
        with journal._transaction("take an effect out"):
            journal._db.execute(
                "DELETE FROM effect WHERE tree = ? AND kind = ? AND key = ?", (tree, kind, key)
            )
        opened = open_tree(journal, tree, config)
        assert not opened.whole
        assert opened.state in {"growing", "waiting"}
        assert opened.tree.nodes == whole.nodes[: len(opened.tree.nodes)]
        spent = opened.tree.spent.values()
        assert sum(one.calls for one in spent) == len(opened.calls)
        lengths.append(len(opened.tree.nodes))
    assert lengths == sorted(lengths, reverse=True)
    follow(run, catalogue)


def test_more_growing_trees_than_are_read_at_once_are_all_listed(
    journal: Journal, run: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ultrainteract.catalogue.follower._GROWING", 2)
    journal.reopen(journal.ended())
    read, config = read_run(run)
    follower = Follower(read, config, catalogue)
    for _ in range(TREES):
        follower.step()
    assert catalogue.count(Search(state="growing")) == TREES


def test_what_is_no_catalogue_or_of_another_run_is_made_anew(run: Path, grown: Path) -> None:
    (run / FILE).write_bytes(b"no database, but something else" * 100)
    catalogue = Catalogue(run)
    follow(run, catalogue)
    assert sum(catalogue.states().values()) == TREES
    catalogue.close()
    shutil.rmtree(run.parent / "other", ignore_errors=True)
    other = grow_run(run.parent / "other", instructions(2), Erring, CONFIG)
    shutil.copy(run / FILE, other / FILE)
    catalogue = Catalogue(other)
    follow(other, catalogue)
    assert sum(catalogue.states().values()) == 2
    catalogue.close()


def test_an_instruction_that_is_left_out_is_listed_no_longer(
    run: Path, journal: Journal, catalogue: Catalogue
) -> None:
    follower = follow(run, catalogue)
    kept: Sequence[str] = [one.id for one in journal.instructions()][:3]
    with journal._transaction("leave out"):
        journal._db.execute("DELETE FROM instruction WHERE position > 2")
    while follower.step():
        pass
    assert ids(catalogue.page(Search(), 100)) == kept
    assert catalogue.count(Search(text="times")) == 3


def test_following_holds_no_lock_that_a_run_needs(
    run: Path, journal: Journal, catalogue: Catalogue
) -> None:
    follow(run, catalogue)
    journal.set_meta(said="something")
    assert catalogue.page(Search(), 1).rows
