"""A pilot lies evenly over the run, is a part of it, and says what the rest will take."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cluster.conftest import JOB, PACE, Whole, fingerprint
from tests.conftest import MODEL, Command
from ultrainteract.cluster.pilot import spread
from ultrainteract.testing.process import serve


@given(
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=5),
    environments=st.integers(1, 2),
    wanted=st.integers(1, 40),
)
def test_each_dataset_has_its_share_of_a_pilot(
    sizes: list[int], environments: int, wanted: int
) -> None:
    problems = [f"{name}.{n}" for name, size in enumerate(sizes) for n in range(size)]
    of = {f"{one}/{env}": one for one in problems for env in range(environments)}
    chosen = spread(of, wanted)
    picked = {of[tree] for tree in chosen}
    assert len(picked) == min(wanted, max(1, len(problems) // 2))
    assert len(chosen) == len(picked) * environments, "a problem's trees go together"
    shares = Counter(one.partition(".")[0] for one in picked)
    for name, size in enumerate(sizes):
        share = len(picked) * size / len(problems)
        assert abs(shares[str(name)] - share) <= 1


@pytest.mark.ray
def test_an_estimate_grows_a_part_of_the_run_and_the_run_goes_on_from_it(
    command: Command, tmp_path: Path, whole: Whole
) -> None:
    pace = {**PACE, "trees_in_flight": 5}
    calls = whole.calls
    with serve(models=(MODEL,)) as server:
        config = command.config(server.url, pace=pace, budget={"calls": 2 * calls // 3})
        estimate = ("--estimate", "--pilot", "3", "--run", "r", "--config", config)
        first = command(*JOB, *estimate)
        assert first.code == 3, first.output
        for words in ("10 problems, 10 trees; from a pilot of 3", "time that is left"):
            assert words in first.output
        assert f"EXCEEDS ITS BUDGET: budget.calls is {2 * calls // 3}, " in first.output
        assert not (tmp_path / "runs/r/dataset").exists()
        asked = len(server.received())
        assert 0 < asked < calls // 2
        again = command(*JOB, *estimate)
        assert len(server.received()) == asked, "a pilot that is grown was asked for again"
        assert again.output.partition(" forecast ")[2] == first.output.partition(" forecast ")[2]
        config = command.config(server.url, pace=pace)
        roomy = command(*JOB, "--estimate", "--pilot", "3", "--run", "r", "--config", config)
        assert roomy.code == 0, roomy.output
        done = command(*JOB, "--run", "r", "--config", config)
        assert done.code == 0, done.output
        assert "(3 before)" in done.output
        assert set(server.calls().values()) == {1}, "an answered call was repeated"
    assert fingerprint(tmp_path / "runs/r/dataset") == whole.dataset
