"""The HTTP port, which is off unless a setting opens it: how the bot is, what it counts, and feeds."""
