"""Following: what a person follows, when it comes, and how it ends."""

import asyncio
from dataclasses import replace
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.app import Services
from bot.editing.fields import FilterUnclear
from bot.following.follower import Follower
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import MAX_FOLLOWED, How, Muted, MutedKind, Storage, SubscriptionState
from bot.subscription.schedule import Cadence, Schedule
from bot.subscription.settings import MAX_FILTER_LENGTH, DigestLayout
from tests.support.builders import DAY, MORNING, digest, paper, plan

ADA, BOB, CHANNEL = 7, 8, 55
TOKYO = Schedule(time(7), ZoneInfo("Asia/Tokyo"))
CLOSED = Reason(ReasonKind.PERMISSIONS_MISSING)


@pytest.fixture
def follower(services: Services) -> Follower:
    return services.follower


async def follow(follower: Follower, text: str, how: How = How.DAILY, schedule: Schedule | None = TOKYO) -> None:
    await follower.follow(ADA, text, how, CHANNEL, schedule, MORNING)


class TestFollowing:
    async def test_what_i_follow_comes_at_my_hour_from_the_next_day_on(self, follower: Follower) -> None:
        await follow(follower, "  tag:agents \n min:5 ")
        mine = await follower.get_overview(ADA)
        assert mine.subscription
        assert [(each.query, each.how) for each in mine.queries] == [("tag:agents min:5", How.DAILY)]
        assert mine.subscription.settings.channel_id == CHANNEL
        assert mine.subscription.settings.schedule == TOKYO
        assert mine.subscription.next_run.date == date(2026, 1, 17)  # seven in Tokyo is over on the 16th
        assert mine.subscription.state is SubscriptionState.ACTIVE
        assert mine.inbox is None

    async def test_papers_begin_with_the_last_list_that_is_complete(self, follower: Follower, storage: Storage) -> None:
        listed = DAY - timedelta(days=2)
        await storage.papers.record_list(listed, [paper("2601.00001", day=listed)], MORNING)
        await follow(follower, "tag:agents")
        await follow(follower, "tag:vision", How.AT_ONCE)
        first = {each.query: each.first_day for each in (await follower.get_overview(ADA)).queries}
        assert first == {"tag:agents": listed, "tag:vision": MORNING.date()}

    async def test_a_weekly_digest_becomes_daily_with_the_first_thing_that_is_and_weekly_again_without(
        self, follower: Follower
    ) -> None:
        await follow(follower, "tag:agents", How.WEEKLY)
        weekly = await follower.get_overview(ADA)
        assert weekly.subscription
        assert weekly.subscription.settings.schedule.cadence is Cadence.WEEKLY
        assert weekly.subscription.next_run.date == date(2026, 1, 19)  # a Monday
        await follow(follower, "tag:vision", How.AT_ONCE)
        daily = await follower.get_overview(ADA)
        assert daily.subscription
        assert daily.subscription.settings.schedule.cadence is Cadence.DAILY
        assert daily.subscription.next_run.date == date(2026, 1, 17)
        await follower.stop(ADA, daily.queries[1].id, MORNING)
        assert (await follower.get_overview(ADA)).subscription == replace(
            weekly.subscription, revision=daily.subscription.revision + 1
        )

    async def test_the_same_query_again_changes_how(self, follower: Follower) -> None:
        await follow(follower, "tag:agents")
        await follow(follower, " tag:agents ", How.WEEKLY)
        assert [(each.query, each.how) for each in (await follower.get_overview(ADA)).queries] == [
            ("tag:agents", How.WEEKLY)
        ]

    async def test_another_time_changes_when_everything_comes(self, follower: Follower) -> None:
        await follow(follower, "tag:agents")
        berlin = Schedule(time(9, 30), ZoneInfo("Europe/Berlin"), frozenset({0, 4}))
        changed = await follower.change_schedule(ADA, berlin, MORNING)
        assert changed.subscription
        assert changed.subscription.settings.schedule == berlin
        assert changed.subscription.next_run.date == date(2026, 1, 16)

    async def test_a_day_that_had_its_digest_gets_no_other_one_at_a_later_hour(
        self, follower: Follower, storage: Storage
    ) -> None:
        await storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
        await follow(follower, "tag:agents", schedule=Schedule(time(7), ZoneInfo("UTC")))
        mine = (await follower.get_overview(ADA)).subscription
        assert mine
        today = replace(mine.next_run, date=MORNING.date(), at=MORNING)
        await plan(storage, mine, digest(paper("2601.00001")), run=today)
        changed = await follower.change_schedule(ADA, Schedule(time(12), ZoneInfo("UTC")), MORNING)
        assert changed.subscription
        assert changed.subscription.next_run.date == MORNING.date() + timedelta(days=1)

    async def test_two_devices_at_once_never_exceed_the_limit(self, follower: Follower) -> None:
        for number in range(MAX_FOLLOWED - 1):
            await follow(follower, f"tag:t{number}")
        both = await asyncio.gather(follow(follower, "tag:one"), follow(follower, "tag:other"), return_exceptions=True)
        refused = [each for each in both if isinstance(each, Refused)]
        assert [each.refusal for each in refused] == [Refusal.TOO_MANY_FOLLOWED]
        mine = await follower.get_overview(ADA)
        assert len(mine.queries) == MAX_FOLLOWED
        await follower.change_inbox(ADA, How.DAILY, CHANNEL, None, MORNING)  # which does not count

    @pytest.mark.parametrize(
        ("typed", "refusal"),
        [
            ("", Refusal.FOLLOWS_EVERYTHING),
            (" \n ", Refusal.FOLLOWS_EVERYTHING),
            ("sort:date", Refusal.FOLLOWS_EVERYTHING),
            ("x" * (MAX_FILTER_LENGTH + 1), Refusal.FILTER_TOO_LONG),
            ("min:many", Refusal.FILTER_UNCLEAR),
        ],
    )
    async def test_what_looks_for_nothing_or_is_not_understood_is_refused(
        self, follower: Follower, typed: str, refusal: Refusal
    ) -> None:
        for attempt in (follow(follower, typed), follower.preview_query(typed, How.DAILY, MORNING)):
            with pytest.raises(Refused) as refused:
                await attempt
            assert refused.value.refusal is refusal
            assert isinstance(refused.value, FilterUnclear) is (refusal is Refusal.FILTER_UNCLEAR)
        assert (await follower.get_overview(ADA)).subscription is None


