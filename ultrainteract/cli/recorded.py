"""A run that is there, as commands open it: its journal, its shape, and its last pace."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ultrainteract.config import RunConfig
from ultrainteract.config_file import load_config
from ultrainteract.journal import Journal
from ultrainteract.run_folder import read_run
from ultrainteract.seeds import load_plugin


@contextmanager
def recorded(
    run: Path, plugins: Iterable[Path] = (), overrides: Iterable[str] = ()
) -> Iterator[tuple[Journal, RunConfig]]:
    """The journal, to read, and the configuration; `overrides` reach its `pace` alone.

    Raises `RunFolderError` where there is no run, `ConfigError` for an override.
    """
    for plugin in plugins:
        load_plugin(plugin)
    journal, config = read_run(run)
    try:
        # The journal holds what shapes trees; what paces a run stands in the folder.
        pace = load_config(run / "config.yaml", overrides).pace
        yield journal, config.model_copy(update={"pace": pace})
    finally:
        journal.close()
