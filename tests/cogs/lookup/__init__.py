"""`/paper`: papers are found again, whatever people type."""
