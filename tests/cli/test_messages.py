"""Bad input ends in one message that says what was tried, what exists and what to do."""

import json
from pathlib import Path

import pytest

from tests.conftest import MODEL, Command
from ultrainteract.config_file import load_config
from ultrainteract.run_folder import Beginning, open_run
from ultrainteract.seeds import Provenance
from ultrainteract.testing.process import serve

JOB = ("synthesize", "math", "--source", "sample", "--run", "r")


def refused(command: Command, *words: str | Path, says: tuple[str, ...], **env: str) -> None:
    done = command.here(*words, **env)
    assert done.code == 2, done.output
    assert "Traceback" not in done.output
    for text in ("error: ", *says):
        assert text in done.output, done.output


def test_an_unknown_dataset_names_the_nearest(command: Command) -> None:
    says = ("unknown seed dataset 'mth'", "did you mean 'math'", "gsm8k")
    refused(command, "synthesize", "mth", says=says)


def test_an_unknown_environment_lists_those_there_are(command: Command) -> None:
    says = ("unknown environment 'math_cod'", "did you mean 'math_cot'", "math_pot")
    refused(command, *JOB, "--env", "math_cod", says=says)


def test_an_unknown_key_of_the_configuration_is_named(command: Command) -> None:
    config = command.config("http://127.0.0.1:9/v1", sampling={"wave": [1]})
    refused(command, *JOB, "--config", config, says=("sampling.wave", "did you mean 'waves'?"))


def test_an_unreadable_configuration_is_named(command: Command, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("models: [")
    refused(command, *JOB, "--config", "broken.yaml", says=("cannot read", "broken.yaml"))


def test_a_plugin_that_raises_is_named_with_its_line(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("x = 1\nraise ValueError('so it goes')\n")
    says = ("mine.py", "so it goes", "ValueError")
    refused(command, "synthesize", "mine", "--plugin", "mine.py", says=says)


def test_rows_without_an_answer_are_counted_and_explained(command: Command, tmp_path: Path) -> None:
    rows = [{"problem": "What?", "solution": "Nothing is boxed."}, {"problem": "Why?"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    config = command.config("http://127.0.0.1:9/v1")
    job = ("synthesize", "math", "--source", "rows.jsonl", "--config", config)
    refused(command, *job, says=("none of 2 rows is a problem", "missing field solution"))


def test_a_changed_configuration_is_refused_with_a_diff(command: Command) -> None:
    url = "http://127.0.0.1:9/v1"
    first = load_config(command.config(url))
    seeds = {"dataset": "math", "environments": [], "source": "sample"}
    with open_run(command.folder / "runs" / "r") as run:
        run.begin(first, seeds, [], lambda: Beginning([Provenance("math", "sample", "math.jsonl")]))
    changed = command.config(url, sampling={"max_tokens": 9})
    says = ("begun with another configuration", "sampling.max_tokens: 1024 -> 9", "--reconfigure")
    refused(command, *JOB, "--config", changed, says=says)


def test_no_docker_says_how_to_get_it(command: Command) -> None:
    config = command.config("http://127.0.0.1:9/v1")
    says = ("engine.sh",)
    job = (*JOB, "--env", "math_pot", "--config", config)
    refused(command, *job, says=says, DOCKER_HOST="unix:///nowhere.sock")


def test_a_folder_that_cannot_be_written_is_named(command: Command, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    config = command.config("http://127.0.0.1:9/v1")
    refused(command, *JOB, "--config", config, says=("cannot write the run folder",))


def test_a_ray_cluster_that_is_not_there_is_named(command: Command) -> None:
    config = command.config("http://127.0.0.1:9/v1")
    job = (*JOB, "--env", "math_cot", "--config", config, "--ray-address", "127.0.0.1:9")
    refused(command, *job, says=("reach Ray at 127.0.0.1:9", "refused"))


@pytest.mark.ray
def test_an_endpoint_that_is_down_is_named(command: Command) -> None:
    config = command.config("http://127.0.0.1:9/v1")
    says = ("127.0.0.1:9", "no endpoint answers", "serve.base_url")
    refused(command, *JOB, "--env", "math_cot", "--config", config, says=says)


@pytest.mark.ray
def test_a_wrong_model_name_lists_what_the_endpoint_serves(command: Command) -> None:
    with serve(models=("another",)) as server:
        config = command.config(server.url)
        says = (MODEL, "another")
        refused(command, *JOB, "--env", "math_cot", "--config", config, says=says)


@pytest.mark.ray
def test_no_hub_falls_back_to_the_sample_loudly(command: Command) -> None:
    with serve(models=(MODEL,)) as server:
        config = command.config(server.url, pace={"limit": 1})
        job = ("synthesize", "gsm8k", "--env", "math_cot", "--config", config)
        done = command(*job, HF_ENDPOINT="http://127.0.0.1:9")
        assert done.code == 0, done.output
        card = command.folder / "runs" / "gsm8k-config" / "dataset" / "README.md"
        before = card.read_bytes()
        again = command(*job, HF_ENDPOINT="http://127.0.0.1:9")
    for output in (done.output, again.output):
        assert "NOTICE: gsm8k: NOT the dataset" in output
    assert b"NOT the dataset" in before
    assert card.read_bytes() == before, "a resumed run tells another story"


def test_a_plugin_of_few_lines_is_listed(command: Command, tmp_path: Path) -> None:
    (tmp_path / "my_seeds.py").write_text(
        "from ultrainteract.seeds import Question, Row, seed\n\n\n"
        '@seed("mine", environments=["math_cot"], source="mine.jsonl")\n'
        "def mine(row: Row) -> Question:\n"
        '    """My problems."""\n'
        '    return Question(row.text("q"), row.text("a"))\n'
    )
    done = command("seeds", "list", "--plugin", "my_seeds.py")
    assert done.code == 0, done.output
    assert "mine.jsonl" in done.output
    assert "My problems." in done.output


@pytest.mark.ray
def test_a_plugin_seed_runs_to_a_dataset(command: Command, tmp_path: Path) -> None:
    (tmp_path / "my_seeds.py").write_text(
        "from ultrainteract.seeds import Question, seed\n\n\n"
        '@seed("mine", environments="math_cot", source="mine.jsonl")\n'
        'def mine(row):\n    return Question(row["q"], row["a"])\n'
    )
    (tmp_path / "mine.jsonl").write_text('{"q": "What is 3 + 4?", "a": 7}\n')
    with serve(models=(MODEL,)) as server:
        config = command.config(server.url)
        job = ("synthesize", "mine", "--plugin", "my_seeds.py", "--config", config, "--run", "m")
        done = command(*job)
    assert done.code == 0, done.output
    assert (tmp_path / "runs/m/dataset/README.md").is_file()
