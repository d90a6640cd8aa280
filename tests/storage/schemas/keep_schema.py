"""Keeps a database of the current schema: run `pytest tests/storage/schemas/keep_schema.py` before a release.

Like the files of the earlier schemas, it is what the bot leaves that has lived through two weeks with a server and a
reader, and was stopped in the middle of a delivery. The README beside it says more.
"""

import lzma
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import simcord

from bot.share import WHOLE
from bot.storage import Muted, MutedKind, Storage
from tests.support.builders import DAY, Clock, entry, query
from tests.support.following import follow
from tests.support.papers_server import Papers
from tests.support.server import Server, delete

PAPERS = (
    ("Sparrows that count", "A small model learns to count birds from {} photographs.", "Marie Curie", "vision"),
    ("Kites in the wind", "How {} kites steer themselves with a reward for staying up.", "Ada Lovelace", "agents"),
    ("A map of kitchens", "We draw {} kitchens so that robots find the kettle.", "Emmy Noether", "robots"),
    ("Whispering codecs", "Speech in {} bits a second, still understood by everyone.", "Grace Hopper", "speech"),
    ("Lanterns for diffusion", "Pictures of lanterns, in {} steps of diffusion.", "Sofja Kowalewskaja", "diffusion"),
    ("The patient reader", "Long letters are read {} times before an answer.", "Hedy Lamarr", "language"),
)
DAYS = 18
FOLLOWED = (
    ("author:curie", "daily", "Follow"),
    ("tag:diffusion", "weekly", "Follow weekly"),
    ("kites min:20", "at once", "Follow at once"),
)


async def test_keep_the_current_schema(
    server: Server, storage: Storage, clock: Clock, papers_server: Papers, tmp_path: Path
) -> None:
    days = [DAY + timedelta(days=number) for number in range(DAYS)]
    papers_server.lists = {day: _list_day(day, 10 * number + 1) for number, day in enumerate(days)}
    await server.read_lists()
    doomed = await _subscribe(server)
    await server.admin.slash(server.general, "digest setup")
    await server.later(hours=1)
    await server.ask("digest pause", subscription="5")
    await server.remove(subscription="6")
    for text, how, label in FOLLOWED:
        await follow(server, server.member, text, how=how, click=label)
    long = " OR ".join(f"wooden toy {number}" for number in range(20))
    await server.member.slash(server.general, "paper search", query=f"kites OR {long}")
    for number in range(1, DAYS - 2):
        if number == 2:
            await delete(server, doomed.id)
            await server.undo(subscription="1")
        if number == 3:
            await server.ask("digest edit", subscription="2", size=4, time="18:00")
            await storage.followed_queries.mute(server.member.id, Muted(MutedKind.AUTHOR, "Grace Hopper"), clock.now)
        if number == 4:
            await server.ask_and_click("digest send now", "Post an extra one", subscription="1")
            await storage.embeddings.save(
                "toy", [(each, bytes(16)) for each in await storage.embeddings.list_missing("toy", 3)]
            )
        for _ in range(2):
            await server.read_lists()
            await server.later(hours=12)
    await server.read_lists()
    await storage.deliveries.pack_old_runs(WHOLE, clock.now - timedelta(hours=12))
    server.env.inject_error("POST", f"/channels/{server.papers.id}/messages", status=503, times=None)
    await server.later(hours=24)
    assert isinstance(server.database, Path)
    _keep(server.database, tmp_path / "copy.db")


def _list_day(day: date, first: int) -> list[dict[str, Any]]:
    return [
        entry(
            f"2601.{first + rank:05}",
            day,
            comments=rank,
            title=f"{title}, part {first + rank}",
            summary=abstract.format(first + rank),
            upvotes=60 - 9 * rank + (first + rank) % 4,
            authors=[{"name": author, "hidden": False}, {"name": "Lise Meitner", "hidden": False}],
            organization={"name": "toy-lab", "fullname": "Toy Lab"},
            ai_summary=f"In short: {title.lower()}.",
            ai_keywords=[tag, "toys"],
            **({"githubRepo": "https://github.com/toy-lab/part", "githubStars": 12} if rank % 2 else {}),
        )
        for rank, (title, abstract, author, tag) in enumerate(PAPERS)
    ]


async def _subscribe(server: Server) -> simcord.ChannelHandle:
    """Nine subscriptions, one to a channel, as the tests of upgrades know them. The channel that will be deleted."""
    quiet, doomed, pausing, cards, weekly, gone = (
        server.guild.create_text_channel(name) for name in ("quiet", "doomed", "pausing", "cards", "weekly", "gone")
    )
    forum = server.guild.create_forum_channel("forum")
    await server.env.settle()
    await server.subscribe(size=3, min_upvotes=2)
    await server.subscribe(channel=server.general, time="18:30", timezone="Asia/Tokyo", size=2, weekdays="mon wed fri")
    await server.subscribe(channel=quiet, min_upvotes=900)
    for channel in (doomed, pausing, gone):
        await server.subscribe(channel=channel, size=1)
    await server.subscribe(channel=cards, size=2, filter="kites OR author:curie", layout="cards")
    await server.subscribe(channel=weekly, size=4, cadence="weekly", weekdays="mon")
    await server.subscribe(channel=forum, size=2)
    return doomed


def _keep(database: Path, copy: Path) -> None:
    """Compress a copy without its WAL into this folder, named by its schema."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    ((version,),) = query(copy, "PRAGMA user_version")
    kept = Path(__file__).with_name(f"{version:02}.db.xz")
    kept.write_bytes(lzma.compress(copy.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
