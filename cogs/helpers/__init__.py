"""What cogs share: buttons, selects and modals with their answers, and helpers to read an interaction. No cogs."""
