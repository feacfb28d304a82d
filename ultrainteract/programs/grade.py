"""What the tests said of a program: a judgement, how many passed, and the first that did not.

A verdict's reason stays in the journal. `observation` is what a model may read: it holds what is
expected of public tests only.
"""

from dataclasses import dataclass

from ultrainteract.types import Judgement, Outcome, Verdict

# Raised with every change that can change a verdict.
GRADER_VERSION = "programs-2"
EXCERPT = 300


@dataclass(frozen=True, slots=True)
class Failure:
    """One test that did not pass, counted from 1. `given` and `got` are excerpts.

    `rule` is `answer`, `exception`, `load`, the outcome of an execution, or of what cannot be
    decided. `wanted` is empty unless the test is public.
    """

    test: int
    rule: str
    given: str = ""
    got: str = ""
    wanted: str = ""
    error: str = ""
    judgement: Judgement = Judgement.INCORRECT


@dataclass(frozen=True, slots=True)
class Grade:
    """`passed` counts the tests before the first that did not pass, or all of them."""

    judgement: Judgement
    rule: str
    passed: int
    total: int
    failure: Failure | None = None

    def verdict(self) -> Verdict:
        """For the record."""
        return Verdict(
            self.judgement,
            f"tests:{self.rule}",
            GRADER_VERSION,
            self.reason(),
            self.observation(),
        )

    def reason(self) -> str:
        """How far it came and what stopped it, without what was expected."""
        if self.failure is None:
            return f"{self.passed} of {self.total} tests passed"
        error = f": {self.failure.error}" if self.failure.error else ""
        return f"test {self.failure.test} of {self.total}: {self.failure.rule}{error}"

    def observation(self) -> str:
        """A few lines for the model that wrote the program."""
        failure = self.failure
        if failure is None:
            return f"All {self.total} tests passed."
        if failure.rule == "load":
            return f"The program could not be loaded.\n{failure.error}".strip()
        lines = [f"Test {failure.test} of {self.total} failed: {TOLD.get(failure.rule, '')}"]
        lines += [told(label, text) for label, text in failure_lines(failure) if text]
        return "\n".join(lines)


TOLD = {
    "answer": "wrong answer.",
    "exception": "the program raised an exception.",
    Outcome.EXCEPTION: "the program raised an exception.",
    Outcome.TIMEOUT: "time limit exceeded.",
    Outcome.MEMORY: "memory limit exceeded.",
    Outcome.OUTPUT: "it printed too much.",
    Outcome.KILLED: "the program ended itself.",
    "uncrossable": "what it returned is not plain data.",
}


def failure_lines(failure: Failure) -> list[tuple[str, str]]:
    """What there is to show, with its labels."""
    return [
        ("Input", failure.given),
        ("Expected", failure.wanted),
        ("Got", failure.got),
        # What the comparer says of an output is no error.
        ("Difference" if failure.rule == "answer" else "Error", failure.error),
    ]


def told(label: str, text: str) -> str:
    """An excerpt under its label: several lines begin below it."""
    shown = excerpt(text)
    return f"{label}:\n{shown}" if "\n" in shown else f"{label}: {shown}"


def passed(total: int) -> Grade:
    """CORRECT: every test reported and passed."""
    return Grade(Judgement.CORRECT, "passed", total, total)


def failed(failure: Failure, total: int) -> Grade:
    """INCORRECT or UNVERIFIED, as the failure says."""
    return Grade(failure.judgement, failure.rule, failure.test - 1, total, failure)


def undecided(rule: str, reason: str, *, test: int = 1, total: int = 0) -> Grade:
    """UNVERIFIED, with the reason."""
    return failed(Failure(test, rule, error=reason, judgement=Judgement.UNVERIFIED), total)


def verdict_of(failures: list[Failure], total: int) -> Grade:
    """A test that failed decides before one that cannot be decided; the first of its kind."""
    wrong = [failure for failure in failures if failure.judgement is Judgement.INCORRECT]
    first = (wrong or failures)[:1]
    return failed(first[0], total) if first else passed(total)


def excerpt(text: str) -> str:
    """At most `EXCERPT` characters of a text."""
    text = text.strip()
    return text if len(text) <= EXCERPT else f"{text[:EXCERPT]}..."
