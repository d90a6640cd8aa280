"""Many spellings of time zones as cases of a test."""

import pytest


def parametrized(meant: dict[str, str]) -> pytest.MarkDecorator:
    """`{time zone: "typed | typed"}` as cases."""
    cases = [(typed.strip(), timezone) for timezone, forms in meant.items() for typed in forms.split("|")]
    return pytest.mark.parametrize(("typed", "timezone"), cases)
