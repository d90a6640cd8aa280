"""Look-ups: finding papers, completing what people type, and citing."""
