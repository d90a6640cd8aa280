"""Editing: what admins may change of subscriptions, whichever door they come through.

It takes ids, values and `now`, and knows neither an interaction nor a command line.
"""
