"""Every bundled problem in every environment that it is for."""

from functools import cache

from ultrainteract.environment import instruct
from ultrainteract.seeds import load, registry
from ultrainteract.types import Instruction, Problem


@cache
def problems(dataset: str) -> tuple[Problem, ...]:
    """The sample of a dataset, with what its own selection leaves out."""
    return load(dataset, source="sample", everything=True).problems


def pairs() -> list[tuple[str, str]]:
    """Each dataset with each environment of its problems."""
    return [
        (dataset, name)
        for dataset in sorted(registry._shipped())
        for name in sorted({name for one in problems(dataset) for name in one.environments})
    ]


def posed(dataset: str, environment: str) -> list[tuple[Problem, Instruction]]:
    """The problems of a dataset that an environment takes, and what it makes of them."""
    return [
        (problem, instruct(problem, environment))
        for problem in problems(dataset)
        if environment in problem.environments
    ]
