"""What admins set up for a subscription: settings, schedule and time zones. Pure."""
