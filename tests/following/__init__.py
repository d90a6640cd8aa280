"""Following: which papers it brings, and when."""
