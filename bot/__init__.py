"""Paperboy without its commands: fetch, rank, compose, plan, send, record, find."""
