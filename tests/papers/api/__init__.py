"""The papers API on good days and on bad ones."""
