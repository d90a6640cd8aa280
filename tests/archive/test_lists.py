"""A list that changes: papers taken off it, answers that look faulty, and withdrawn papers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.app import Services
from bot.digest import get_closing_time
from bot.papers.api import PapersUnavailable
from bot.search import parse_query
from bot.storage import Storage
from tests.support.builders import DAY, FRIDAY, MORNING, NOTHING_LISTED, entries, entry, paper
from tests.support.lookups import read_card, search, why
from tests.support.messages import ids, read_texts
from tests.support.papers_server import Papers
from tests.support.server import Server, post

BEFORE = DAY - timedelta(days=1)
OPEN = get_closing_time(DAY) - timedelta(hours=2)
HOUR = timedelta(hours=1)
WITHDRAWN = "2026-01-16T06:30:00.000Z"
Read = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def read(services: Services, papers_server: Papers) -> Read:
    """Reads the list of a day, which has these entries now; gives the papers that are then known to be on it."""

    async def reading(listed: Sequence[Any], now: datetime = OPEN, day: date = DAY) -> list[str]:
        papers_server.lists = {**papers_server.lists, day: list(listed)}
        await services.archive.refresh_list(day, now)
        return await on_list(services.storage, day)

    return reading


async def on_list(storage: Storage, day: date = DAY) -> list[str]:
    return sorted(each.paper.id for each in await storage.papers.list_candidates(day, day))


# Taken off


async def test_a_paper_taken_off_its_list_before_that_closed_is_not_posted_and_is_still_found(
    server: Server, read: Read
) -> None:
    await read(entries(7))
    await read(entries(6, first=2))
    text = read_texts(await post(server))
    assert "Paper 2601.00001" not in text
    assert "Top 5 of 6 papers" in text
    assert await why(server) == "Never highlighted: it isn't on any daily list I know of."
    card = await read_card(server)
    assert "▲ **70**" in card
    assert "Daily Papers" not in card
    await server.bot.services.archive.update_index()
    assert "Paper 2601.00001" in read_texts((await search(server, "2601.00001")).message)


async def test_what_was_highlighted_before_it_was_taken_off_stays_as_it_was(server: Server, read: Read) -> None:
    message = await post(server)
    await read(entries(6, first=2), server.clock.now)
    await server.later(days=1)
    assert server.papers.history() == [message]
    assert (await why(server)).startswith("Highlighted")


async def test_a_paper_put_back_on_its_list_is_on_it_again(services: Services, read: Read) -> None:
    for listed in (entries(7), entries(6, first=2), entries(7)):
        assert await read(listed) == [each["paper"]["id"] for each in listed]
    assert await services.storage.papers.list_snapshots("2601.00001") == [(OPEN, 70)]


async def test_the_search_goes_by_the_list_that_a_paper_is_still_on(services: Services, read: Read) -> None:
    first = entries(3)
    await read([entry(ids(1)[0], BEFORE, upvotes=1), *entries(3, BEFORE, first=11)], day=BEFORE)
    await read(first)
    await services.archive.update_index()

    def found(day: date) -> tuple[str, ...]:
        return services.search.find_papers(parse_query(f"day:{day}", FRIDAY), limit=9).ids

    assert "2601.00001" in found(DAY)
    await read(first[1:])
    await services.archive.update_index()
    assert ("2601.00001" in found(DAY), "2601.00001" in found(BEFORE)) == (False, True)
    (known,) = await services.storage.papers.get(["2601.00001"])
    assert known.day == BEFORE


async def test_a_paper_taken_off_its_list_counts_as_changed_once(services: Services, read: Read) -> None:
    await read(entries(7))
    before = await services.storage.papers.get_last_change()
    await read(entries(6, first=2))
    assert [each.id for _, each in await services.storage.papers.list_changed_since(before, 9)] == ["2601.00001"]
    await read(entries(6, first=2))
    assert await services.storage.papers.get_last_change() == before + 1


async def test_one_list_never_takes_a_paper_off_another(services: Services, read: Read) -> None:
    await read(entries(2, BEFORE, first=11), day=BEFORE)
    await read(entries(7))
    await read([], day=FRIDAY)
    assert len(await on_list(services.storage, BEFORE)) == 2
    assert len(await on_list(services.storage)) == 7


async def test_a_paper_listed_under_the_day_before_stays_there_until_its_list_drops_it(
    services: Services, read: Read
) -> None:
    early = entry("2601.00031", submittedOnDailyAt=f"{BEFORE}T23:00:00.000Z")
    await read([early, *entries(3)])
    assert await on_list(services.storage, BEFORE) == ["2601.00031"]
    await read(entries(2, BEFORE, first=11), day=BEFORE)
    assert await on_list(services.storage, BEFORE) == [*ids(11, 12, 31)]
    await read(entries(3))
    assert await on_list(services.storage, BEFORE) == [*ids(11, 12)]


# Not to be believed


@pytest.mark.parametrize("wrong", [{"title": ""}, {"upvotes": "many"}])
async def test_an_entry_that_cannot_be_read_is_still_on_the_list(read: Read, wrong: dict[str, Any]) -> None:
    first, *others = entries(7)
    await read([first, *others])
    first = {"paper": first["paper"] | wrong}
    assert await read([first, *others[1:]]) == [*ids(1, 3, 4, 5, 6, 7)]


@pytest.mark.parametrize("unknown", [{}, None, {"paper": {"id": 2601.1}}])
async def test_while_an_entry_is_of_an_unknown_paper_nothing_is_taken_off(read: Read, unknown: Any) -> None:
    await read(entries(6))
    assert len(await read([unknown, *entries(6, first=2)])) == 7
    assert len(await read(entries(6, first=2))) == 6


async def test_a_paper_that_moved_between_pages_while_we_read_them_is_not_taken_off(read: Read) -> None:
    await read(entries(102))
    assert len(await read([*entries(100), entry("2601.00100"), entry("2601.00101")])) == 102
    assert len(await read(entries(101))) == 101


async def test_a_list_with_half_of_its_papers_is_believed(read: Read) -> None:
    await read(entries(6))
    assert await read(entries(3)) == ids(1, 2, 3)


async def test_a_list_of_less_than_half_its_papers_adds_what_it_has_and_takes_nothing_off(
    server: Server, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    await read(entries(7))
    for hours in (3, 2, 1):
        assert len(await read([entry("2601.00031")], MORNING - hours * HOUR)) == 8
    warned = [record.getMessage() for record in caplog.records if "unless it stays like that" in record.getMessage()]
    said = "the list has 1 entries instead of 7; nothing is removed unless it stays like that for 6:00:00"
    assert warned == [f"2026-01-15: {said}"]
    assert "Paper 2601.00001" in read_texts(await post(server))


async def test_a_list_that_stays_short_for_six_hours_is_believed(read: Read) -> None:
    await read(entries(7))
    assert len(await read([])) == 7
    assert len(await read([], OPEN + timedelta(hours=5, minutes=59))) == 7
    assert await read([], OPEN + timedelta(hours=6)) == []


async def test_a_short_list_that_was_complete_in_between_is_not_believed_yet(read: Read) -> None:
    await read(entries(7))
    for hours, listed in {1: [], 3: entries(7), 5: [], 8: [], 10: []}.items():
        assert len(await read(listed, OPEN + hours * HOUR)) == 7
    assert await read([], OPEN + 11 * HOUR) == []


async def test_an_error_page_takes_nothing_off(services: Services, papers_server: Papers, read: Read) -> None:
    async def apologize() -> None:
        raise web.HTTPOk(text="<html>Sorry</html>", content_type="text/html")

    await read(entries(7))
    papers_server.meanwhile = apologize
    with pytest.raises(PapersUnavailable):
        await services.archive.refresh_list(DAY, OPEN + HOUR)
    assert len(await on_list(services.storage)) == 7


async def test_a_reading_that_another_process_overtook_changes_nothing(services: Services, read: Read) -> None:
    await read(entries(6, first=2), OPEN)
    before = await services.storage.papers.get_last_change()
    assert await read(entries(7), OPEN - timedelta(minutes=5)) == ids(2, 3, 4, 5, 6, 7)
    assert await services.storage.papers.get_last_change() == before
    assert await services.storage.papers.get_capture_times([DAY]) == {DAY: OPEN}


async def test_a_list_read_by_a_clock_that_was_wrong_is_read_again(services: Services, read: Read) -> None:
    await read(entries(6), OPEN + timedelta(days=400))
    assert len(await read(entries(7), OPEN)) == 7
    assert await services.storage.papers.get_capture_times([DAY]) == {DAY: OPEN}


async def test_a_bot_killed_while_it_takes_a_paper_off_has_done_it_completely_or_not_at_all(storage: Storage) -> None:
    three, changed = [paper(each) for each in ids(1, 2, 3)], [paper(each, upvotes=9) for each in ids(2, 3)]
    for attempt in range(40):
        now = MORNING + attempt * HOUR
        await storage.papers.record_list(DAY, three, now, ids=ids(1, 2, 3))
        task = asyncio.create_task(storage.papers.record_list(DAY, changed, now, ids=ids(2, 3)))
        await asyncio.sleep(0.0002 * attempt)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        upvotes = {each.paper.id: each.paper.upvotes for each in await storage.papers.list_candidates(DAY, DAY)}
        whole, done = dict.fromkeys(ids(1, 2, 3), 0), dict.fromkeys(ids(2, 3), 9)
        assert upvotes in ({**whole, "2601.00002": upvotes["2601.00002"], "2601.00003": upvotes["2601.00003"]}, done)


# Filed under the right day


@pytest.mark.parametrize("told", [5, "0000", 2031, "2031", "1970-01-01T00:00:05Z", "2031-01-15T00:00:00Z", "soon"])
async def test_an_entry_that_names_a_distant_day_or_none_is_of_the_list_that_was_asked_for(
    services: Services, read: Read, told: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert await read([entry("2601.00031", submittedOnDailyAt=told), *entries(2)]) == ids(1, 2, 31)
    assert await services.storage.papers.list_days_with_papers(date.min, date.max) == (DAY,)
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warned == ["2026-01-15: filed 1 entries under this day, because their own date is far off or missing"]


# Withdrawn


async def test_a_withdrawn_paper_is_not_highlighted(server: Server, papers_server: Papers) -> None:
    first, *others = entries(7)
    first["paper"]["withdrawnAt"] = WITHDRAWN
    papers_server.lists = {DAY: [first, *others]}
    text = read_texts(await post(server))
    assert "Paper 2601.00001" not in text
    assert "Top 5 of 6 papers" in text
    assert await why(server) == "Not highlighted: the paper was withdrawn."


async def test_a_paper_withdrawn_after_its_list_closed_comes_in_no_later_digest(
    server: Server, papers_server: Papers
) -> None:
    await post(server)
    papers_server.lists[DAY][5]["paper"] |= {"withdrawnAt": WITHDRAWN, "upvotes": 999}
    papers_server.lists = {**papers_server.lists, FRIDAY: entries(3, FRIDAY, first=11)}
    server.clock.advance(hours=6)
    await server.read_lists()
    await server.later(hours=18)
    assert len(server.posted) == 2
    assert "Paper 2601.00006" not in server.posted[1]


async def test_a_list_of_withdrawn_papers_alone_is_a_quiet_day(server: Server, papers_server: Papers) -> None:
    for each in papers_server.lists[DAY]:
        each["paper"]["withdrawnAt"] = WITHDRAWN
    await server.subscribe()
    await server.later(hours=1)
    assert server.posted == []
    (delivery,) = await server.bot.services.storage.deliveries.list_latest(1, 9)
    assert delivery.digest.reason == NOTHING_LISTED


async def test_a_withdrawn_paper_is_found_and_marked(server: Server, papers_server: Papers) -> None:
    papers_server.lists[DAY][0]["paper"]["withdrawnAt"] = WITHDRAWN
    await server.read_lists()
    assert "**withdrawn** 16 Jan 2026 · ▲ **70**" in await read_card(server)
    found = read_texts((await search(server, "paper")).message)
    assert found.count("15 Jan 2026 · withdrawn") == 1


async def test_a_withdrawn_paper_stays_withdrawn_when_a_later_list_does_not_say_so(
    services: Services, read: Read
) -> None:
    first, *others = entries(7)
    withdrawn = {**first, "paper": first["paper"] | {"withdrawnAt": WITHDRAWN}}
    await read([withdrawn, *others])
    await read([first, *others])
    (known,) = await services.storage.papers.get(["2601.00001"])
    assert known.withdrawn_at == datetime(2026, 1, 16, 6, 30, tzinfo=UTC)


async def test_why_explains_a_paper_that_was_withdrawn_after_its_digest_as_it_was_then(
    server: Server, papers_server: Papers
) -> None:
    await post(server)
    papers_server.lists[DAY][5]["paper"]["withdrawnAt"] = "2026-01-16T12:00:00.000Z"
    server.clock.advance(hours=6)
    await server.read_lists()
    assert "too few to make the cut" in await why(server, 6)
