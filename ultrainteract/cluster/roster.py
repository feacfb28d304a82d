"""`replicas.yaml` in a run's folder: which replicas a model has, where that is not what the
configuration says. Read again whenever it changes, so that replicas join and leave a run.

    actor: {urls: ["http://node7:8000/v1"]}
    critic: {count: 3}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ultrainteract.config import ServeConfig
from ultrainteract.errors import ConfigError
from ultrainteract.secrets import Addresses

FILE = "replicas.yaml"


class Replicas(BaseModel):
    """What one model has; None is what the configuration says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    urls: Addresses | None = None
    """Endpoints that exist."""
    count: Annotated[int, Field(ge=0)] | None = None
    """vLLM servers of the run's own."""


Roster = dict[str, Replicas]
_roster = TypeAdapter(Roster)


def read_roster(folder: Path) -> Roster:
    """Empty without a file. Raises `ConfigError`."""
    path = folder / FILE
    try:
        return _roster.validate_python(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def write_roster(folder: Path, roster: Mapping[str, Replicas]) -> None:
    """Replace the file, so that no reader sees half of it. Raises OSError."""
    rows = {name: one.model_dump(mode="json", exclude_none=True) for name, one in roster.items()}
    draft = folder / f"{FILE}.draft"
    draft.write_text(yaml.safe_dump(rows), encoding="utf-8")
    draft.replace(folder / FILE)


def wanted(serve: ServeConfig, entry: Replicas | None) -> Replicas:
    """What a model is to have: what the roster says, else the configuration."""
    entry = entry or Replicas()
    urls = serve.base_url if entry.urls is None else entry.urls
    own = 0 if serve.base_url else serve.replicas
    return Replicas(urls=urls, count=own if entry.count is None else entry.count)
