"""What pages ask of a run: rows to list and to search, kept up from the journal beside it."""
