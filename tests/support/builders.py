"""Small worlds for tests: entries as the papers API sends them, papers, a clock that tests move, what is stored."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from discord.ui import LayoutView

from bot.database_address import DatabaseAddress
from bot.digest import Digest, Highlight
from bot.layouts.digest import render_delivery_message
from bot.layouts.refusals import explain_refusal
from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.share import WHOLE
from bot.storage import Delivery, DeliveryState, Message, Storage, Subscription
from bot.storage.postgres.connection import connect, translate
from bot.subscription.schedule import Cadence, Run, Schedule
from bot.subscription.settings import DigestSettings, PostingOptions, Selection, Threads

DAY = date(2026, 1, 15)  # a Thursday, shortly after the simulated Discord's epoch
FRIDAY = DAY + timedelta(days=1)
MONDAY = DAY + timedelta(days=4)
MORNING = datetime(2026, 1, 16, 8, 0, tzinfo=UTC)  # the list of DAY has closed
SCHEDULE = Schedule(time(9), ZoneInfo("Europe/Berlin"), frozenset({0, 2, 4}))
SETTINGS = DigestSettings(
    5, SCHEDULE, Selection(5, 2, 1, allow_repeats=True)
)  # several in one channel have the same papers
FIRST_RUN = Run(date(2026, 1, 16), datetime(2026, 1, 16, 8, tzinfo=UTC))
SECOND_RUN = Run(date(2026, 1, 19), datetime(2026, 1, 19, 8, tzinfo=UTC))

NOTHING_LISTED = Reason(ReasonKind.NO_PAPERS_LISTED)
API_DOWN = Reason(ReasonKind.PAPERS_FAILED, number=503)
GONE = Reason(ReasonKind.CHANNEL_GONE)
HIDDEN = Reason(ReasonKind.CHANNEL_HIDDEN)
LACKING = Reason(ReasonKind.PERMISSIONS_MISSING)  # which, Discord did not say
OUTAGE = Reason(ReasonKind.DISCORD_FAILED, number=503)
REFUSED = Reason(ReasonKind.MESSAGE_REJECTED, number=50035)
SUPERSEDED = Reason(ReasonKind.SUPERSEDED)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> datetime:
        self.now += timedelta(**amount)
        return self.now


def entry(paper_id: str, day: date = DAY, **known: Any) -> dict[str, Any]:
    """An entry of a daily list; `known` overrides fields of its `paper`, `comments` the outer count."""
    comments = known.pop("comments", 0)
    paper = {
        "id": paper_id,
        "title": f"Paper {paper_id}",
        "summary": f"What paper {paper_id} is about.",
        "upvotes": 10,
        "publishedAt": f"{day}T00:00:00.000Z",
        "submittedOnDailyAt": f"{day}T00:00:00.000Z",
        "authors": [{"name": "Ada Lovelace", "hidden": False}, {"name": "Emmy Noether", "hidden": False}],
    }
    return {"paper": paper | known, "title": f"Paper {paper_id}", "numComments": comments}


def entries(count: int, day: date = DAY, first: int = 1) -> list[dict[str, Any]]:
    """`count` entries, the first with the most upvotes."""
    return [entry(f"2601.{first + n:05}", day, upvotes=10 * (count - n)) for n in range(count)]


def paper(paper_id: str, **known: Any) -> Paper:
    return replace(Paper(paper_id, title=f"Paper {paper_id}", abstract="", day=DAY), **known)


def build_settings(channel_id: int = 1, cadence: Cadence = Cadence.DAILY, **posting: Any) -> DigestSettings:
    """settings for nine o'clock (UTC); `posting` overrides fields of its `PostingOptions`."""
    return DigestSettings(
        channel_id, Schedule(time(9), ZoneInfo("UTC"), cadence=cadence), posting=PostingOptions(**posting)
    )


def digest(*papers: Paper, reason: Reason | None = None) -> Digest:
    """The digest of `DAY` that highlights all of `papers`."""
    highlights = tuple(Highlight(n, each, each.upvotes, each.comments) for n, each in enumerate(papers, 1))
    return Digest(DAY, (DAY,), len(papers), highlights, reason)


