"""Composing: what a run highlights, what a filter lets through, and why a paper was left out."""
