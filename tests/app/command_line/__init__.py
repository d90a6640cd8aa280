"""The command line, as an operator types it: real processes against the papers API on loopback."""
