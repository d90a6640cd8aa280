"""Composing: what a run highlights, which papers pass a filter, and why a paper was left out."""
