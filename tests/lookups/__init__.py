"""Finding, completing and citing, without a Discord."""