async def subscribe(
    storage: Storage, guild_id: int = 1, settings: DigestSettings = SETTINGS, next_run: Run = FIRST_RUN
) -> Subscription:
    return await storage.subscriptions.add(guild_id, settings, by=7, now=MORNING, next_run=next_run)


async def plan(
    storage: Storage,
    subscription: Subscription,
    planned: Digest,
    *nonces: str,
    run: Run = FIRST_RUN,
    by: int | None = None,
    extra: int = 0,
) -> Delivery | None:
    """A delivery in a message for each of `nonces`; without them in one, or in none where nothing is highlighted.

    The subscription is read anew, as every tick does, unless an admin has changed its settings or state meanwhile.
    """
    newest = await storage.subscriptions.get(subscription.id)
    if newest and (newest.settings, newest.state) == (subscription.settings, subscription.state):
        subscription = newest
    following = None if extra else Run(run.date + timedelta(days=3), run.at + timedelta(days=3))
    usual = (f"{subscription.id} {run.date} {extra}",) if planned.highlights else ()
    return await storage.deliveries.plan_delivery(
        subscription, run, following, planned, nonces=nonces or usual, now=MORNING, by=by, extra=extra
    )


async def send(storage: Storage, delivery: Delivery | None, message_id: int = 77, sent_at: datetime = MORNING) -> None:
    """All messages of a delivery arrive, with ids that count from `message_id`."""
    assert delivery
    for each in delivery.messages:
        arrived_as = message_id + each.number - 1
        await storage.deliveries.record_arrival(delivery.id, each.number, delivery.channel_id, arrived_as, sent_at)
    await storage.deliveries.complete_delivery(delivery)


async def build_past(storage: Storage, guild_id: int = 1) -> Subscription:
    """A subscription with twelve digests of one paper each, so long ago that the first of them are the past."""
    known = await subscribe(storage, guild_id)
    for number in range(12):
        day = DAY + timedelta(days=number)
        one = paper(f"2602.{number:05}", day=day)
        await storage.papers.record_list(day, [one], MORNING)
        await send(storage, await plan(storage, known, digest(one), run=Run(day, MORNING)), 1000 + number)
    await storage.deliveries.pack_old_runs(WHOLE, MORNING + timedelta(days=99))
    return known


def explain(kind: Refusal, **arguments: Any) -> str:
    """What a person is told of a refusal."""
    return explain_refusal(Refused(kind, **arguments))


def build_missing_permissions(*permissions: str) -> Reason:
    return Reason(ReasonKind.PERMISSIONS_MISSING, permissions=permissions)


def query(database: DatabaseAddress, sql: str) -> list[tuple[Any, ...]]:
    """What the database answers; what `sql` changes is kept."""
    if isinstance(database, Path):
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            return connection.execute(sql).fetchall()
    with closing(connect(database)) as connection:
        cursor = connection.execute(translate(sql), ())
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def get_file(storage: Storage) -> Path:
    """Where a storage is that is a file."""
    assert isinstance(storage.database.address, Path)
    return storage.database.address


def tables(database: DatabaseAddress) -> dict[str, list[tuple[Any, ...]]]:
    """Everything a database holds, by table."""
    names = query(
        database,
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        if isinstance(database, Path)
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
    )
    return {name: sorted(query(database, f"SELECT * FROM {name}"), key=repr) for (name,) in names}


def digest_message(planned: Digest, settings: DigestSettings, nonce: str, *, ping: int | None = None) -> LayoutView:
    """A digest as it is posted in one message."""
    positions = tuple(each.position for each in planned.highlights)
    return _message(planned, settings, Threads.NONE, Message(1, nonce, positions=positions), ping)


def highlight_message(
    planned: Digest, number: int, settings: DigestSettings, nonce: str, *, ping: int | None = None
) -> LayoutView:
    """The highlight at position `number` as it is posted in a message of its own."""
    return _message(planned, settings, Threads.PER_PAPER, Message(number, nonce, positions=(number,)), ping)


def _message(
    planned: Digest, settings: DigestSettings, threads: Threads, message: Message, ping: int | None
) -> LayoutView:
    settings = replace(settings, posting=replace(settings.posting, threads=threads))
    delivery = Delivery(
        1, 1, 1, 5, DAY, DeliveryState.PLANNED, None, settings, planned, (message,), MORNING, attempts=0
    )
    return render_delivery_message(delivery, message, ping=ping)
