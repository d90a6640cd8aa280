"""Discord messages (Components V2) and replies; the one place that knows Discord's size limits."""
