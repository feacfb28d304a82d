"""A run's dataset on the hub: whether it may go, what would go, and how it goes."""
