"""Editing: what admins can change about subscriptions, by slash command, panel or any other way.

It takes ids, values and `now`, and knows nothing about interactions or the command line.
"""
