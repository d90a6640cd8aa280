"""Discord messages (Components V2) and every text a person reads; the one place that knows Discord's size limits."""
