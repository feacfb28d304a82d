"""A journal that is made for measuring is one that a run would have made."""

import asyncio
from pathlib import Path

from benchmarks.size_journal import build, write_seed
from benchmarks.size_run import CONFIG
from ultrainteract.cluster.beginning import SynthesisRequest
from ultrainteract.config_file import load_config
from ultrainteract.recorder import replay
from ultrainteract.run_folder import read_run


def test_every_tree_of_a_built_journal_replays_to_its_end_and_the_last_wait(tmp_path: Path) -> None:
    write_seed(tmp_path / "seed.jsonl", 30)
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.format(url="http://localhost:1/v1", wave=2, turns=2, in_flight=4))
    request = SynthesisRequest(
        "gsm8k",
        tmp_path / "run",
        load_config(path, []),
        environments=("math_cot",),
        source=str(tmp_path / "seed.jsonl"),
    )
    effects = build(request, processes=1, leave=4)
    journal, config = read_run(request.folder)
    assert effects >= 26 * 3
    assert len(list(journal.waiting())) == 4
    turns = [len(asyncio.run(replay(journal, one, config)).turns) for one in journal.finished()]
    assert len(turns) == 26
    assert set(turns) == {1, 2}
    journal.close()
