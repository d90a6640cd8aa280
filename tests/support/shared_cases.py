"""Small inputs that fail or once failed, kept beside the project."""

import pytest

from tests.support.paths import SHARED

CASES = SHARED / "cases"


def shared_cases(name: str) -> list[object]:
    """The pairs in a file of cases, as parameters of a test; one that is skipped where the file is not at hand."""
    path = CASES / f"{name}.tsv"
    if not path.exists():
        return [pytest.param("", "", marks=pytest.mark.skip(reason="the cases are not beside the project"))]
    return [tuple(line.split("\t")) for line in path.read_text(encoding="utf-8").split("\n") if line]
