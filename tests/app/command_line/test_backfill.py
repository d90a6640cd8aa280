"""`paperboy backfill`: past days are read into the archive."""

import asyncio
import signal
from datetime import date, timedelta

import pytest

from bot.database_lock import lock_database
from bot.storage import open_storage
from tests.support.builders import DAY, query
from tests.support.terminal import FIRST, LIMIT, Terminal, WatchedServer, is_one_clear_line

TEN_DAYS = ("backfill", "--since", FIRST.isoformat(), "--until", DAY.isoformat())


class TestBackfill:
    async def test_past_days_are_read_into_the_archive_latest_first(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out) == (0, "10 days read.\n")
        assert papers_server.asked == [DAY - timedelta(days=n) for n in range(10)]
        assert (terminal.count("papers"), terminal.count("captures")) == (30, 10)
        assert "10/10" in ended.err

    async def test_a_second_run_reads_nothing(self, terminal: Terminal, papers_server: WatchedServer) -> None:
        await terminal.run(*TEN_DAYS)
        papers_server.asked.clear()
        ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out) == (0, "0 days read.\n")
        assert papers_server.asked == []

    @pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
    async def test_stopped_midway_it_goes_on_where_it_was(
        self, terminal: Terminal, papers_server: WatchedServer, end: signal.Signals
    ) -> None:
        papers_server.free.clear()
        process = await terminal.start(*TEN_DAYS)
        await asyncio.wait_for(papers_server.fifth.wait(), LIMIT)
        process.send_signal(end)
        _, err = await process.communicate()
        assert process.returncode != 0
        assert b"Traceback" not in err
        assert terminal.count("captures") == 4
        papers_server.asked.clear()
        papers_server.free.set()
        ended = await terminal.run(*TEN_DAYS)
        assert ended.out == "6 days read.\n"
        assert papers_server.asked == [DAY - timedelta(days=n) for n in range(4, 10)]

    async def test_future_days_are_not_asked_for(self, terminal: Terminal, papers_server: WatchedServer) -> None:
        ended = await terminal.run("backfill", "--since", "9999-12-31")
        assert ended.code == 2
        assert "is before the first day" in " ".join(ended.err.split())
        assert papers_server.asked == []

    async def test_an_end_in_the_future_means_today(self, terminal: Terminal, papers_server: WatchedServer) -> None:
        today = date.today()  # noqa: DTZ011  # a day more or less does not matter here
        ended = await terminal.run("backfill", "--since", f"{today - timedelta(days=3)}", "--until", "9999-12-31")
        assert ended.code == 0
        assert len(papers_server.asked) in {3, 4, 5}

    async def test_an_impossible_range_of_days_is_a_usage_error(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        mistakes: list[tuple[str, ...]] = [
            (),
            ("--since", ""),
            ("--since", "yesterday"),
            ("--since", "2026-02-30"),
            ("--since", "2026-1-1x"),
            ("--since", "15.01.2026"),
            ("--since", "0000-01-01"),
            ("--since", "10000-01-01"),
            ("--since", "2026-01-15", "--until", "soon"),
            ("--since", "2026-01-15", "--until", "2026-01-14"),
            ("--since", "2026-01-15", "--size", "3"),
            ("2026-01-15",),
        ]
        for ended in await terminal.run_all(("backfill", *words) for words in mistakes):
            assert ended.is_mistake_in_usage("paperboy backfill"), ended
        ended = await terminal.run("backfill", "--since", "yesterday")
        assert "'yesterday' is not a day. Write it as 2026-01-31." in ended.err
        assert (papers_server.asked, list(terminal.folder.iterdir())) == ([], [])

    @pytest.mark.parametrize("status", [400, 503])
    async def test_with_the_api_down_it_says_so_in_one_line(
        self, terminal: Terminal, papers_server: WatchedServer, status: int
    ) -> None:
        papers_server.status = status
        ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out) == (1, "")
        assert is_one_clear_line(ended), ended.err
        assert f"Hugging Face answered with error {status}. Try again later." in ended.err

    async def test_a_file_that_is_not_a_database_is_refused(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        (terminal.folder / "paperboy.db").write_text("Dear reader, " * 100)
        ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out, papers_server.asked) == (2, "", [])
        path = terminal.folder / "paperboy.db"
        assert ended.err.startswith(f"{path} is not a database, or its beginning is damaged. Set PAPERBOY_DATABASE")
        assert ended.err.count("\n") == 1
        assert (terminal.folder / "paperboy.db").read_text() == "Dear reader, " * 100

    async def test_beside_an_older_bot_it_changes_nothing_and_says_what_to_do(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        path = terminal.folder / "paperboy.db"
        async with open_storage(path):
            pass
        query(path, "PRAGMA user_version = 1")
        with lock_database(path):
            ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out, papers_server.asked) == (2, "", [])
        assert is_one_clear_line(ended), ended.err
        assert "in use by an older Paperboy" in ended.err
        assert query(path, "PRAGMA user_version") == [(1,)]

    async def test_beside_a_bot_of_the_same_version_it_fills_the_archive(self, terminal: Terminal) -> None:
        path = terminal.folder / "paperboy.db"
        async with open_storage(path):
            with lock_database(path):
                ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out) == (0, "10 days read.\n")
