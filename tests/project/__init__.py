"""Rules for the project itself: imports, docs, wording, and what `make faults` would see."""
