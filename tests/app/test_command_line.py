"""The command line, as an operator types it: real processes against the papers API on loopback."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.app import _lock_database
from bot.demo.papers_server import PapersServer
from bot.papers.titles import get_display_title
from bot.storage import open_storage
from tests.support.builders import DAY, entries, entry, query

FIRST = DAY - timedelta(days=9)
TEN_DAYS = ("backfill", "--since", FIRST.isoformat(), "--until", DAY.isoformat())
LIMIT = 300  # seconds that anything may take, on the busiest machine
PROGRAM = str(Path(sys.executable).with_name("paperboy"))


class WatchedServer(PapersServer):
    """The papers API; remembers the days it was asked for, may leave the fifth unanswered or be down."""

    def __init__(self) -> None:
        days = [FIRST + timedelta(days=number) for number in range(10)]
        super().__init__({day: entries(3, day, first=10 * number) for number, day in enumerate(days)})
        self.fifth, self.free = asyncio.Event(), asyncio.Event()
        self.free.set()
        self.asked: list[date] = []
        self.status = 200

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(date.fromisoformat(request.query["date"]))
        if len(self.asked) == 5:
            self.fifth.set()
            await self.free.wait()
        if self.status != 200:
            return web.Response(status=self.status, text="<html>down", headers={"Retry-After": "0"})
        return await super().answer_list(request)


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    def is_mistake_in_usage(self, command: str) -> bool:
        said = "Traceback" not in self.err and f"Usage: {command}" in self.err
        return (self.code, self.out) == (2, "") and said


def _heed_ctrl_c() -> None:
    """What is started in the background of a script is deaf to it, and so would be what it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass
class Terminal:
    """A terminal in an empty folder, from which `paperboy` is started."""

    folder: Path
    environment: dict[str, str]

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            PROGRAM,
            *words,
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_heed_ctrl_c,
        )

    async def run(self, *words: str) -> Ended:
        process = await self.start(*words)
        out, err = await asyncio.wait_for(process.communicate(), LIMIT)
        assert process.returncode is not None
        return Ended(process.returncode, out.decode(), err.decode())

    async def run_all(self, commands: Iterable[tuple[str, ...]]) -> list[Ended]:
        """Side by side: a process takes most of a second to start."""
        return await asyncio.gather(*(self.run(*words) for words in commands))

    def count(self, table: str) -> int:
        with closing(sqlite3.connect(self.folder / "paperboy.db")) as connection:
            ((number,),) = connection.execute(f"SELECT count(*) FROM {table}")
        return int(number)


@pytest.fixture
def papers_server() -> WatchedServer:
    return WatchedServer()


