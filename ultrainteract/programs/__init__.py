"""Grading programs by tests: all of them through the sandbox's seam, none by an exit code."""