class TestTheInbox:
    async def test_i_choose_how_many_papers_when_and_how_they_look(self, follower: Follower) -> None:
        await follower.change_inbox(ADA, How.WEEKLY, CHANNEL, TOKYO, MORNING, size=3, layout=DigestLayout.CARDS)
        mine = await follower.get_overview(ADA)
        assert mine.inbox
        assert mine.subscription
        assert (mine.inbox.how, mine.queries) == (How.WEEKLY, ())
        assert mine.subscription.settings.selection.size == 3
        assert mine.subscription.settings.posting.layout is DigestLayout.CARDS
        changed = await follower.change_settings(ADA, {"size": 7, "weekdays": frozenset({2})}, MORNING)
        assert changed.subscription
        assert changed.subscription.settings.selection.size == 7
        assert changed.subscription.next_run.date == date(2026, 1, 21)  # a Wednesday

    async def test_a_weekly_inbox_begins_with_a_whole_week(self, follower: Follower) -> None:
        await follower.change_inbox(ADA, How.WEEKLY, CHANNEL, TOKYO, MORNING)
        inbox = (await follower.get_overview(ADA)).inbox
        assert inbox
        assert inbox.first_day == DAY - timedelta(days=6)

    async def test_impossible_choices_are_refused(self, follower: Follower) -> None:
        await follower.change_inbox(ADA, How.DAILY, CHANNEL, TOKYO, MORNING)
        before = await follower.get_overview(ADA)
        for attempt in (
            follower.change_inbox(ADA, How.AT_ONCE, CHANNEL, None, MORNING),
            follower.change_inbox(ADA, How.DAILY, CHANNEL, None, MORNING, size=11),
            follower.change_settings(ADA, {"size": 0}, MORNING),
            follower.change_settings(ADA, {"channel_id": 1}, MORNING),
        ):
            with pytest.raises(Refused):
                await attempt
        assert await follower.get_overview(ADA) == before


