"""The layers of AGENTS.md, read off the imports: each module imports only what lies below it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "ultrainteract"

# Lowest first; names of one line share a layer and may import each other.
LAYERS = [
    {"types", "errors"},
    {
        "environment",
        "tree",
        "config",
        "config_file",
        "secrets",
        "limits",
        "prompts",
        "resources",
        "readings",
        "replies",
        "number_words",
        "frames",
        "environments",
    },
    {"seeds", "sampling", "sandbox", "verify", "search"},
    {"programs"},
    {
        "grow",
        "ladder",
        "pairing",
        "budget",
        "early",
        "forecast",
        "critic",
        "leak",
        "claims",
        "opinion",
        "test_writing",
        "sieve",
    },
    {
        "recorder",
        "journal",
        "database",
        "locks",
        "live",
        "run_folder",
        "dataset",
        "report",
        "layers",
        "push",
        "select",
        "rehearsal",
        "testing",
    },
    {"catalogue"},
    {"cluster"},
    {"web"},
    {"cli"},
]
# Each outside world has one door; what the openai package costs a call, none may pay.
DOORS: dict[str, set[str]] = {
    "ray": {"cluster"},
    "docker": {"sandbox"},
    "openai": set(),
    "datasets": {"seeds", "dataset"},
    "sqlite3": {"database"},
    "typer": {"cli"},
    "matplotlib": {"report"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "uvicorn": {"web"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rank(name: str) -> int:
    return next(place for place, layer in enumerate(LAYERS) if name in layer)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_its_layer_and_those_below(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        return
    own = rank(part(path))
    for name in imports(path):
        if name.startswith("ultrainteract."):
            other = name.split(".")[1]
            assert rank(other) <= own, f"{path} imports {name}, which lies above it"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_outside_world_has_one_door(path: Path) -> None:
    for name in imports(path):
        if (doors := DOORS.get(name.split(".")[0])) is not None:
            assert part(path) in doors, f"{path} imports {name}"


@pytest.mark.parametrize("path", sorted(ROOT.glob("environments/*/*.py")), ids=str)
def test_an_environment_imports_public_names_only(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not (node.module or "").startswith("ultrainteract."), f"{path}: {node.module}"


def test_no_module_passes_the_size_rule() -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert not {str(path): lines for path, lines in sizes.items() if lines > 300}
