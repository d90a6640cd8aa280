"""What tests of the search share: indexes that no test changes, and a folder that tests may damage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.search import SearchIndex
from bot.search import search as search_module
from tests.support.indexes import FILTERED, SAMPLE_PAPERS, open_index


@pytest.fixture(scope="module")
def whatever_is_near() -> Iterator[None]:
    """In an index of a few papers the nearest ones are rarely near."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "MIN_COSINE", -1.0)
        yield


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    """Over the sample papers."""
    with open_index(tmp_path_factory.mktemp("sample"), SAMPLE_PAPERS) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an index over all the sample papers, closed."""
    made = SearchIndex(tmp_path / "paperboy.index", "archive", last_change=0)
    made.add_papers(list(enumerate(SAMPLE_PAPERS, 1)))
    made.close()
    return tmp_path / "paperboy.index"


@pytest.fixture(scope="module")
def filtered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SearchIndex]:
    with open_index(tmp_path_factory.mktemp("filtered"), FILTERED) as opened:
        yield opened
