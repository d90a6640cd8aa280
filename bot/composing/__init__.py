"""Composing: what a run highlights, which papers match a filter, and why a paper was left out."""
