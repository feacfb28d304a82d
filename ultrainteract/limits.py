"""The configuration's section `budget`: what a run and each of its trees may spend.

It bounds a run and shapes no tree before its bound, so it may change on resume: a raised limit
opens again what it had stopped.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class LimitsConfig(BaseModel):
    """Upper limits, each None where there is none. What is under way when one is reached is
    finished: of a run its requests, of a tree its wave or critique."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens: Annotated[int, Field(ge=1)] | None = None
    """Prompt and completion tokens of model calls."""
    money: Annotated[float, Field(gt=0)] | None = None
    """Cost of model calls, by the prices in each model's `serve`."""
    calls: Annotated[int, Field(ge=1)] | None = None
    """Model calls."""
    seconds: Annotated[float, Field(gt=0)] | None = None
    """Of the run: wall time of one command. Of a tree: time of its model calls, summed."""


UNLIMITED = LimitsConfig()


class BudgetConfig(LimitsConfig):
    """Limits of the run: what earlier commands spent counts, but for their time."""

    tree: LimitsConfig = UNLIMITED
    """Limits of each tree, by its own record: it ends there and keeps its turns and pairs."""
