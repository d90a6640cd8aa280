"""Subscriptions as admins want them: settings, schedule and time zones. Pure."""
