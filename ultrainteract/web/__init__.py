"""Pages over runs: rendered here, with one script of their own, and nothing from elsewhere."""
