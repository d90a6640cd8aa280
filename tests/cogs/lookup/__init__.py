"""`/paper`: a past paper is found again, whatever is typed."""
