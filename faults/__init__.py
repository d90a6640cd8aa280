"""Faults on the wire, kills, bad neighbours: the real bot meets them by the hundred, and each digest arrives once."""
