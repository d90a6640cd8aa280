"""Proofs over the captured days of the papers API, where those lie beside the project."""
