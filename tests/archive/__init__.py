"""The archive: filled, kept current, and corrected when a list or a paper is taken back."""
