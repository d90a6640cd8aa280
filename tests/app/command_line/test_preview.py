"""`paperboy preview`: a day's digest, printed."""

from datetime import date, timedelta
from typing import Any

import pytest

from bot.layouts.text import format_day
from bot.papers.titles import get_display_title
from tests.support.builders import DAY, entry
from tests.support.terminal import Terminal, WatchedServer, is_one_clear_line


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

    async def test_weeks_without_papers_are_not_searched_forever(
        self, terminal: Terminal, papers_server: WatchedServer
    ) -> None:
        papers_server.lists = {}
        ended = await terminal.run("preview")
        assert (ended.code, len(papers_server.asked)) == (0, 7)
        assert "no papers were listed" in ended.out
        assert format_day(papers_server.asked[0]) in ended.out  # the latest closed day, not the last that was tried

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

    async def test_options_that_make_no_sense_are_a_usage_error(self, terminal: Terminal) -> None:
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

    async def test_when_nothing_answers_at_the_address_it_says_so_in_one_line(self, terminal: Terminal) -> None:
        terminal.environment["PAPERBOY_PAPERS_URL"] = "http://127.0.0.1:9"
        ended = await terminal.run("preview")
        assert (ended.code, ended.out) == (1, "")
        assert is_one_clear_line(ended), ended.err
        assert "Hugging Face did not answer" in ended.err

    async def test_a_wrong_setting_is_reported_in_one_line(self, terminal: Terminal) -> None:
        terminal.environment["PAPERBOY_PAPERS_URL"] = "nowhere"
        ended = await terminal.run("preview")
        assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
        assert ended.err.startswith("PAPERBOY_PAPERS_URL: ")
