"""A bot is updated, finds what an older one has left, and everybody goes on."""

from datetime import date
from typing import Any

import simcord

from tests.support.builders import entry, query
from tests.support.following import follow, read_inbox
from tests.support.kept_schemas import CARDS, FIRST, FORUM, READER, SECOND, WEEKLY, Kept
from tests.support.messages import answer, message_of, paper_ids, read_texts
from tests.support.papers_server import Papers
from tests.support.server import Server

Channels = dict[int, simcord.ChannelHandle]
COMES = {FIRST: 3, SECOND: 4, CARDS: 2, WEEKLY: 4}  # how many of the new papers the next digest has


async def test_after_an_update_digests_searches_and_readers_go_on(
    server: Server, kept: Kept, channels: Channels, papers_server: Papers
) -> None:
    shown = {each for (each,) in query(kept.path, f"SELECT paper_id FROM {_HIGHLIGHTS} = {READER}")}
    await server.tick()
    await server.tick()
    (late,) = channels[FIRST].history()
    assert len(paper_ids(late)) == 3, "what was under way arrives, once"
    await _look_around(server)
    followed = await follow(server, server.member, "tag:kites")
    assert "**You follow `tag:kites`**" in answer(followed)

    new = _list_new_papers(server, papers_server)
    await server.later(hours=14)
    await server.read_lists()
    await server.later(hours=9)
    await server.tick()
    for known, channel in channels.items():
        came = [paper_ids(message) for message in channel.history()]
        expected = [new[: COMES[known]]] if known in COMES else []
        assert came == ([paper_ids(late), *expected] if known == FIRST else expected), known
    if FORUM in channels:
        (post,) = channels[FORUM].threads
        assert paper_ids(post.history()[0]) == new[:2]
    came_to_reader = paper_ids(read_inbox(server.member)[-1])
    assert came_to_reader[:4] == new
    assert not shown & set(came_to_reader)
    assert query(kept.path, "PRAGMA integrity_check") == [("ok",)]
    assert query(kept.path, "PRAGMA foreign_key_check") == []


_HIGHLIGHTS = "highlights JOIN deliveries ON deliveries.id = delivery_id WHERE deliveries.subscription_id"


async def _look_around(server: Server) -> None:
    """Papers and digests from before the update are found again."""
    await server.read_lists()
    found = await server.member.slash(server.general, "paper search", query="sparows photographs")
    assert "Sparrows that count" in read_texts(message_of(found).message)
    assert "never highlights a paper twice" in await server.ask(
        "digest why", paper="2601.00001", subscription=str(FIRST)
    )
    for command in ("digest list", "digest log"):
        assert await server.ask(command)
    assert "31 Jan" in await server.ask("digest status", subscription=str(FIRST))


def _list_new_papers(server: Server, papers: Papers) -> list[str]:
    """Today's list gets four papers that the old bot has never seen. Their ids, best first."""
    day, ids = server.clock.now.date(), [f"2602.{number:05}" for number in range(1, 5)]
    papers.lists = {**papers.lists, day: [_new_entry(each, 99 - rank, day) for rank, each in enumerate(ids)]}
    return ids


def _new_entry(paper_id: str, upvotes: int, day: date) -> dict[str, Any]:
    known = {"upvotes": upvotes, "authors": [{"name": "Marie Curie"}], "ai_keywords": ["kites"]}
    return entry(paper_id, day, title=f"Kites of {paper_id}", **known)
