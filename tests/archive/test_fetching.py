"""Fetching: the archive is filled at the start, kept current, and outlives the papers API's bad days."""

import logging
import sqlite3
from contextlib import closing
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.digest import list_days_between
from bot.search import parse_query
from bot.storage import database
from tests.support.builders import DAY, Clock, entries, entry
from tests.support.papers_server import Papers
from tests.support.server import Server

TODAY = DAY + timedelta(days=1)


def fetching(server: Server) -> Any:
    return server.bot.get_cog("Fetching")


async def known(server: Server, first: date = date.min, last: date = date.max) -> int:
    """How many papers the archive has."""
    return (await server.bot.services.storage.papers.list_top_papers(first, last, limit=1))[1]


async def read_days(server: Server) -> set[date]:
    days = [TODAY + timedelta(days=each) for each in range(-60, 5)]
    return set(await server.bot.services.storage.papers.get_capture_times(days))


async def test_the_jobs_are_in_the_timetable_by_their_names(server: Server) -> None:
    jobs = {job.id for job in server.bot.services.scheduler.get_jobs()}
    fetching = {"fetching.catch_up", "fetching.current", "fetching.settling", "fetching.embed"}
    maintenance = {
        "maintenance.pack",
        "maintenance.people",
        "maintenance.rewrite",
        "maintenance.clear",
        "maintenance.check",
        "maintenance.back_up",
    }
    assert jobs == {*fetching, *maintenance, "posting.tick", "guilds.forget"}


async def test_no_job_outlives_its_cog(server: Server) -> None:
    for name in ("cogs.fetching", "cogs.posting", "cogs.guilds", "cogs.maintenance"):
        await server.bot.unload_extension(name)
    assert server.bot.services.scheduler.get_jobs() == []


async def test_the_first_start_reads_the_days_before(server: Server, papers_server: Papers) -> None:
    papers_server.lists = {TODAY - timedelta(days=n): entries(2, TODAY, first=10 * n + 1) for n in range(10)}
    await fetching(server).read_missing_lists()
    assert await read_days(server) == {TODAY - timedelta(days=n) for n in range(4)}  # three days back, and today
    assert await known(server) == 8


async def test_what_was_read_at_the_start_can_be_searched(server: Server) -> None:
    await fetching(server).read_missing_lists()
    assert server.bot.services.search.find_papers(parse_query("paper", DAY), limit=1).total == 7


async def test_a_later_start_reads_only_what_is_missing(server: Server, papers_server: Papers, clock: Clock) -> None:
    await fetching(server).read_missing_lists()
    papers_server.asked.clear()
    clock.advance(days=2)
    await fetching(server).read_missing_lists()
    assert {each.day for each in papers_server.asked} == {18, 17, 16}  # the 16th had not closed then


async def test_today_and_yesterday_are_kept_current(server: Server, papers_server: Papers) -> None:
    await fetching(server).refresh_current_lists()
    assert await read_days(server) == {DAY, TODAY}
    papers_server.lists = {DAY: entries(7), TODAY: [entry("2601.00099", TODAY, title="Breaking")]}
    await fetching(server).refresh_current_lists()
    assert server.bot.services.search.find_papers(parse_query("breaking", DAY), limit=1).ids == ("2601.00099",)


async def test_upvotes_are_followed_for_two_weeks(server: Server, papers_server: Papers, clock: Clock) -> None:
    await fetching(server).refresh_current_lists()
    papers_server.lists = {DAY: [entry("2601.00001", upvotes=500)]}
    clock.advance(days=12)
    await fetching(server).refresh_settling_lists()
    (paper,) = await server.bot.services.storage.papers.get(["2601.00001"])
    assert paper.upvotes == 500
    papers_server.lists = {DAY: [entry("2601.00001", upvotes=900)]}
    clock.advance(days=3)
    await fetching(server).refresh_settling_lists()
    (paper,) = await server.bot.services.storage.papers.get(["2601.00001"])
    assert paper.upvotes == 500


@pytest.mark.parametrize("job", ["read_missing_lists", "refresh_current_lists", "refresh_settling_lists"])
async def test_with_the_papers_api_down_a_job_warns_and_the_next_one_goes_on(
    server: Server, papers_server: Papers, caplog: pytest.LogCaptureFixture, job: str
) -> None:
    papers_server.down = True
    await getattr(fetching(server), job)()
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert any("is not up to date: papers_refused number=503" in warning for warning in warnings)
    assert await known(server) == 0
    papers_server.down = False
    await getattr(fetching(server), job)()
    assert await known(server) == 7


