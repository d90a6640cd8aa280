"""The papers API as it answers on good days and bad, and titles as their authors meant them."""
