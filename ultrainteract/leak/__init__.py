"""The leak guard: where a critique gives the answer away, and the critique without it.

A leak states the reference or an equal value, names the right option or its text, or holds code
that computes it. Not covered: answers by elimination ("A, C and D are wrong"), riddles ("one more
than eleven"), decimals rounded beyond what the grader accepts, paraphrases of a text answer, and
what code prints before its last three lines.
"""

from ultrainteract.leak.guard import Execute, Judge, find_leaks
from ultrainteract.leak.span import MASK, Leak, mask

__all__ = ["MASK", "Execute", "Judge", "Leak", "find_leaks", "mask"]
