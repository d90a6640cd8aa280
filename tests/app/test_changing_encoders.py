"""Another encoder is used from a start on: its vectors never mix with those of the one before."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from bot import archive as archive_module
from bot.app import Services, open_services
from bot.papers.api import PapersAPI
from bot.search import Encoder, Meaning, parse_query
from tests.support.builders import DAY, MORNING, paper
from tests.support.encoders import CountingEncoder, RandomEncoder

NOWHERE = "http://127.0.0.1:9"
PAPERS = [paper(f"2601.0000{number}", title=f"Whales {number}") for number in range(1, 8)]
NEW = paper("2601.00009", title="Dolphins")
SMALL, LARGE = RandomEncoder("small", 40), RandomEncoder("large", 1000)


@asynccontextmanager
async def start(folder: Path, encoder: Encoder) -> AsyncIterator[tuple[Services, Meaning]]:
    """A start of the bot on the database in `folder`."""
    async with (
        PapersAPI(NOWHERE) as api,
        open_services(folder / "paperboy.db", api, clock=lambda: MORNING, encoder=encoder) as services,
    ):
        meaning = services.search.meaning
        assert meaning is not None
        yield services, meaning


@pytest.fixture
async def with_small(tmp_path: Path) -> Path:
    """A database whose papers have vectors of the small encoder."""
    async with start(tmp_path, SMALL) as (services, _):
        await services.storage.papers.record_list(DAY, PAPERS, MORNING)
        await services.archive.update_index()
        await services.archive.embed_papers()
    return tmp_path


async def count_stored(services: Services) -> dict[str, int]:
    read_all = services.storage.embeddings.read_all
    return {each.name: len([row async for batch in read_all(each.name) for row in batch]) for each in (SMALL, LARGE)}


async def test_another_encoder_starts_without_the_old_vectors_and_replaces_them(with_small: Path) -> None:
    async with start(with_small, LARGE) as (services, meaning):
        assert len(meaning) == 0
        assert len(services.search.find_papers(parse_query("whales", DAY), limit=10).ids) == len(PAPERS)
        assert await count_stored(services) == {"small": 7, "large": 0}
        await services.archive.embed_papers()
        assert len(meaning) == 7
        assert await count_stored(services) == {"small": 0, "large": 7}
        vector = meaning.encode_paper(PAPERS[3])
        assert meaning.find_nearest_papers(vector, 1) == pytest.approx({PAPERS[3].id: 1.0})


async def test_after_changing_back_every_paper_is_embedded_once_more(with_small: Path) -> None:
    async with start(with_small, LARGE) as (services, _):
        await services.archive.embed_papers()
    counting = CountingEncoder(SMALL)
    async with start(with_small, counting) as (services, meaning):
        await services.archive.embed_papers()
        assert len(meaning) == len(counting.given) == 7
        assert await count_stored(services) == {"small": 7, "large": 0}


async def test_a_running_bot_changes_its_encoder_once_it_has_another_one(with_small: Path) -> None:
    async with start(with_small, SMALL) as (services, _):
        services.archive.awaits_encoder = True
        await services.storage.papers.record_list(DAY, [NEW], MORNING)
        await services.archive.embed_papers()
        assert await count_stored(services) == {"small": 8, "large": 0}
        await services.archive.use_encoder(LARGE)
        assert services.search.meaning is not None
        assert services.search.meaning.model == "large"
        assert services.search.find_similar_papers(PAPERS[0], limit=3)
        await services.archive.embed_papers()
        assert await count_stored(services) == {"small": 0, "large": 8}


async def test_while_another_encoder_is_awaited_none_of_its_vectors_is_replaced(with_small: Path) -> None:
    async with start(with_small, LARGE) as (services, _):
        services.archive.awaits_encoder = True
        await services.storage.papers.record_list(DAY, [NEW], MORNING)
        await services.archive.embed_papers()
        assert await count_stored(services) == {"small": 7, "large": 1}


class Stopped(Exception):
    pass


class StoppingEncoder(CountingEncoder):
    """It stops everything at its fifth text."""

    def encode_passage(self, text: str) -> np.ndarray:
        if len(self.given) == 4:
            raise Stopped
        return super().encode_passage(text)


async def test_a_bot_that_is_stopped_in_between_goes_on_where_it_was(
    with_small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_module, "EMBED_BATCH", 2)
    async with start(with_small, StoppingEncoder(LARGE)) as (services, _):
        with pytest.raises(Stopped):
            await services.archive.embed_papers()
        assert await count_stored(services) == {"small": 3, "large": 4}
    counting = CountingEncoder(LARGE)
    async with start(with_small, counting) as (services, meaning):
        assert len(meaning) == 4
        await services.archive.embed_papers()
        assert len(counting.given) == 3
        assert len(meaning) == 7
        assert await count_stored(services) == {"small": 0, "large": 7}
