"""The kinds of channel that digests are posted in, and the permissions that each needs."""
