"""Two bots on one database, each with one of two shards, as processes of their own are."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import Services
from bot.client import PaperBot
from bot.database_address import DatabaseAddress
from bot.owner_notices import OwnerNotices
from bot.papers.api import PapersAPI
from bot.reasons import Reason, ReasonKind
from bot.search import parse_query
from bot.share import WHOLE, Share
from bot.storage import DeliveryState, How, RegisteredCommands, SubscriptionState
from bot.web.observer import Observer
from tests.support.builders import MORNING, Clock, entries
from tests.support.delivery_rig import running_bot, subscribe
from tests.support.discord_limits import walk
from tests.support.papers_server import Papers
from tests.support.shares import build_id, open_share
from tests.support.wire import Fault, Guild, Kind, Person, Wire
from tests.support.wire_channels import SOMEBODY

SHARES = [Share(frozenset({shard}), 2) for shard in (0, 1)]
EACH = 3  # servers and people of each kind


@dataclass
class Pair:
    """Both bots: `leader` has shard 0, `follower` shard 1. The servers and people of both want digests."""

    wire: Wire
    clock: Clock
    services: list[Services]
    bots: list[PaperBot]
    guilds: list[Guild]

    @property
    def leader(self) -> PaperBot:
        return self.bots[0]

    @property
    def follower(self) -> PaperBot:
        return self.bots[1]

    def of(self, shard: int) -> list[Guild]:
        """The servers and people of a shard."""
        return [each for each in self.guilds if SHARES[shard].has(each.id)]

    def find_person(self, shard: int) -> Person:
        return next(each for each in self.of(shard) if isinstance(each, Person))

    async def tick(self, *bots: PaperBot, **later: float) -> None:
        """A minute's tick of these bots, or of both at once."""
        self.clock.advance(**later)
        await asyncio.gather(*(each.dispatcher.run_due(self.clock()) for each in bots or self.bots))

    async def follow_leader(self) -> None:
        """What the follower does each minute."""
        await self.follower.get_cog("Sharing").follow_leader()  # type: ignore[union-attr]

    async def read_lists(self) -> None:
        """What the leader does each quarter of an hour."""
        await self.leader.get_cog("Fetching").refresh_current_lists()  # type: ignore[union-attr]


@pytest.fixture
async def pair(
    address: DatabaseAddress, api: PapersAPI, wire: Wire, clock: Clock, tmp_path: Path
) -> AsyncIterator[Pair]:
    wire.gateway.shards = 2
    wire.application["approximate_guild_count"] = 2 * EACH
    guilds = [
        wire.add_guild(kind, build_id(shard, 2, 1000 * kind + number + 1))
        for shard in (0, 1)
        for kind in (Kind.TEXT, Kind.PERSON)
        for number in range(EACH)
    ]
    async with (
        open_share(address, api, clock, SHARES[0], tmp_path) as first,
        open_share(address, api, clock, SHARES[1], tmp_path) as second,
    ):
        for each in guilds:
            await subscribe(first, each)
        clock.advance(hours=1)
        async with running_bot(first, wire) as leader, running_bot(second, wire) as follower:
            for bot in (leader, follower):
                while bot.get_cog("Guilds").known_ids is None:  # type: ignore[union-attr]  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            yield Pair(wire, clock, [first, second], [leader, follower], guilds)


async def test_each_bot_posts_for_its_own_and_everybody_gets_one_digest(pair: Pair) -> None:
    assert [len(bot.guilds) for bot in pair.bots] == [EACH, EACH]
    await pair.tick(pair.follower)
    assert [len(each.papers.digests) for each in pair.of(1)] == [1] * 2 * EACH
    assert [len(each.papers.digests) for each in pair.of(0)] == [0] * 2 * EACH
    for _ in range(3):
        await pair.tick(minutes=1)
    assert [len(each.papers.digests) for each in pair.guilds] == [1] * 4 * EACH
    for each in pair.guilds:
        storage = pair.services[0].storage
        known = (
            await storage.subscriptions.get_for_person(each.id)
            or (await storage.subscriptions.list_for_server(each.id)).pop()
        )
        assert known.state is SubscriptionState.ACTIVE
        (delivery,) = await storage.deliveries.list_latest(known.id, 9)
        assert delivery.state is DeliveryState.SENT


async def test_each_day_each_bot_misses_only_servers_of_its_own(pair: Pair) -> None:
    gone = pair.of(1)[0]
    del pair.wire.guilds[gone.id]  # the gateway tells nobody
    for bot, left in zip(pair.bots, ([], [gone.id]), strict=True):
        await bot.get_cog("Guilds").clean_up_servers()  # type: ignore[union-attr]
        storage, later = bot.services.storage, pair.clock() + timedelta(minutes=1)
        assert await storage.guilds.list_servers_left_before(WHOLE, later) == left
    await pair.tick()
    assert [len(each.papers.digests) for each in pair.guilds] == [each is not gone for each in pair.guilds]


