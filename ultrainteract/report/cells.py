"""The run report as cells of text, alike on a terminal and in the card."""

from ultrainteract.report.tables import TURNS, Counts, Report
from ultrainteract.report.yields import Yield

_ENDS = ("tokens", "traj/ins", "pairs", "correct")
TASK_HEADS = (
    "task",
    "interaction",
    "tool",
    "instructions",
    *(f"T{turn}" for turn in range(1, TURNS + 1)),
    *_ENDS,
)
DATASET_HEADS = ("task", "dataset", "tool", "prompts", "pairs", "correct", "length")
YIELD_HEADS = ("task", "dataset", "calls", "tokens", "pairs/1k calls", "pairs/M tokens")


def task_cells(report: Report) -> list[tuple[str, ...]]:
    """A row for each task, with or without interaction and tool, and the whole run."""
    rows = [
        (row.task, _yes(row.interaction), _yes(row.tool), *_task_counts(row.counts))
        for row in report.tasks
    ]
    return [*rows, ("total", "", "", *_task_counts(report.total))]


def dataset_cells(report: Report) -> list[tuple[str, ...]]:
    """A row for each dataset, and the whole run."""
    rows = [
        (row.task, row.dataset, _yes(row.tool), *_dataset_counts(row.counts))
        for row in report.datasets
    ]
    return [*rows, ("total", "", "", *_dataset_counts(report.total))]


def spending_cells(report: Report) -> list[tuple[str, ...]]:
    """What each dataset's model calls brought, and those of the whole run."""
    rows = [(row.task, row.dataset, *_spending(row.counts)) for row in report.datasets]
    return [*rows, ("total", "", *_spending(report.total))]


def _spending(counts: Counts) -> tuple[str, ...]:
    return f"{counts.calls:,}", f"{counts.spent:,}", *yield_cells(counts.brought)


def _task_counts(counts: Counts) -> tuple[str, ...]:
    return (
        f"{counts.instructions:,}",
        *(f"{trajectories:,}" for trajectories in counts.turns),
        _mean(counts.tokens),
        f"{counts.per_instruction:.1f}",
        f"{counts.pairs:,}",
        f"{counts.correct:,}",
    )


def _dataset_counts(counts: Counts) -> tuple[str, ...]:
    return (
        f"{counts.instructions:,}",
        f"{counts.pairs:,}",
        f"{counts.correct:,}",
        _mean(counts.tokens),
    )


def yield_cells(brought: Yield) -> tuple[str, str]:
    """Pairs for 1,000 calls and for a million tokens."""
    by_calls, by_tokens = (
        "-" if value is None else f"{value:,.1f}" for value in (brought.by_calls, brought.by_tokens)
    )
    return by_calls, by_tokens


def _mean(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _yes(value: bool | None) -> str:  # noqa: FBT001
    return "-" if value is None else "yes" if value else "no"
