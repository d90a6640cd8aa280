"""Pages of papers: turned in place, shared, and still working after a restart."""
