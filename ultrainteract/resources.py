"""Finds `prompts/`, `environments/`, `docker/`, `configs/`: in a wheel, or beside the package.

A wheel carries them inside the package (hatchling force-include); a checkout and an editable
install have them at the top of the repository.
"""

import os
from functools import cache
from pathlib import Path

_package = Path(__file__).parent


@cache
def folder(name: str) -> Path:
    """The folder `name`, an existing directory. Raises FileNotFoundError with both places."""
    in_wheel = _package / name
    in_checkout = _package.parent / name
    if (_package.parent / "pyproject.toml").exists() and in_checkout.is_dir():
        return in_checkout
    # A wheel merges the environments folder with the package of that name.
    if in_wheel.is_dir():
        return in_wheel
    raise FileNotFoundError(f"no folder {name!r} at {in_checkout} or {in_wheel}")


def default_cache() -> Path:
    """Where weights and the like are kept: `$ULTRAINTERACT_HOME`, or `~/.cache/ultrainteract`."""
    home = os.environ.get("ULTRAINTERACT_HOME")
    return Path(home) if home else Path.home() / ".cache" / "ultrainteract"
