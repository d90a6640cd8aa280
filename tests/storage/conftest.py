"""What tests of the database share: its file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import query


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "paperboy.db"


@pytest.fixture
def the_file_is_sound(path: Path) -> Iterator[None]:
    """Whatever a test did, the file it leaves behind is whole."""
    yield
    if path.is_file() and path.read_bytes()[:6] == b"SQLite":
        assert query(path, "PRAGMA integrity_check") == [("ok",)]
        assert query(path, "PRAGMA foreign_key_check") == []
