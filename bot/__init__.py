"""Paperboy's trade: fetch, rank, compose, plan, send, record, find."""