async def test_the_commands_are_registered_by_one_and_mentioned_by_both(pair: Pair) -> None:
    assert sum(each.startswith("PUT") and each.endswith("/commands") for each in pair.wire.requests) == 1
    assert pair.follower.command_ids == pair.leader.command_ids != {}
    assert "</digest add:" in pair.follower.mentions.mention_in_text("`/digest add`")
    ids = {name: 900 + number for name, number in pair.leader.command_ids.items()}
    application_id = pair.leader.application_id
    assert application_id
    await pair.services[0].storage.commands.save(application_id, RegisteredCommands("newer", ids), MORNING)
    await pair.follow_leader()
    assert pair.follower.command_ids == ids
    assert f"</digest add:{ids['digest']}>" in pair.follower.mentions.mention_in_text("`/digest add`")


async def test_what_one_bot_reads_the_other_finds_and_sends_at_once(pair: Pair, papers_server: Papers) -> None:
    ada, today = pair.find_person(1), pair.clock().date()
    await pair.tick()
    # They ask in a server of the other process.
    await pair.services[0].follower.follow(ada.id, "author:noether min:1", How.AT_ONCE, ada.papers.id, None, MORNING)
    papers_server.lists = {**papers_server.lists, today: entries(1, today, first=50)}
    await pair.read_lists()
    await pair.tick(minutes=1)
    assert len(ada.papers.digests) == 1  # of the morning
    for _ in range(2):
        await pair.follow_leader()
        await pair.tick(minutes=1)
    assert [each.papers for each in ada.papers.digests[1:]] == [["2601.00050"]]
    search = pair.services[1].search
    assert search.change == await pair.services[1].storage.papers.get_last_change()
    assert search.find_matching_ids(parse_query("author:noether", today), ["2601.00050"]) == {"2601.00050"}


async def test_whoever_was_left_out_while_a_digest_was_on_its_way_is_thought_of_again(
    pair: Pair, papers_server: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, today = pair.find_person(1), pair.clock().date()
    await pair.services[0].follower.follow(ada.id, "author:noether min:1", How.AT_ONCE, ada.papers.id, None, MORNING)
    papers_server.lists = {**papers_server.lists, today: entries(1, today, first=50)}
    await pair.read_lists()
    ada.closed = Fault(503)
    await pair.tick()
    await pair.follow_leader()
    ada.closed = None
    await pair.tick(minutes=5)
    await pair.follow_leader()
    await pair.tick(minutes=1)
    assert len(ada.papers.digests) == 1
    monkeypatch.setattr(pair.follower.extensions["cogs.sharing"], "AGAIN_AFTER", 0)
    await pair.follow_leader()
    await pair.tick(minutes=1)
    assert [each.papers for each in ada.papers.digests[1:]] == [["2601.00050"]]


async def test_what_somebody_follows_in_a_server_of_one_bot_the_other_brings(pair: Pair) -> None:
    await pair.tick()
    server, ada = pair.of(0)[0].general, pair.wire.add_person(build_id(1, 2, 77))
    pair.wire.member = {"user": SOMEBODY | {"id": str(ada.id)}}
    shown = await pair.wire.command(server, "follow", query="author:noether", time="9:05", timezone="UTC")
    (button,) = [each["custom_id"] for each in walk(shown["data"]["components"]) if each.get("label") == "Follow"]
    assert "just sent you a direct message" in str(await pair.wire.press(server, shown, button))
    await pair.tick(pair.leader, minutes=10)
    assert len(ada.papers.digests) == 0
    await pair.tick(pair.follower)
    await pair.tick(minutes=1)
    assert len(ada.papers.digests) == 1


async def test_somebody_whose_inbox_is_closed_is_told_by_the_bot_they_use_next(pair: Pair) -> None:
    ada = pair.find_person(1)
    ada.closed = Fault(403, 50007)
    await pair.tick()
    told = [await each.storage.subscriptions.take_closed_inbox_notice(ada.id) for each in pair.services]
    assert told == [Reason(ReasonKind.INBOX_CLOSED), None]
    ada.closed = None
    await pair.services[0].follower.resume(ada.id, ada.papers.id, pair.clock())
    await pair.tick(pair.leader, days=1)
    assert len(ada.papers.digests) == 0
    await pair.tick(pair.follower)
    assert len(ada.papers.digests) == 1


async def test_the_readings_of_each_bot_are_of_its_own_part(pair: Pair) -> None:
    await pair.tick(pair.leader)
    readings = [(await Observer(bot).observe()).readings for bot in pair.bots]
    names = ("paperboy_servers", "paperboy_shards", "paperboy_runs_due")
    assert [[each[name] for name in names] for each in readings] == [[EACH, 1, 0], [EACH, 1, 2 * EACH]]
    assert [bot.server_count for bot in pair.bots] == [2 * EACH, 2 * EACH]  # which people are told


async def test_only_one_bot_tells_the_owner(pair: Pair) -> None:
    async with asyncio.timeout(60):
        await OwnerNotices(pair.follower).watch_forever()  # ends, because it watches nothing
    assert pair.follower.get_cog("Fetching")
    assert not [each for each in pair.services[1].scheduler.get_jobs() if each.id.startswith("fetching.")]
    assert not [each for each in pair.services[0].scheduler.get_jobs() if each.id.startswith("sharing.")]
