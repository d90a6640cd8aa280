"""Digests of one channel: none is set up twice by mistake, and none repeats the papers of another."""

from dataclasses import replace

import pytest
import simcord

from bot.app import Services
from bot.layouts.history import describe_explanation
from bot.storage import DeliveryState
from bot.subscription.schedule import Cadence
from tests.support.builders import DAY, Clock
from tests.support.delivery_rig import running_bot, subscribe
from tests.support.messages import answer
from tests.support.panel import Panel, open_panel
from tests.support.papers_server import FrailPapers
from tests.support.server import Server
from tests.support.wire import Fault, Guild, Wire

TWICE = "This channel already has this digest"


async def count(server: Server) -> int:
    return len(await server.bot.services.storage.subscriptions.list_for_server(server.guild.id))


async def click(server: Server, result: simcord.InteractionResult, label: str) -> simcord.InteractionResult:
    assert result.response
    return await server.admin.click(result.response, label=label)


# Setting up


async def test_the_same_digest_is_not_added_twice_by_mistake(server: Server) -> None:
    await server.subscribe()
    again = await server.subscribe()
    assert TWICE in answer(again)
    assert await count(server) == 1


async def test_a_second_digest_is_added_once_if_the_admin_confirms(server: Server) -> None:
    await server.subscribe()
    again = await server.subscribe(size=7)
    added = await click(server, again, "Add another")
    assert "**Set up.**" in answer(added)
    known = await server.bot.services.storage.subscriptions.list_for_server(server.guild.id)
    assert [each.settings.selection.size for each in known] == [5, 7]


async def test_the_existing_digest_can_be_edited_instead(server: Server) -> None:
    await server.subscribe()
    again = await server.subscribe()
    assert "### Edit subscription" in answer(await click(server, again, "Edit it"))
    assert "### New subscription" in answer(await click(server, again, "Go back"))
    assert await count(server) == 1


async def test_a_panel_that_would_add_the_same_digest_again_asks_first(server: Server) -> None:
    first, second = [await open_panel(server) for _ in range(2)]
    await first.click("Save")
    assert TWICE in answer(await second.click("Save"))
    assert await count(server) == 1
    await Panel.click(second, "Add another")
    assert await count(server) == 2


@pytest.mark.parametrize(
    "other",
    [
        {"time": "10:00"},
        {"timezone": "Asia/Tokyo"},
        {"filter": "diffusion"},
        {"cadence": "weekly"},
        {"weekdays": "mon"},
    ],
)
async def test_a_digest_of_another_time_filter_or_cadence_is_added_at_once(
    server: Server, other: dict[str, str]
) -> None:
    await server.subscribe()
    assert "**Set up.**" in answer(await server.subscribe(**other))


async def test_another_time_zone_with_the_same_hour_is_still_the_same_digest(server: Server) -> None:
    await server.subscribe(timezone="Europe/Berlin")
    assert TWICE in answer(await server.subscribe(timezone="Europe/Paris"))


async def test_a_digest_that_was_removed_can_be_set_up_again(server: Server) -> None:
    await server.subscribe()
    await server.remove()
    assert "**Set up.**" in answer(await server.subscribe())


# Papers


def posted(guild: Guild) -> list[str]:
    return [paper for message in guild.papers.digests for paper in message.papers]


async def test_two_digests_that_are_due_in_one_minute_share_the_papers(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    both = [await subscribe(services, guild, size=3) for _ in range(2)]
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock.advance(hours=1))
        assert posted(guild) == [f"2601.{number:05}" for number in range(1, 7)]
        for each in both:
            (delivery,) = await services.storage.deliveries.list_latest(each.id)
            assert delivery.state is DeliveryState.SENT
        (paper,) = await services.storage.papers.get(["2601.00001"])
        verdicts = [
            describe_explanation(each, await services.explainer.explain_paper(each, paper, clock())) for each in both
        ]
    assert sum("another digest in this channel had it" in said for said in verdicts) == 1


async def test_a_digest_may_repeat_papers_if_an_admin_allows_it(services: Services, wire: Wire, clock: Clock) -> None:
    guild = wire.add_guild()
    await subscribe(services, guild, size=3)
    await subscribe(services, guild, size=3, repeats=True)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock.advance(hours=1))
    assert sorted(posted(guild)) == sorted([f"2601.{number:05}" for number in range(1, 4)] * 2)


async def test_other_channels_and_recaps_still_get_the_papers(services: Services, wire: Wire, clock: Clock) -> None:
    guild, other = wire.add_guild(), wire.add_guild()
    for each in (guild, other):
        await subscribe(services, each, size=3)
    weekly = await subscribe(services, guild, size=3)
    schedule = replace(weekly.settings.schedule, cadence=Cadence.WEEKLY)
    settings = replace(weekly.settings, schedule=schedule)
    await services.storage.subscriptions.edit(weekly, settings, weekly.next_run, by=1, now=clock.now)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock.advance(hours=1))
    assert len(posted(guild)) == 6
    assert posted(other) == posted(guild)[:3]


async def test_a_plan_made_from_papers_another_digest_took_meanwhile_is_dropped(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    first, second = [await subscribe(services, guild, size=3) for _ in range(2)]
    clock.advance(hours=1)
    storage, composer = services.storage, services.composer
    digests = [await composer.compose_digest(each, clock()) for each in (first, second)]
    planned = [
        await storage.deliveries.plan_delivery(
            each, each.next_run, each.next_run, digest, nonces=[f"n{each.id}"], now=clock()
        )
        for each, digest in zip((first, second), digests, strict=True)
    ]
    assert planned[0]
    assert planned[1] is None


@pytest.mark.parametrize("days", [5, 9, 12])
async def test_a_second_digest_starts_even_if_the_channel_had_all_its_papers_long_ago(
    services: Services, wire: Wire, clock: Clock, papers_server: FrailPapers, days: int
) -> None:
    papers_server.lists = {DAY: papers_server.lists[DAY]}
    guild = wire.add_guild()
    await subscribe(services, guild, size=3)
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock.advance(hours=1))
        clock.advance(days=days)
        second = await subscribe(services, guild, size=3)
        run = replace(second.next_run, date=clock.now.date(), at=clock.now)
        await services.storage.subscriptions.edit(second, second.settings, run, by=1, now=clock.now)
        await bot.dispatcher.run_due(clock())
    (delivery,) = await services.storage.deliveries.list_latest(second.id)
    assert delivery.state in {DeliveryState.SENT, DeliveryState.QUIET}
    assert len(posted(guild)) == len(set(posted(guild)))


async def test_a_paper_that_was_rejected_in_one_digest_may_be_tried_in_another(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    first, second = [await subscribe(services, guild, size=2) for _ in range(2)]
    guild.papers.judge = lambda body: Fault(400, 240000) if "2601.00001" in body else None
    async with running_bot(services, wire) as bot:
        await bot.dispatcher.run_due(clock.advance(hours=1))
        (paper,) = await services.storage.papers.get(["2601.00001"])
        verdicts = [
            describe_explanation(each, await services.explainer.explain_paper(each, paper, clock()))
            for each in (first, second)
        ]
    assert "Discord rejected 2601.00001" in verdicts[0]
    assert posted(guild) == ["2601.00002", "2601.00003", "2601.00004"]
