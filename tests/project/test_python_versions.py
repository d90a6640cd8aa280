"""Paperboy runs on every Python that `pyproject.toml` allows, also where the tests run on only one of them."""

import re

from tests.support.paths import ROOT


def test_sql_names_its_values_or_counts_them_because_python_3_14_refuses_numbers() -> None:
    sources = (ROOT / "bot" / "storage").rglob("*.py")
    numbered = {path.name for path in sources if re.search(r"\?\d", path.read_text(encoding="utf-8"))}
    assert numbered == set(), "write `:name` and give a dict, where one value stands in several places"
