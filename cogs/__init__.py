"""Paperboy's doors: each parses an interaction or a timer, calls the trade and answers."""
