"""Look-ups: finding papers, suggesting completions, and citing."""
