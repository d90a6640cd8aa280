"""Races: what an admin does in the middle of a delivery, and runs that meet."""

from dataclasses import replace
from datetime import time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.demo.papers_server import PapersServer
from bot.storage import DeliveryState, Storage, Subscription, SubscriptionState
from bot.storage.deliveries import Deliveries
from bot.subscription.schedule import Cadence, Schedule, find_next_run
from bot.subscription.settings import DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    FRIDAY,
    MORNING,
    REFUSED,
    SECOND_RUN,
    digest,
    paper,
    plan,
    send,
    subscribe,
)
from tests.support.messages import ids, paper_ids
from tests.support.server import Server

NINE = Schedule(time(9), ZoneInfo("UTC"))
A, B = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2))


async def settings(
    server: Server, posting: PostingOptions, cadence: Cadence = Cadence.DAILY, size: int = 5
) -> Subscription:
    """A subscription of `#papers`, as the panel would save it."""
    services = server.bot.services
    settings = DigestSettings(server.papers.id, replace(NINE, cadence=cadence), Selection(size), posting)
    now = services.clock()
    return await services.storage.subscriptions.add(
        server.guild.id, settings, by=server.admin.id, now=now, next_run=find_next_run(settings.schedule, now)
    )


@pytest.mark.parametrize("stop", ["pause", "remove", "forget"])
async def test_a_digest_that_an_admin_stops_midway_posts_nothing_more(
    server: Server, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    known = await settings(server, PostingOptions(threads=Threads.PER_PAPER))
    storage, arrived = server.bot.services.storage, Deliveries.record_arrival

    async def stopped(self: Deliveries, delivery_id: int, number: int, *where: Any, owner_id: int) -> None:
        await arrived(self, delivery_id, number, *where, owner_id=owner_id)
        if number == 2 and stop == "forget":
            await storage.guilds.delete_server(server.guild.id)
        elif number == 2:
            await getattr(storage.subscriptions, stop)(known, by=server.admin.id, now=server.clock.now)

    monkeypatch.setattr(Deliveries, "record_arrival", stopped)
    await server.later(hours=1)
    await server.later(minutes=1)
    messages = [message for message in server.papers.history() if paper_ids(message)]
    assert [paper_ids(message) for message in messages] == [ids(1), ids(2)]


async def test_a_recap_in_the_same_minute_knows_what_the_daily_digest_highlights(
    server: Server, papers_server: PapersServer
) -> None:
    recap = await settings(server, PostingOptions(), Cadence.WEEKLY, size=7)
    daily = await settings(server, PostingOptions())
    storage = server.bot.services.storage
    monday = find_next_run(recap.settings.schedule, server.clock.now)
    await storage.subscriptions.edit(daily, daily.settings, monday, by=1, now=server.clock.now)
    await server.later(days=3, hours=1)
    (delivery,) = await storage.deliveries.list_latest(recap.id)
    marks = {each.paper.id: each.is_missed for each in delivery.digest.highlights}
    assert marks == {paper_id: paper_id in ids(6, 7) for paper_id in ids(1, 2, 3, 4, 5, 6, 7)}


async def test_a_recap_sent_early_and_made_daily_goes_on_the_next_day(
    server: Server, papers_server: PapersServer
) -> None:
    await settings(server, PostingOptions(), Cadence.MONTHLY)
    await server.send_now()
    await server.ask("digest edit", cadence="daily")
    papers_server.lists = {**papers_server.lists, FRIDAY: papers_server.lists[DAY]}
    known = await server.bot.services.storage.subscriptions.get(1)
    assert known
    assert known.next_run.at == server.clock.now + timedelta(hours=1)


async def test_the_runs_before_and_after_one_that_was_sent_early_come(storage: Storage) -> None:
    await storage.papers.record_list(DAY, [A, B], MORNING)
    known = await subscribe(storage)
    early = await plan(storage, known, digest(A), run=SECOND_RUN, by=7)
    await send(storage, early)
    taken = await storage.deliveries.list_planned_dates(known.id, FIRST_RUN.date)
    assert taken == {SECOND_RUN.date}
    assert (
        find_next_run(known.settings.schedule, SECOND_RUN.at - timedelta(hours=1), planned_dates=taken).date
        > SECOND_RUN.date
    )


async def test_the_id_of_a_forgotten_delivery_is_never_given_again(storage: Storage) -> None:
    await storage.papers.record_list(DAY, [A, B], MORNING)
    forgotten = await plan(storage, await subscribe(storage, guild_id=1), digest(A))
    await storage.guilds.delete_server(1)
    newer = await plan(storage, await subscribe(storage, guild_id=2), digest(B))
    assert forgotten
    assert newer
    assert newer.id > forgotten.id
    assert not await storage.deliveries.record_attempt(forgotten.id, 1, MORNING)
    await storage.deliveries.record_arrival(forgotten.id, 1, 5, 77, MORNING)
    assert (await storage.deliveries.list_latest(newer.subscription_id))[0].posted_message is None


@pytest.mark.parametrize("outcome", ["failed", "undone"])
async def test_a_plan_made_while_its_days_became_free_again_is_dropped(storage: Storage, outcome: str) -> None:
    await storage.papers.record_list(DAY, [A, B], MORNING)
    first = await plan(storage, await subscribe(storage), digest(A))
    assert first
    composing_for = await storage.subscriptions.get(first.subscription_id)
    assert composing_for
    if outcome == "failed":
        await storage.deliveries.fail_delivery(first.id, REFUSED, MORNING)
    else:
        await send(storage, first)
        await storage.deliveries.undo_delivery(first, by=7, now=MORNING)
    planned = await storage.deliveries.plan_delivery(
        composing_for, SECOND_RUN, SECOND_RUN, digest(B), nonces=["late"], now=MORNING
    )
    assert planned is None
    assert [each.state for each in await storage.deliveries.list_latest(first.subscription_id, 9)] == [
        DeliveryState(outcome)
    ]


async def test_the_daily_job_notices_a_server_that_removed_the_bot_unnoticed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.subscribe()
    known = server.bot.get_guild(server.guild.id)
    monkeypatch.setattr(server.env.backend, "emit", lambda *_, **__: None)  # the gateway tells nothing
    server.env.backend.remove_guild(server.guild.id)
    assert server.bot.get_guild(server.guild.id) is known
    await server.bot.get_cog("Guilds").clean_up_servers()  # type: ignore[union-attr]
    paused = await server.bot.services.storage.subscriptions.get(1)
    assert paused
    assert paused.state is SubscriptionState.PAUSED
