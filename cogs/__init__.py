"""The cogs: each module here reads an interaction, an event or a timer, calls a function in `bot/`, and answers.

What several cogs need is in `cogs/helpers`.
"""