class TestStopping:
    async def test_stopping_the_last_thing_pauses_and_following_again_goes_on(self, follower: Follower) -> None:
        await follow(follower, "tag:agents")
        mine = await follower.get_overview(ADA)
        await follower.stop(ADA, mine.queries[0].id, MORNING)
        stopped = await follower.get_overview(ADA)
        assert stopped.subscription
        assert (stopped.followed, stopped.subscription.state) == ((), SubscriptionState.PAUSED)
        await follow(follower, "tag:vision", schedule=None)
        again = await follower.get_overview(ADA)
        assert again.subscription
        assert mine.subscription
        assert again.subscription.state is SubscriptionState.ACTIVE
        assert again.subscription.id == mine.subscription.id
        assert again.subscription.settings.schedule == TOKYO

    async def test_stop_all_may_be_clicked_twice_and_is_only_mine(self, follower: Follower) -> None:
        await follow(follower, "tag:agents")
        await follower.change_inbox(ADA, How.DAILY, CHANNEL, None, MORNING)
        await follower.follow(BOB, "tag:agents", How.DAILY, CHANNEL, None, MORNING)
        assert [each.query for each in await follower.stop_all(ADA, MORNING)] == ["tag:agents", ""]
        assert await follower.stop_all(ADA, MORNING) == ()
        assert (await follower.get_overview(BOB)).queries != ()
        mine = (await follower.get_overview(ADA)).subscription
        assert mine
        assert mine.state is SubscriptionState.PAUSED

    async def test_an_old_button_says_that_it_is_stopped_already(self, follower: Follower) -> None:
        await follow(follower, "tag:agents")
        known = (await follower.get_overview(ADA)).queries[0]
        with pytest.raises(Refused):
            await follower.stop(BOB, known.id, MORNING)
        await follower.stop(ADA, known.id, MORNING)
        with pytest.raises(Refused) as refused:
            await follower.stop(ADA, known.id, MORNING)
        assert refused.value.refusal is Refusal.FOLLOWED_GONE

    async def test_whoever_never_followed_anything_has_nothing_to_stop_or_resume(self, follower: Follower) -> None:
        assert await follower.stop_all(ADA, MORNING) == ()
        for attempt in (
            follower.resume(ADA, CHANNEL, MORNING),
            follower.change_schedule(ADA, TOKYO, MORNING),
        ):
            with pytest.raises(Refused) as refused:
                await attempt
            assert refused.value.refusal is Refusal.FOLLOWS_NOTHING
        assert (await follower.get_overview(ADA)).subscription is None


class TestAClosedInbox:
    async def test_what_i_follow_is_kept_until_my_inbox_is_open(self, follower: Follower) -> None:
        await follower.follow(ADA, "tag:agents", How.DAILY, 0, TOKYO, MORNING, obstacle=CLOSED)
        waiting = (await follower.get_overview(ADA)).subscription
        assert waiting
        assert (waiting.state, waiting.reason) == (SubscriptionState.SUSPENDED, CLOSED)
        resumed = await follower.resume(ADA, CHANNEL, MORNING)
        assert resumed.subscription
        assert (resumed.subscription.state, resumed.subscription.reason) == (SubscriptionState.ACTIVE, None)
        assert resumed.subscription.settings.channel_id == CHANNEL

    async def test_changing_the_hour_or_stopping_one_thing_does_not_resume(self, follower: Follower) -> None:
        await follow(follower, "tag:agents")
        await follower.follow(ADA, "tag:vision", How.DAILY, 0, None, MORNING, obstacle=CLOSED)
        changed = await follower.change_settings(ADA, {"time": time(20)}, MORNING)
        assert changed.subscription
        assert (changed.subscription.state, changed.subscription.settings.channel_id) == (
            SubscriptionState.SUSPENDED,
            CHANNEL,
        )
        await follower.stop(ADA, changed.queries[0].id, MORNING)
        still = (await follower.get_overview(ADA)).subscription
        assert still
        assert still.reason == CLOSED


async def test_muting_invalidates_a_digest_that_is_being_composed(follower: Follower, storage: Storage) -> None:
    await storage.papers.record_list(DAY, [paper("2601.00001")], MORNING)
    await follow(follower, "tag:agents")
    before = (await follower.get_overview(ADA)).subscription
    assert before
    await follower.mute(ADA, Muted(MutedKind.TAG, "agents"), MORNING)
    planned = await storage.deliveries.plan_delivery(
        before, before.next_run, None, digest(paper("2601.00001")), nonces=["n"], now=MORNING
    )
    assert planned is None
    assert await follower.unmute(ADA, Muted(MutedKind.TAG, "agents"))
    assert not await follower.unmute(ADA, Muted(MutedKind.TAG, "agents"))
