"""Following: what people follow, which papers that brings them, and when."""