@pytest.fixture
async def terminal(papers_server: WatchedServer, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with papers_server.serve() as url:
        known = {"PATH": os.environ["PATH"], "PAPERBOY_PAPERS_URL": url, "COLUMNS": "100", "HF_TOKEN": "topsecret"}
        yield Terminal(tmp_path, known)


def is_one_clear_line(ended: Ended) -> bool:
    """The last line says it; what comes before it is at most a progress bar."""
    *before, last = ended.err.strip().splitlines()
    return "Traceback" not in ended.err and "topsecret" not in ended.err and len(before) <= 1 and last.endswith(".")


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

    async def test_days_to_come_are_not_asked_for(self, terminal: Terminal, papers_server: WatchedServer) -> None:
        ended = await terminal.run("backfill", "--since", "9999-12-31")
        assert ended.code == 2
        assert "is before the first day" in " ".join(ended.err.split())
        assert papers_server.asked == []

    async def test_an_end_in_the_future_means_today(self, terminal: Terminal, papers_server: WatchedServer) -> None:
        today = date.today()  # noqa: DTZ011  # a day more or less does not matter here
        ended = await terminal.run("backfill", "--since", f"{today - timedelta(days=3)}", "--until", "9999-12-31")
        assert ended.code == 0
        assert len(papers_server.asked) in {3, 4, 5}

    async def test_what_is_no_span_of_days_is_a_mistake_in_usage(
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

    async def test_a_database_that_is_none_is_refused(self, terminal: Terminal, papers_server: WatchedServer) -> None:
        (terminal.folder / "paperboy.db").write_text("Dear reader, " * 100)
        ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out, papers_server.asked) == (2, "", [])
        assert (
            ended.err
            == f"{terminal.folder / 'paperboy.db'} can't be used as Paperboy's database: file is not a database\n"
        )
        assert (terminal.folder / "paperboy.db").read_text() == "Dear reader, " * 100

    async def test_beside_an_older_bot_it_changes_nothing_and_says_what_to_do(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        path = terminal.folder / "paperboy.db"
        async with open_storage(path):
            pass
        query(path, "PRAGMA user_version = 1")
        with _lock_database(path):
            ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out, papers_server.asked) == (2, "", [])
        assert is_one_clear_line(ended), ended.err
        assert "in use by an older Paperboy" in ended.err
        assert query(path, "PRAGMA user_version") == [(1,)]

    async def test_beside_a_bot_of_the_same_version_it_fills_the_archive(self, terminal: Terminal) -> None:
        path = terminal.folder / "paperboy.db"
        async with open_storage(path):
            with _lock_database(path):
                ended = await terminal.run(*TEN_DAYS)
        assert (ended.code, ended.out) == (0, "10 days read.\n")


class TestPreview:
    async def test_a_days_digest_is_printed_in_rank_order(self, terminal: Terminal) -> None:
        ended = await terminal.run("preview", "--date", DAY.isoformat(), "--size", "2")
        assert ended.code == 0
        shown = [line for line in ended.out.splitlines() if "▲" in line]
        assert ["▲ 30" in shown[0], "1. Paper 2601.00090" in shown[0]] == [True, True]
        assert ["▲ 20" in shown[1], "2. Paper 2601.00091" in shown[1]] == [True, True]
        assert "Thursday 15 January 2026" in ended.out
        assert "top 2 of 3 papers by upvotes" in ended.out
        assert list(terminal.folder.iterdir()) == []

    async def test_without_a_date_it_is_the_latest_closed_day_that_had_papers(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        today = date.today()  # noqa: DTZ011
        papers_server.lists = {today - timedelta(days=5): [entry("2601.00042")]}
        ended = await terminal.run("preview")
        assert ended.code == 0
        assert "Paper 2601.00042" in ended.out
        assert papers_server.asked == sorted(papers_server.asked, reverse=True)

    async def test_weeks_without_papers_are_not_searched_for_ever(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        papers_server.lists = {}
        ended = await terminal.run("preview")
        assert (ended.code, len(papers_server.asked)) == (0, 7)
        assert "no papers were listed" in ended.out

    async def test_a_day_without_papers_says_so(self, terminal: Terminal) -> None:
        ended = await terminal.run("preview", "--date", "2030-01-01")
        assert (ended.code, ended.err) == (0, "")
        assert "no papers were listed" in ended.out

    @pytest.mark.parametrize(
        "title",
        [
            "[bold]Not bold[/bold] [link=https://evil.example]click[/link]",
            "[/] closes nothing [/bold]",
            "Ends in a backslash \\",
            "Two of them \\\\",
            "Three [red]\\\\\\",
            "No :bug: and no :smile: either",
            "$x_{[i]}$ and [1, 2] and [a]",
        ],
    )
    async def test_a_hostile_title_is_shown_as_it_is(
        self, terminal: Terminal, papers_server: WatchedServer, title: str
    ) -> None:
        hostile: dict[str, Any] = {"title": title, "summary": title, "organization": {"fullname": title}}
        papers_server.lists = {DAY: [entry("2601.00042", **hostile)]}
        ended = await terminal.run("preview", "--date", DAY.isoformat())
        assert ended.code == 0
        shown = " ".join(ended.out.replace("│", " ").split())
        assert shown.count(" ".join(title.split())) >= 2, ended.out  # its organization and summary
        assert " ".join(get_display_title(title, "2601.00042").split()) in shown, ended.out

    async def test_what_makes_no_sense_is_a_mistake_in_usage(self, terminal: Terminal) -> None:
        mistakes: list[tuple[str, ...]] = [
            ("--size", "0"),
            ("--size", "11"),
            ("--size", "x"),
            ("--date", "x"),
            ("--date", "2026-13-01"),
            ("x",),
        ]
        for ended in await terminal.run_all(("preview", *words) for words in mistakes):
            assert ended.is_mistake_in_usage("paperboy preview"), ended

    async def test_with_the_api_down_it_says_so_in_one_line(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        papers_server.status = 502
        ended = await terminal.run("preview")
        assert (ended.code, ended.out) == (1, "")
        assert ended.err == "Hugging Face answered with error 502. Try again later.\n"

    async def test_with_nobody_at_the_address_it_says_so_in_one_line(self, terminal: Terminal) -> None:
        terminal.environment["PAPERBOY_PAPERS_URL"] = "http://127.0.0.1:9"
        ended = await terminal.run("preview")
        assert (ended.code, ended.out) == (1, "")
        assert is_one_clear_line(ended), ended.err
        assert "Hugging Face did not answer" in ended.err

    async def test_a_wrong_setting_is_one_line(self, terminal: Terminal) -> None:
        terminal.environment["PAPERBOY_PAPERS_URL"] = "nowhere"
        ended = await terminal.run("preview")
        assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
        assert ended.err.startswith("PAPERBOY_PAPERS_URL: ")


class TestRun:
    async def test_it_goes_by_the_packages_time_zones_where_the_systems_are_older_and_says_so(
        self, terminal: Terminal, tmp_path: Path
    ) -> None:
        (tmp_path / "zones").mkdir()
        (tmp_path / "zones" / "tzdata.zi").write_text("# version 2022g\n")
        terminal.environment |= {
            "PYTHONTZPATH": str(tmp_path / "zones"),
            "DISCORD_TOKEN": "none",
            "PAPERBOY_DISCORD_API_URL": "http://127.0.0.1:9",
            "PAPERBOY_LOG_LEVEL": "DEBUG",
        }
        ended = await terminal.run("run")
        assert ended.code == 1
        assert "from the package tzdata" in ended.err


class TestVersion:
    async def test_the_version_is_printed_without_a_command_or_any_settings(self, terminal: Terminal) -> None:
        ended = await terminal.run("--version")
        assert (ended.code, ended.out, ended.err) == (0, f"paperboy {metadata.version('paperboy')}\n", "")
        assert list(terminal.folder.iterdir()) == []


class TestHelp:
    async def test_help_names_every_command(self, terminal: Terminal) -> None:
        ended = await terminal.run("--help")
        assert ended.code == 0
        assert all(name in ended.out for name in ("run", "demo", "preview", "backfill"))

    async def test_an_unknown_command_or_option_is_a_mistake_in_usage(self, terminal: Terminal) -> None:
        mistakes: list[tuple[str, ...]] = [("nonsense",), ("--nonsense",), ("run", "now"), ("preview", "--sise", "3")]
        for ended in await terminal.run_all(mistakes):
            assert ended.is_mistake_in_usage("paperboy"), ended
