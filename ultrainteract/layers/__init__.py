"""What is laid over a journal without changing it: the verdicts of a later grader."""
