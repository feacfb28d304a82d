"""Samplers on a machine with other work."""

import pytest

from ultrainteract.sampling.endpoint import Endpoint


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that gets no CPU time for a while is not taken for one that is gone."""
    monkeypatch.setattr(Endpoint, "knock_seconds", 120.0)
