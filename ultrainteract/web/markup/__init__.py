"""Untrusted text as HTML: code coloured, formulas drawn, differences marked, nothing run."""
