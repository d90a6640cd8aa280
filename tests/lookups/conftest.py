"""What tests of look-ups share: a finder and a completer over five papers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.lookups.completer import Completer
from bot.lookups.finder import Finder
from bot.storage import Storage
from tests.support.finders import PAPERS, completing, opened


@pytest.fixture
async def finder(tmp_path: Path, storage: Storage) -> AsyncIterator[Finder]:
    async with opened(tmp_path, storage, PAPERS) as made:
        yield made


@pytest.fixture
def completer(finder: Finder) -> Completer:
    return completing(finder)
