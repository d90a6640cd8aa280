"""What is in the feeds: the best of each day and week as they were then, the newest of a query, a server's digests."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.app import Services
from bot.digest import get_closing_time
from bot.feed_addresses import FeedFormat
from bot.lookups.feeds import BEST, DAYS, WEEKS
from bot.papers import Paper
from bot.storage import ServerFeed
from tests.support.builders import DAY, MONDAY, MORNING, build_past, digest, paper, plan, send, subscribe
from tests.support.feeds import FeedAsker, serving_feeds

KEY = "k9_-" * 10


def list_numbers(*numbers: int, **known: object) -> list[Paper]:
    """Papers with these upvotes, and ids to match."""
    return [paper(f"2601.{number:05}", upvotes=number, **known) for number in numbers]


def name(*numbers: int) -> list[str]:
    return [f"https://huggingface.co/papers/2601.{number:05}" for number in numbers]


@pytest.mark.parametrize("format_", FeedFormat)
async def test_the_daily_feed_has_the_ten_best_of_each_closed_day_the_latest_first(
    feeds: FeedAsker, format_: FeedFormat
) -> None:
    before = DAY - timedelta(days=1)
    await feeds.list_papers(before, list_numbers(*range(21, 33), day=before))
    await feeds.list_papers(DAY, list_numbers(*range(1, 14)))
    ids = (await feeds.get(f"/feeds/daily.{format_}")).list_ids()
    assert ids == [*name(*range(13, 3, -1)), *name(*range(32, 22, -1))]


async def test_a_day_comes_once_its_list_was_read_after_it_closed(feeds: FeedAsker) -> None:
    await feeds.list_papers(DAY, list_numbers(1), hours=-0.1)
    assert (await feeds.get("/feeds/daily.atom")).list_ids() == []
    await feeds.list_papers(DAY, list_numbers(1))
    assert (await feeds.get("/feeds/daily.atom")).list_ids() == name(1)


async def test_later_votes_neither_bring_a_paper_nor_change_a_date(feeds: FeedAsker, services: Services) -> None:
    night = get_closing_time(DAY) - timedelta(hours=4)
    await services.storage.papers.record_list(DAY, list_numbers(*range(1, 13)), night)
    await feeds.list_papers(DAY, list_numbers(*range(1, 13)))
    before = await feeds.get("/feeds/daily.atom")
    risen = paper("2601.00001", upvotes=500)
    await feeds.list_papers(DAY, [risen, *list_numbers(*range(2, 13))], hours=20)
    after = await feeds.get("/feeds/daily.atom")
    assert after.body == before.body
    assert after.headers["ETag"] == before.headers["ETag"]


async def test_a_withdrawn_paper_leaves_the_feeds(feeds: FeedAsker) -> None:
    await feeds.list_papers(DAY, list_numbers(1, 2))
    await feeds.list_papers(DAY, [paper("2601.00001", upvotes=1, withdrawn_at=MORNING), *list_numbers(2)], hours=2)
    for path in ("/feeds/daily.atom", "/feeds/search.atom?q=paper"):
        assert (await feeds.get(path)).list_ids() == name(2)


async def test_a_paper_that_two_days_list_is_one_entry(feeds: FeedAsker) -> None:
    before = DAY - timedelta(days=1)
    await feeds.list_papers(before, list_numbers(1, 2, day=before))
    await feeds.list_papers(DAY, list_numbers(1, 3))
    ids = (await feeds.get("/feeds/daily.json")).list_ids()
    assert sorted(ids) == sorted(name(1, 2, 3))


async def test_the_daily_feed_goes_back_two_weeks(feeds: FeedAsker) -> None:
    for number in range(DAYS + 3):
        day = DAY - timedelta(days=number)
        await feeds.list_papers(day, list_numbers(number + 1, day=day))
    assert (await feeds.get("/feeds/daily.atom")).list_ids() == name(*range(1, DAYS + 1))


async def test_the_weekly_feed_has_an_entry_for_each_whole_week_with_its_ten_best(
    feeds: FeedAsker, services: Services, clock: object
) -> None:
    services.clock.now = datetime(2026, 1, 20, 8, tzinfo=UTC)  # type: ignore[attr-defined]  # after the Sunday
    monday = MONDAY - timedelta(days=7)
    for number in range(7):
        day = monday + timedelta(days=number)
        await feeds.list_papers(day, list_numbers(*range(10 * number, 10 * number + 3), day=day))
    (entry,) = (await feeds.get("/feeds/weekly.atom")).read_atom().entries
    assert entry.title == "The best AI papers of 12 Jan 2026 – 18 Jan 2026"
    assert entry.link == "https://huggingface.co/papers/week/2026-W03"
    assert entry.updated == "2026-01-19T03:00:00+00:00"
    assert entry.content[0].value.count("<li>") == BEST
    assert entry.content[0].value.index("▲ 62") < entry.content[0].value.index("▲ 61")


async def test_a_week_of_which_a_list_is_missing_is_left_out(feeds: FeedAsker, services: Services) -> None:
    services.clock.now = datetime(2026, 1, 20, 8, tzinfo=UTC)  # type: ignore[attr-defined]
    for number in range(6):
        day = MONDAY - timedelta(days=number + 1)
        await feeds.list_papers(day, list_numbers(number + 1, day=day))
    assert (await feeds.get("/feeds/weekly.atom")).list_ids() == []


async def test_the_weekly_feed_goes_back_eight_weeks(feeds: FeedAsker, services: Services) -> None:
    services.clock.now = datetime(2026, 1, 20, 8, tzinfo=UTC)  # type: ignore[attr-defined]
    for number in range(7 * (WEEKS + 1)):
        day = MONDAY - timedelta(days=number + 1)
        await feeds.list_papers(day, list_numbers(number + 1, day=day))
    entries = (await feeds.get("/feeds/weekly.json")).read_json()["items"]
    assert len(entries) == WEEKS
    assert len({each["id"] for each in entries}) == WEEKS


async def test_the_feed_of_a_query_has_the_newest_that_match_with_every_word(feeds: FeedAsker) -> None:
    before = DAY - timedelta(days=1)
    await feeds.list_papers(
        before, [paper("2601.00001", title="Robots that Sing", upvotes=99, tags=("robotics",), day=before)]
    )
    await feeds.list_papers(
        DAY,
        [
            paper("2601.00002", title="Robots that Sing again", tags=("robotics",)),
            paper("2601.00003", title="Robots that dance", tags=("robotics",)),
        ],
    )
    assert (await feeds.get("/feeds/search.atom?q=robots+sing")).list_ids() == name(2, 1)
    assert (await feeds.get("/feeds/search.atom?q=tag:robotics")).list_ids() == name(3, 2, 1)
    assert (await feeds.get("/feeds/search.atom?q=tag:robotics&limit=1")).list_ids() == name(2)
    assert (await feeds.get("/feeds/search.json?q=robts")).list_ids() == []  # nothing is looked for instead


async def test_a_new_paper_comes_to_the_feed_of_a_query_as_soon_as_it_is_indexed(feeds: FeedAsker) -> None:
    await feeds.list_papers(DAY, list_numbers(1))
    assert (await feeds.get("/feeds/search.atom?q=paper")).list_ids() == name(1)
    await feeds.list_papers(DAY, list_numbers(1, 2))
    assert (await feeds.get("/feeds/search.atom?q=paper")).list_ids() == name(2, 1)


async def test_votes_leave_the_feed_of_a_query_as_it_is(feeds: FeedAsker) -> None:
    await feeds.list_papers(DAY, list_numbers(1, 2))
    before = await feeds.get("/feeds/search.atom?q=paper")
    await feeds.list_papers(DAY, [paper("2601.00001", upvotes=900), *list_numbers(2)], hours=2)
    assert (await feeds.get("/feeds/search.atom?q=paper")).headers["ETag"] == before.headers["ETag"]


async def test_a_paper_has_the_same_id_and_dates_in_every_feed(feeds: FeedAsker) -> None:
    await feeds.list_papers(DAY, list_numbers(1))
    daily, found = [(await feeds.get(path)).read_atom() for path in ("/feeds/daily.atom", "/feeds/search.atom?q=paper")]
    (one,), (other,) = daily.entries, found.entries
    assert (one.id, one.published, one.updated) == (other.id, other.published, other.updated)
    assert daily.feed.id != found.feed.id


class TestServers:
    """A server's own digests, for whoever knows the key of its feed."""

    async def post(self, services: Services) -> None:
        papers = list_numbers(7, 3)
        await services.storage.papers.record_list(DAY, papers, MORNING)
        await send(services.storage, await plan(services.storage, await subscribe(services.storage), digest(*papers)))
        await services.storage.guilds.record_join(1, MORNING)
        await services.storage.server_feeds.add(1, KEY, MORNING)

    @pytest.mark.parametrize("format_", FeedFormat)
    async def test_each_digest_is_an_entry_with_its_papers_and_a_link_to_its_message(
        self, feeds: FeedAsker, services: Services, format_: FeedFormat
    ) -> None:
        await self.post(services)
        answer = await feeds.get(f"/feeds/servers/{KEY}.{format_}")
        assert len(answer.list_ids()) == 1
        for told in ("Daily Papers, 15 Jan 2026", "https://discord.com/channels/1/5/77", "2601.00007", "▲ 7"):
            assert told in answer.text
        assert answer.headers["Cache-Control"].startswith("private")
        assert answer.headers["X-Robots-Tag"] == "noindex"

    async def test_past_runs_are_entries_too(self, feeds: FeedAsker, services: Services) -> None:
        await build_past(services.storage)
        await services.storage.guilds.record_join(1, MORNING)
        await services.storage.server_feeds.add(1, KEY, MORNING)
        ids = (await feeds.get(f"/feeds/servers/{KEY}.atom")).list_ids()
        assert len({*ids}) == 12

    async def test_without_the_key_there_is_no_feed(self, feeds: FeedAsker, services: Services) -> None:
        await self.post(services)
        for key in ("1", "x" * len(KEY), KEY[:-1], KEY.swapcase(), "%27", "..%2f" + KEY):
            answer = await feeds.get(f"/feeds/servers/{key}.atom")
            assert answer.status == 404
            assert KEY not in answer.text

    async def test_a_replaced_key_works_no_longer_and_neither_does_one_of_a_feed_that_is_switched_off(
        self, feeds: FeedAsker, services: Services
    ) -> None:
        await self.post(services)
        assert (await feeds.get(f"/feeds/servers/{KEY}.atom")).status == 200
        await services.storage.server_feeds.replace_key(ServerFeed(1, KEY, MORNING), "another", MORNING)
        assert (await feeds.get(f"/feeds/servers/{KEY}.atom")).status == 404
        assert "/feeds/servers/another.atom" in (await feeds.get("/feeds/servers/another.atom")).text
        await services.storage.server_feeds.delete(ServerFeed(1, "another", MORNING))
        assert (await feeds.get("/feeds/servers/another.atom")).status == 404

    async def test_a_server_that_removed_the_bot_or_is_blocked_has_no_feed(self, services: Services) -> None:
        await self.post(services)
        async with serving_feeds(services, blocked=frozenset({1})) as blocked:
            assert (await blocked.get(f"/feeds/servers/{KEY}.atom")).status == 404
        async with serving_feeds(services) as feeds:
            assert (await feeds.get(f"/feeds/servers/{KEY}.atom")).status == 200
            await services.storage.guilds.record_leave(1, MORNING)
            assert (await feeds.get(f"/feeds/servers/{KEY}.atom")).status == 404

    async def test_an_undone_digest_leaves_the_feed(self, feeds: FeedAsker, services: Services) -> None:
        await self.post(services)
        (sent,) = await services.storage.deliveries.list_latest(1)
        await services.storage.deliveries.undo_delivery(sent, by=7, now=MORNING)
        assert (await feeds.get(f"/feeds/servers/{KEY}.json")).list_ids() == []
