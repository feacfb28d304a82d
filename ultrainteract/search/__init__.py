"""Where facts are searched for: Wikipedia itself, or passages that came with a problem."""
