"""What people follow, and their one subscription each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.digest import Digest, Highlight, Likeness
from bot.refusals import Refusal, Refused
from bot.share import WHOLE
from bot.storage import INBOX, MAX_FOLLOWED, MAX_MUTED, Action, How, Muted, MutedKind, Storage
from tests.support.builders import DAY, FIRST_RUN, MORNING, SETTINGS, paper, plan, subscribe
from tests.support.engines import BROKEN_RULES

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

ADA, BOB = 7, 8


class TestFollowing:
    async def test_i_find_again_what_i_follow_and_nobody_elses(self, storage: Storage) -> None:
        mine = await storage.followed_queries.follow(ADA, "author:lecun", How.AT_ONCE, DAY, MORNING)
        await storage.followed_queries.follow(BOB, "tag:agents", How.DAILY, DAY, MORNING)
        assert await storage.followed_queries.list_for_person(ADA) == [mine]
        assert (mine.query, mine.how, mine.first_day, mine.is_inbox) == ("author:lecun", How.AT_ONCE, DAY, False)

    async def test_following_the_same_again_changes_how_and_keeps_its_first_day(self, storage: Storage) -> None:
        first = await storage.followed_queries.follow(ADA, "tag:agents", How.DAILY, DAY, MORNING)
        again = await storage.followed_queries.follow(ADA, "tag:agents", How.WEEKLY, DAY + timedelta(days=3), MORNING)
        assert again == replace(first, how=How.WEEKLY)
        assert await storage.followed_queries.list_for_person(ADA) == [again]

    async def test_i_can_follow_25_queries_and_have_an_inbox(self, storage: Storage) -> None:
        for number in range(MAX_FOLLOWED):
            await storage.followed_queries.follow(ADA, f"tag:t{number}", How.DAILY, DAY, MORNING)
        await storage.followed_queries.follow(ADA, INBOX, How.DAILY, DAY, MORNING)
        await storage.followed_queries.follow(ADA, "tag:t3", How.WEEKLY, DAY, MORNING)
        with pytest.raises(Refused) as refused:
            await storage.followed_queries.follow(ADA, "tag:one more", How.DAILY, DAY, MORNING)
        assert refused.value.refusal is Refusal.TOO_MANY_FOLLOWED
        assert len(await storage.followed_queries.list_for_person(ADA)) == MAX_FOLLOWED + 1

    async def test_stopping_works_once_and_only_for_what_is_mine(self, storage: Storage) -> None:
        mine = await storage.followed_queries.follow(ADA, "tag:agents", How.DAILY, DAY, MORNING)
        assert await storage.followed_queries.unfollow(BOB, mine.id, MORNING) is None
        assert await storage.followed_queries.unfollow(ADA, mine.id, MORNING) == mine
        assert await storage.followed_queries.unfollow(ADA, mine.id, MORNING) is None

    async def test_what_i_muted_is_listed_until_i_undo_it(self, storage: Storage) -> None:
        topic = Muted(MutedKind.TAG, "agents")
        await storage.followed_queries.mute(ADA, topic, MORNING)
        await storage.followed_queries.mute(ADA, topic, MORNING)
        assert await storage.followed_queries.list_muted(ADA) == [topic]
        assert await storage.followed_queries.list_muted(BOB) == []
        assert await storage.followed_queries.unmute(ADA, topic)
        assert not await storage.followed_queries.unmute(ADA, topic)

    async def test_of_too_much_that_i_muted_the_oldest_is_forgotten(self, storage: Storage) -> None:
        for number in range(MAX_MUTED + 3):
            muted = Muted(MutedKind.PAPER, f"2601.{number:05}")
            await storage.followed_queries.mute(ADA, muted, MORNING + timedelta(minutes=number))
        kept = await storage.followed_queries.list_muted(ADA)
        assert [each.value for each in kept] == [f"2601.{number:05}" for number in range(3, MAX_MUTED + 3)]


class TestAPersonsSubscription:
    async def test_a_person_has_one_subscription_whatever_it_is_set_to(self, storage: Storage) -> None:
        first = await storage.subscriptions.add_for_person(ADA, SETTINGS, now=MORNING, next_run=FIRST_RUN)
        other = replace(SETTINGS, channel_id=99)
        again = await storage.subscriptions.add_for_person(ADA, other, now=MORNING, next_run=FIRST_RUN)
        assert again == replace(first, settings=other)
        assert await storage.subscriptions.get_for_person(ADA) == again
        assert await storage.subscriptions.get_for_person(BOB) is None
        assert (again.guild_id, again.user_id) == (0, ADA)

    async def test_a_persons_subscription_is_due_like_any_other_and_belongs_to_no_server(
        self, storage: Storage
    ) -> None:
        own = await storage.subscriptions.add_for_person(ADA, SETTINGS, now=MORNING, next_run=FIRST_RUN)
        servers = await subscribe(storage, 1)
        await storage.guilds.reconcile_servers(WHOLE, [], MORNING)
        assert [each.id for each in await storage.subscriptions.list_due_people(WHOLE, FIRST_RUN.at, limit=9)] == [
            own.id
        ]
        due = await storage.subscriptions.get_if_due(own.id, FIRST_RUN.at)
        assert due
        assert due.id == own.id
        assert await storage.subscriptions.list_due(WHOLE, FIRST_RUN.at) == []
        assert await storage.subscriptions.list_for_server(1) != []
        assert servers.user_id is None

    async def test_a_highlight_remembers_which_followed_queries_brought_it(self, storage: Storage) -> None:
        known = await storage.subscriptions.add_for_person(ADA, SETTINGS, now=MORNING, next_run=FIRST_RUN)
        shown = paper("2601.00001", upvotes=1)
        await storage.papers.record_list(DAY, [shown], MORNING)
        (shown,) = await storage.papers.get([shown.id])
        highlight = Highlight(1, shown, 1, 0, followed=("author:lecun", INBOX), likeness=Likeness("2601.00002", 0.83))
        planned = await plan(storage, known, Digest(DAY, (DAY,), 1, (highlight,)))
        assert planned
        found = await storage.deliveries.get(planned.id)
        assert found
        assert found.user_id == ADA
        assert found.digest.highlights == (highlight,)

    async def test_what_people_do_to_their_own_digests_is_in_no_audit_log(self, storage: Storage) -> None:
        known = await storage.subscriptions.add_for_person(ADA, SETTINGS, now=MORNING, next_run=FIRST_RUN)
        await storage.subscriptions.pause(known, by=ADA, now=MORNING)
        assert await storage.audit_log.list_latest(0, 10) == []
        servers = await subscribe(storage, 1)
        assert [each.action for each in await storage.audit_log.list_latest(1, 10)] == [Action.ADDED]
        assert servers.guild_id == 1

    async def test_a_subscription_is_either_a_servers_or_a_persons(self, storage: Storage) -> None:
        await subscribe(storage, 1)
        with pytest.raises(BROKEN_RULES):
            await storage.database.execute("UPDATE subscriptions SET user_id = 7")
