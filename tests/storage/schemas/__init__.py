"""Databases that were kept from each schema."""
