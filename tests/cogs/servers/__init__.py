"""Servers: the welcome when one adds the bot, what happens when it removes the bot, and how its data is deleted."""
