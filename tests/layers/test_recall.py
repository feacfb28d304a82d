"""A recalled tree is the recorded one, and its claims are those the journal has verdicts on."""

import asyncio
from pathlib import Path

from ultrainteract.layers.layer import FOLDER
from ultrainteract.layers.overlay import Judged
from ultrainteract.layers.recall import finished_trees, recall
from ultrainteract.recorder import claim_key, replay
from ultrainteract.run_folder import read_run


def test_it_is_the_replayed_tree_with_keys(run: Path) -> None:
    journal, config = read_run(run)
    for one in journal.instructions():
        plain = asyncio.run(replay(journal, one, config))
        recalled = asyncio.run(recall(journal, one, config))
        assert recalled.tree.turns == plain.turns
        for mine, recorded in zip(recalled.tree.nodes, plain.nodes, strict=True):
            assert (mine.action, mine.judgement) == (recorded.action, recorded.judgement)
            if isinstance(mine.verdict, Judged):
                assert mine.verdict.key in recalled.claims
                assert recorded.verdict == recalled.claims[mine.verdict.key].verdict
    journal.close()


def test_its_claims_are_those_of_the_journal(run: Path) -> None:
    journal, config = read_run(run)
    for one in journal.instructions():
        recalled = asyncio.run(recall(journal, one, config))
        recorded = {key for kind, key in journal.effects(one.id) if kind == "judge"}
        assert recalled.claims.keys() == recorded
        assert all(claim_key(stored.claim) == key for key, stored in recalled.claims.items())
    journal.close()


def test_a_tree_that_lacks_a_record_is_named_and_the_others_come(run: Path) -> None:
    journal, config = read_run(run)
    trees = list(finished_trees(journal, config, []))
    other = config.model_copy(update={"seed": 1})
    misfits: list[str] = []
    assert list(finished_trees(journal, other, misfits)) == []
    assert misfits == [tree.instruction.id for tree in trees]
    assert len(trees) == 12
    assert not (run / FOLDER).exists()
    journal.close()
