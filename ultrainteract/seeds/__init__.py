"""Seed datasets: `@seed` registers one, `load` reads one."""

from ultrainteract.seeds.plugin import load_plugin
from ultrainteract.seeds.problems import Loaded, load, read, select
from ultrainteract.seeds.registry import Hub, Question, Row, Skip, load_seed, named, seed, seeds
from ultrainteract.seeds.source import Provenance, locate

__all__ = [
    "Hub",
    "Loaded",
    "Provenance",
    "Question",
    "Row",
    "Skip",
    "load",
    "load_plugin",
    "load_seed",
    "locate",
    "named",
    "read",
    "seed",
    "seeds",
    "select",
]
