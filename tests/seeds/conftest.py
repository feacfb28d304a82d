"""Every test leaves the names registered as it found them."""

from collections.abc import Iterator

import pytest

from ultrainteract.seeds import registry


@pytest.fixture(autouse=True)
def _names_restored() -> Iterator[None]:
    before = dict(registry._registered)
    yield
    # A shipped module registers once, at its import: what it registered stays.
    for name in registry._registered.keys() - before.keys() - registry._shipped():
        del registry._registered[name]
    registry._registered.update(before)
