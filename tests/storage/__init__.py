"""The database: what is recorded stays, what is forgotten is gone, and the file stays small and whole."""
