"""Messages and sentences: within Discord's limits, and saying what they should."""
