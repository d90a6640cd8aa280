"""A start opens what is there, however much it is."""

from pathlib import Path

from bot.app import open_services
from bot.papers.api import PapersAPI
from tests.support.builders import DAY, MORNING, paper
from tests.support.counting import count_calls
from tests.support.encoders import RandomEncoder

NOWHERE = "http://127.0.0.1:9"


PAPERS = 300


async def test_nothing_is_done_for_each_paper_at_a_start(tmp_path: Path) -> None:
    """The vectors are read in batches, and the index is opened as it is."""
    encoder, database = RandomEncoder(), tmp_path / "paperboy.db"
    async with PapersAPI(NOWHERE) as api:
        async with open_services(database, api, clock=lambda: MORNING, encoder=encoder) as services:
            listed = [paper(f"2601.{number:05}") for number in range(PAPERS)]
            await services.storage.papers.record_list(DAY, listed, MORNING)
            await services.storage.embeddings.save(encoder.name, [(each, bytes(encoder.dimensions)) for each in listed])
            await services.archive.update_index()
        with count_calls() as calls:
            async with open_services(database, api, clock=lambda: MORNING, encoder=encoder) as services:
                assert services.search.count_papers() == PAPERS
                assert services.search.meaning is not None
                assert len(services.search.meaning) == PAPERS
    assert not {name: count for name, count in calls.items() if count >= PAPERS}
