"""When a digest is due: the schedule, and the time zones as people type them."""
