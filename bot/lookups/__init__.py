"""Finding papers, suggesting completions, and citing."""
