"""Which papers a digest highlights and why: ranking, filters, recaps."""
