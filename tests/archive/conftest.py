"""An archive without a bot."""

import pytest

from bot.archive import Archive
from bot.papers.api import PapersAPI
from bot.storage import Storage


@pytest.fixture
def archive(api: PapersAPI, storage: Storage) -> Archive:
    return Archive(api, storage)
