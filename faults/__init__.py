"""Runs the real bot with hundreds of faults, kills and bad neighbours, and checks that each digest arrives once."""
