"""The program: its command line, its start, its demo and its settings."""
