"""Paperboy's doors. Each module here is a cog: it parses an interaction or a timer, calls the trade and answers.

What several cogs need is in `cogs/helpers`.
"""
