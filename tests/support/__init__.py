"""What tests share, and no test: builders, both stand-ins for Discord, indexes, and what writes files."""
