"""Posting: the digest arrives once, on time."""

from tests.builders import Clock
from tests.conftest import Server, read_texts


async def test_a_due_digest_is_posted_once_in_rank_order(server: Server, clock: Clock) -> None:
    await server.subscribe()
    clock.advance(hours=1)
    await server.tick()
    await server.tick()
    (message,) = server.papers.history()
    text = read_texts(message)
    assert "Top 5 of 7 papers by upvotes" in text
    assert [f"Paper 2601.0000{n}" in text for n in range(1, 8)] == [True] * 5 + [False] * 2