def catching_up(server: Server) -> Any:
    return server.bot.services.scheduler.get_job("fetching.catch_up")


async def test_what_the_start_could_not_read_because_the_api_was_down_is_read_soon_after(
    server: Server, papers_server: Papers
) -> None:
    papers_server.lists = {TODAY - timedelta(days=n): entries(2, TODAY, first=10 * n + 1) for n in range(10)}
    papers_server.unservable = frozenset({TODAY - timedelta(days=3)})
    server.bot.services.scheduler.remove_job("fetching.catch_up")
    await fetching(server).read_missing_lists()
    assert await read_days(server) == {TODAY - timedelta(days=n) for n in range(3)}
    papers_server.unservable = frozenset()
    await catching_up(server).func()
    assert await read_days(server) == {TODAY - timedelta(days=n) for n in range(4)}


async def test_what_the_start_could_not_read_because_the_database_was_locked_is_read_soon_after(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "LOCK_TIMEOUT", 0)  # else it waits for a minute
    await server.bot.services.storage.database._writer.run(
        lambda connection: connection.execute("PRAGMA busy_timeout = 0")
    )  # and that for ten seconds
    server.bot.services.scheduler.remove_job("fetching.catch_up")
    assert isinstance(server.database, Path)
    with closing(sqlite3.connect(server.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await fetching(server).read_missing_lists()
    await catching_up(server).func()
    assert await known(server) == 7


async def test_once_the_start_has_read_all_it_is_not_read_again(server: Server) -> None:
    server.bot.services.scheduler.remove_job("fetching.catch_up")
    await fetching(server).read_missing_lists()
    assert catching_up(server) is None


async def test_a_day_that_cannot_be_served_does_not_cost_the_others_their_refresh(
    server: Server, papers_server: Papers
) -> None:
    papers_server.unservable = frozenset({DAY - timedelta(days=1), DAY - timedelta(days=4)})
    await fetching(server).refresh_settling_lists()
    days = set(list_days_between(TODAY - timedelta(days=14), TODAY))
    assert await read_days(server) == days - papers_server.unservable


async def test_an_api_that_fails_three_days_in_a_row_is_left_alone_until_the_next_job(
    server: Server, papers_server: Papers
) -> None:
    papers_server.down = True
    await fetching(server).refresh_settling_lists()
    assert len(set(papers_server.asked)) == 3


async def test_an_index_that_cannot_be_written_does_not_stop_the_archive(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise ValueError("no space left")

    monkeypatch.setattr(server.bot.services.search, "add_papers", full)
    await fetching(server).read_missing_lists()
    assert await known(server) == 7
    assert "the search index could not be updated" in caplog.text
    caplog.clear()  # the fixture takes a logged error for a bug


async def test_an_index_that_cannot_be_written_is_reported_once_and_so_is_its_recovery(
    server: Server, papers_server: Papers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise ValueError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(server.bot.services.search, "add_papers", full)
        for _ in range(3):
            await fetching(server).refresh_current_lists()
    for _ in range(3):
        await fetching(server).refresh_current_lists()
    told = [each.getMessage() for each in caplog.records if each.name == "bot.archive"]
    assert told == [
        "the search index could not be updated: no space left",
        "the search index is up to date again",
    ]
    caplog.clear()


async def test_every_job_runs_by_utc_whatever_the_machines_time_zone_is(server: Server) -> None:
    jobs = server.bot.services.scheduler.get_jobs()
    assert {str(getattr(job.trigger, "timezone", UTC)) for job in jobs} == {"UTC"}


async def test_what_was_read_before_the_api_went_down_can_be_searched(server: Server, papers_server: Papers) -> None:
    services = server.bot.services
    await services.archive.refresh_list(DAY, server.clock())  # the process ended before the index followed
    papers_server.down = True
    await fetching(server).read_missing_lists()
    assert services.search.find_papers(parse_query("paper", DAY), limit=1).total == 7


async def test_an_unreadable_entry_of_a_list_costs_only_itself(
    server: Server, papers_server: Papers, caplog: pytest.LogCaptureFixture
) -> None:
    papers_server.lists = {DAY: [*entries(3), {"paper": {"id": "?"}}, "nonsense"]}
    await fetching(server).refresh_current_lists()
    assert await known(server) == 3
    assert "2026-01-15: skipped 2 entries that could not be read" in caplog.messages
