"""Tests of language models that the settings name."""
