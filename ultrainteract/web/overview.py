"""The overview of a run: what its page shows."""

from ultrainteract.web.shown import ShownRun


def overview(run: ShownRun) -> dict[str, object]:
    """What the template shows."""
    states = run.catalogue.states()
    listed = sum(states.values())
    return {
        "base": run.base,
        "run": run,
        "states": states,
        "listed": listed,
        "ended": run.ended,
        "trees": run.trees,
        "marks": run.marks().counts(),
        "figures": run.figures(),
    }
