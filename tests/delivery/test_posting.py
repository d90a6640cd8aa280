"""Posting: a digest comes once, on time, and about the right days."""

from datetime import UTC, date, datetime, timedelta

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, FRIDAY, MONDAY, Clock, entries
from tests.support.messages import ids, paper_ids, read_texts
from tests.support.server import Server, deliveries, post


async def test_a_due_digest_is_posted_once_in_rank_order(server: Server, clock: Clock) -> None:
    await server.subscribe()
    clock.advance(hours=1)
    await server.tick()
    await server.tick()
    (message,) = server.papers.history()
    text = read_texts(message)
    assert "Top 5 of 7 papers by upvotes" in text
    assert [f"Paper 2601.0000{n}" in text for n in range(1, 8)] == [True] * 5 + [False] * 2


async def test_nothing_is_posted_before_its_time(server: Server) -> None:
    await server.subscribe()
    await server.later(minutes=59)
    assert server.posted == []
    await server.later(minutes=1)
    assert len(server.posted) == 1


async def test_the_timer_posts_what_is_due(server: Server, clock: Clock) -> None:
    await server.subscribe()
    clock.advance(hours=1)
    await server.bot.get_cog("Posting").post_due_digests()  # type: ignore[union-attr]
    await server.bot.dispatcher.wait_until_idle()
    assert len(server.posted) == 1


async def test_a_digest_says_which_day_it_is_about(server: Server) -> None:
    assert "Thursday 15 January 2026" in read_texts(await post(server))


async def test_a_digest_comes_at_the_local_time_of_its_time_zone(server: Server) -> None:
    await server.subscribe(time="9:30 pm", timezone="America/New_York")
    await server.later(hours=18, minutes=29)  # 02:29 UTC, 21:29 in New York
    assert server.posted == []
    await server.later(minutes=1)
    assert len(server.posted) == 1


async def test_a_digest_does_not_come_on_other_weekdays(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(3), FRIDAY: entries(3, FRIDAY, first=11)}
    await server.subscribe(weekdays="mon-thu")
    for _ in range(3):
        await server.later(days=1)  # Saturday, Sunday, Monday at eight
        assert server.posted == []
    await server.later(hours=1)
    assert len(server.posted) == 1


async def test_a_paper_is_never_highlighted_twice_over_successive_days(
    server: Server, papers_server: PapersServer
) -> None:
    # Every paper is listed again on the next day, with more votes than the new ones.
    papers_server.lists = {
        day: entries(6, day, first=1 + 3 * number)
        for number, day in enumerate(DAY + timedelta(days=each) for each in range(5))
    }
    await post(server)
    for _ in range(4):
        await server.later(days=1)
    shown = [each for message in server.papers.history() for each in paper_ids(message)]
    assert len(server.posted) == 5
    assert len(shown) == len(set(shown))


async def test_a_weekend_is_quiet_and_says_so_in_the_status(server: Server) -> None:
    await post(server)
    await server.later(days=1)
    assert len(server.posted) == 1
    latest = (await deliveries(server))[0]
    assert (latest.state, latest.run_date, latest.posted_message) == ("quiet", date(2026, 1, 17), None)
    assert "Run of 17 Jan 2026: nothing new. No new papers were listed." in await server.ask("digest status")


async def test_after_three_days_down_one_digest_covers_all_closed_days(
    server: Server, papers_server: PapersServer
) -> None:
    await post(server)
    papers_server.lists = {FRIDAY: entries(4, FRIDAY, first=11), MONDAY: entries(4, MONDAY, first=21)}
    await server.restart()
    await server.later(days=4, hours=3)  # Tuesday noon
    (_, text) = server.posted
    assert "Friday 16 January 2026 – Monday 19 January 2026" in text
    assert "Top 5 of 8 papers" in text
    await server.later(minutes=2)
    assert len(server.posted) == 2
    assert [each.run_date.day for each in await deliveries(server)] == [20, 16]


async def test_a_new_subscription_covers_only_the_latest_closed_day(
    server: Server, papers_server: PapersServer
) -> None:
    before = DAY - timedelta(days=1)
    papers_server.lists = {before: entries(5, before, first=31), DAY: entries(7)}
    message = await post(server)
    assert paper_ids(message) == ids(1, 2, 3, 4, 5)
    assert "Top 5 of 7 papers" in read_texts(message)


async def test_a_new_subscription_looks_back_over_days_without_papers(
    server: Server, papers_server: PapersServer
) -> None:
    monday = DAY - timedelta(days=3)
    papers_server.lists = {monday: entries(2, monday)}
    message = await post(server)
    assert paper_ids(message) == ids(1, 2)
    assert "Monday 12 January 2026" in read_texts(message)


async def test_papers_of_a_day_that_is_still_open_wait_for_the_next_digest(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: entries(7), FRIDAY: entries(2, FRIDAY, first=11)}
    assert paper_ids(await post(server)) == ids(1, 2, 3, 4, 5)
    await server.later(days=1)
    assert set(paper_ids(server.papers.history()[-1])) >= set(ids(11, 12))


async def test_times_are_shown_in_each_readers_own_time_zone(server: Server) -> None:
    await server.subscribe()
    stamp = int(datetime(2026, 1, 16, 9, tzinfo=UTC).timestamp())
    assert f"<t:{stamp}:f> (<t:{stamp}:R>)" in await server.ask("digest status")
