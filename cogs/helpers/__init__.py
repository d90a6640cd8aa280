"""What cogs share: buttons, selects and modals with what they answer, and how an interaction is read. No cogs."""
