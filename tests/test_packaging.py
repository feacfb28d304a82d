"""Prompts, environments, docker and configs are found in every way of installing."""

import subprocess
import sys
import tarfile
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PROBE = """
import sys, pathlib
from ultrainteract import load_environment, Problem, Reference
from ultrainteract.resources import folder
for name in ("prompts", "environments", "docker", "configs"):
    assert any(folder(name).iterdir()), name
problem = Problem("d", "1", "What is 1 + 1?", Reference("2"), ("math_pot",))
assert "1 + 1" in load_environment("math_pot").prompt(problem)
assert "1 + 1" in load_environment("math_cot").prompt(problem)
print(folder("prompts"))
"""


def build(kind: str, target: Path, source: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "build", f"--{kind}", "--no-isolation", "-o", target, source],
        check=True,
        capture_output=True,
    )
    (made,) = target.iterdir()
    return made


def probe(python: Path, where: Path, *flags: str) -> Path:
    done = subprocess.run(
        [python, "-P", *flags, "-c", PROBE], check=False, capture_output=True, text=True, cwd=where
    )
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment that sees this one's packages, but not this project."""
    home = tmp_path_factory.mktemp("venv")
    venv.create(home, with_pip=False)
    here = Path(sys.prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    there = home / here.relative_to(sys.prefix) / "site-packages"
    # A path entry in a .pth does not run the .pth files of that folder: no editable install.
    (there / "others.pth").write_text(str(here / "site-packages"))
    return home


def unpack_wheel(wheel: Path, home: Path) -> None:
    (site,) = home.glob("lib/python*/site-packages")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--upgrade"]
    subprocess.run(
        [*pip, "--target", site, wheel],
        check=True,
        capture_output=True,
    )


def test_a_wheel_carries_what_it_needs(tmp_path: Path, fresh: Path) -> None:
    unpack_wheel(build("wheel", tmp_path, ROOT), fresh)
    assert fresh in probe(fresh / "bin" / "python", tmp_path, "-E").parents


def test_a_wheel_from_the_source_archive_does_too(tmp_path: Path, fresh: Path) -> None:
    archive = build("sdist", tmp_path / "sdist", ROOT)
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    unpack_wheel(build("wheel", tmp_path / "wheel", source), fresh)
    assert fresh in probe(fresh / "bin" / "python", tmp_path, "-E").parents


def test_this_checkout_uses_its_own_folders(tmp_path: Path) -> None:
    assert probe(Path(sys.executable), tmp_path) == ROOT / "prompts"
