"""Proofs over every real day: nothing is lost, nothing comes twice, nothing is too long."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from discord.ui import LayoutView

from bot.app import build_services
from bot.archive import Archive
from bot.client import PaperBot
from bot.demo.papers_server import PapersServer
from bot.digest import Candidate, Digest, choose_highlights, mark_seen
from bot.layouts.card import render_card
from bot.layouts.digest import get_paper_thread_name, render_preview
from bot.layouts.text import escape_markdown, make_link
from bot.lookups.finder import PaperDetails
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import SearchIndex, parse_query
from bot.storage import Delivery, DeliveryState, Storage
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout, Selection, Threads
from tests.support import builders
from tests.support.builders import Clock, digest_message, highlight_message
from tests.support.discord_limits import check_body, check_message, walk
from tests.support.markdown import links, visible
from tests.support.messages import paper_ids
from tests.support.real_days import (
    ALL_SETTINGS,
    ARCHIVE,
    CalendarServer,
    Expectation,
    RealDay,
    SubscriptionCase,
    real_days,
)
from tests.support.server import GUILD_ID

pytestmark = [
    pytest.mark.real_days,
    pytest.mark.skipif(not ARCHIVE.exists(), reason="the real days are not beside the project"),
]
NONCE = "a7f4130a4d6bb9e8b7694ef9"


@cache
def papers_of_days() -> tuple[tuple[RealDay, tuple[Paper, ...]], ...]:
    return tuple((known, known.papers) for known in real_days())


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.combine(real_days()[0].day, time(0), UTC))


@pytest.fixture
def papers_server(clock: Clock) -> PapersServer:
    return CalendarServer(clock)


class TestReading:
    async def test_every_day_is_read_with_no_entry_lost(self, api: PapersAPI, clock: Clock) -> None:
        clock.now = datetime(2026, 11, 1, tzinfo=UTC)
        for known in real_days():
            papers = (await api.fetch_list(known.day)).papers
            assert [paper.id for paper in papers] == [entry["paper"]["id"] for entry in known.entries]
            assert {paper.day for paper in papers} == {known.day}
        assert (len(real_days()), sum(len(known.entries) for known in real_days())) == (496, 8155)

    def test_every_paper_has_the_facts_of_its_entry(self) -> None:
        for known, papers in papers_of_days():
            for entry, paper in zip(known.entries, papers, strict=True):
                assert facts(paper) == raw_facts(entry, known.day), paper.id


def facts(paper: Paper) -> dict[str, Any]:
    return {
        "day": paper.day,
        "upvotes": paper.upvotes,
        "comments": paper.comments,
        "title": paper.title,
        "abstract": paper.abstract,
        "authors": len(paper.authors),
        "published": paper.published_at and f"{paper.published_at:%Y-%m-%dT%H:%M:%S}",
        "organization": paper.organization,
        "ai_summary": paper.ai_summary,
        "stars": paper.github_stars,
        "code": bool(paper.github_repo),
        "project": bool(paper.project_page),
        "tags": len(paper.tags),
    }


def raw_facts(entry: dict[str, Any], day: date) -> dict[str, Any]:
    """The same facts, told from the JSON alone."""
    paper = entry["paper"]
    organization = paper.get("organization") or entry.get("organization") or {}
    return {
        "day": day,
        "upvotes": paper["upvotes"],
        "comments": entry.get("numComments", 0),
        "title": " ".join(paper["title"].split()),
        "abstract": " ".join(paper["summary"].split()),
        "authors": len({" ".join(each["name"].split()) for each in paper["authors"] if not each.get("hidden")} - {""}),
        "published": paper["publishedAt"][:19],
        "organization": " ".join(organization.get("fullname", "").split()) or None,
        "ai_summary": " ".join(paper["ai_summary"].split()) if paper.get("ai_summary") else None,
        "stars": paper.get("githubStars"),
        "code": bool(paper.get("githubRepo")),
        "project": bool(paper.get("projectPage")),
        "tags": len({" ".join(each.split()) for each in paper.get("ai_keywords", ())} - {""}),
    }


def message(view: LayoutView) -> dict[str, Any]:
    """The body that creates a message of `view`."""
    return {
        "components": view.to_components(),  # type: ignore[no-untyped-call]
        "flags": 1 << 15,
        "allowed_mentions": {"parse": []},
    }


def check_size(body: dict[str, Any]) -> None:
    components = list(walk(body["components"]))
    assert len(components) <= 40
    assert sum(len(each["content"]) for each in components if each["type"] == 10) <= 4000
    used = [each["custom_id"] for each in components if "custom_id" in each]
    assert len(set(used)) == len(used)


def digest_of(known: RealDay, papers: Sequence[Paper], size: int) -> Digest:
    return choose_highlights(
        [Candidate(paper, frozenset({known.day})) for paper in papers], (known.day,), known.day, Selection(size)
    )


PAPER = r"^(?:### )?\d+\. .*?\[[^\[\]]+\]\(https://huggingface.co/papers/(.*?)\)"
PARTLY_CAPTURED = {date(2024, 5, 1), *(date(2026, month, 1) for month in (6, 7, 8))}


def recap_of(month: date, days: Sequence[tuple[RealDay, tuple[Paper, ...]]]) -> Digest:
    """Of a month, from its first day on, none of whose papers were seen before."""
    candidates = [Candidate(paper, frozenset({known.day})) for known, papers in days for paper in papers]
    until = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return mark_seen(choose_highlights(candidates, tuple(known.day for known, _ in days), until, Selection(10)), {})


def texts(body: dict[str, Any]) -> list[str]:
    return [each["content"] for each in walk(body["components"]) if each["type"] == 10]


class TestLayouts:
    @pytest.mark.parametrize("layout", DigestLayout)
    @pytest.mark.parametrize("size", range(1, 11))
    def test_a_digest_of_every_day_fits_in_every_size_and_layout(self, size: int, layout: DigestLayout) -> None:
        settings = builders.build_settings(layout=layout)
        for number, (known, papers) in enumerate(papers_of_days()):
            digest = digest_of(known, papers, size)
            body = message(digest_message(digest, settings, NONCE, ping=2**63))
            check_size(body)
            shown = re.findall(PAPER, "\n".join(texts(body)), re.MULTILINE)
            assert shown == [each.paper.id for each in digest.highlights]
            assert len(shown) == min(size, len(papers))
            if number % 20 == size:  # Discord's schema takes its time
                check_message(body)

    @pytest.mark.parametrize("layout", DigestLayout)
    def test_the_message_of_every_highlight_of_every_day_fits(self, layout: DigestLayout) -> None:
        settings = builders.build_settings(layout=layout)
        for known, papers in papers_of_days():
            digest = digest_of(known, papers, 10)
            for number, highlight in enumerate(digest.highlights, 1):
                body = message(highlight_message(digest, number, settings, NONCE, ping=2**63))
                check_size(body)
                summary = highlight.paper.ai_summary
                assert texts(body)[-1] == escape_markdown(summary) if summary else len(texts(body)[-1]) <= 1000
                assert 1 <= len(get_paper_thread_name(highlight.paper)) <= 100
                if number == known.day.day:
                    check_message(body)

    def test_every_title_is_shown_word_for_word_and_no_backslash_stands_in_its_link(self) -> None:
        for paper in {paper for _, papers in papers_of_days() for paper in papers}:
            markdown = make_link(paper.name, paper.url)
            ((label, url),) = links(markdown)
            assert visible(markdown) == paper.name
            assert url == paper.url
            assert "\\" not in label
            assert 3 * len(label) > len(paper.name)

    @pytest.mark.parametrize("layout", DigestLayout)
    def test_a_preview_of_every_day_fits(self, layout: DigestLayout) -> None:
        all_settings = [builders.build_settings(layout=layout, threads=each) for each in Threads]
        for number, (known, papers) in enumerate(papers_of_days()):
            for settings in all_settings:
                body = message(render_preview(digest_of(known, papers, 10), settings))
                check_size(body)
                if number % 20 == 0:
                    check_message(body)

    @pytest.mark.parametrize("layout", DigestLayout)
    def test_a_recap_of_every_month_fits_and_is_named_by_it(self, layout: DigestLayout) -> None:
        settings = builders.build_settings(cadence=Cadence.MONTHLY, layout=layout)
        for first, days in groupby(papers_of_days(), key=lambda each: each[0].day.replace(day=1)):
            if first not in PARTLY_CAPTURED:
                body = message(digest_message(recap_of(first, [*days]), settings, NONCE, ping=2**63))
                check_message(body)
                assert texts(body)[1].startswith(f"# Monthly recap\n**{first:%B %Y}**\n")

    def test_a_digest_over_a_fortnight_missed_fits(self) -> None:
        days = papers_of_days()
        for first in range(0, len(days) - 10, 10):
            missed = days[first : first + 10]
            candidates = [Candidate(paper, frozenset({known.day})) for known, papers in missed for paper in papers]
            covered = tuple(known.day for known, _ in missed)
            digest = choose_highlights(candidates, covered, covered[-1], Selection(10))
            for layout in DigestLayout:
                check_message(message(digest_message(digest, builders.build_settings(layout=layout), NONCE)))

    def test_the_details_of_every_paper_fit(self) -> None:
        papers = [paper for _, papers in papers_of_days() for paper in papers]
        for number, paper in enumerate(papers):
            body = message(render_card(PaperDetails(paper)))
            check_size(body)
            if number % 10 == 0:  # Discord's schema takes its time
                check_message(body)


TITLES = 20
TODAY = date(2026, 9, 1)


class TestFinding:
    @pytest.fixture
    async def search(self, storage: Storage, api: PapersAPI, tmp_path: Path) -> AsyncIterator[SearchIndex]:
        for known, papers in papers_of_days():
            await storage.papers.record_list(known.day, papers, known.captured_at)
        search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
        await Archive(api, storage, search).update_index()
        yield search
        search.close()

    async def test_a_paper_is_found_first_by_its_title(self, search: SearchIndex, storage: Storage) -> None:
        known = list({paper.id: paper for _, papers in papers_of_days() for paper in papers}.values())
        assert await storage.papers.get_last_change() == search.change
        for paper in known[:: len(known) // TITLES]:
            assert search.find_papers(parse_query(paper.title, TODAY), limit=1).ids == (paper.id,), paper.id
            assert search.complete_title(paper.title, limit=1) == (paper.id,), paper.id
            assert search.find_papers(parse_query(paper.url, TODAY), limit=1).ids == (paper.id,)
        first = [
            paper for paper in known if search.find_papers(parse_query(paper.title, TODAY), limit=1).ids == (paper.id,)
        ]
        assert len(first) > 0.995 * len(known)  # the rest are outranked by near namesakes

    async def test_the_archive_keeps_every_upvote_as_it_was_captured(
        self, search: SearchIndex, storage: Storage
    ) -> None:
        latest = {paper.id: paper for _, papers in papers_of_days() for paper in papers}
        assert {paper.id: paper.upvotes for paper in await storage.papers.get(latest)} == {
            each: paper.upvotes for each, paper in latest.items()
        }
        top, total = await storage.papers.list_top(date.min, date.max, limit=10)
        assert total == len(latest) == 8154
        assert top[0].upvotes == max(paper.upvotes for paper in latest.values())


@dataclass
class Replay:
    """The real bot in a simulated Discord over the real days, with a channel for each settings."""

    env: simcord.Env
    bot: PaperBot
    clock: Clock
    channels: dict[SubscriptionCase, simcord.ChannelHandle]

    async def play(self, first: date, last: date) -> None:
        """A tick at every instant at which something is due, and one in between."""
        instants = sorted({instant for settings in ALL_SETTINGS for _, instant in settings.runs(first, last)})
        for instant in instants:
            for now in (instant - timedelta(minutes=1), instant):
                self.clock.now = now
                await self.bot.dispatcher.tick(now)

    async def deliveries(self, settings: SubscriptionCase) -> list[Delivery]:
        """What was delivered, earliest run first."""
        storage = self.bot.services.storage
        (guild,) = self.bot.guilds
        (known,) = [
            each
            for each in await storage.subscriptions.list_for_server(guild.id)
            if each.settings.channel_id == self.channels[settings].id
        ]
        return (await storage.deliveries.list_latest(known.id, 10_000))[::-1]


@pytest.fixture
async def replay(storage: Storage, api: PapersAPI, tmp_path: Path, clock: Clock) -> AsyncIterator[Replay]:
    search = SearchIndex(tmp_path / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
    services = build_services(storage, search, api, clock=clock)
    bot = PaperBot(services, shard_count=1)
    env = simcord.Env(bot)
    await env.start()
    await storage.guilds.join(GUILD_ID, clock.now)  # it has been welcomed
    guild = env.create_guild("Paper Club", id=GUILD_ID)
    admins = guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
    admin = guild.add_member(env.create_user("ada"), roles=[admins])
    channels = {
        settings: guild.create_text_channel(settings.timezone.partition("/")[2].lower()) for settings in ALL_SETTINGS
    }
    for settings, channel in channels.items():
        options = {
            "time": settings.time,
            "timezone": settings.timezone,
            "weekdays": settings.weekdays,
            "size": settings.size,
        }
        await admin.slash(channel, "digest add", channel=channel, **options)
    yield Replay(env, bot, clock, channels)
    await env.shutdown()
    env.raise_errors()
    search.close()


async def test_a_replay_of_all_days_posts_one_digest_per_due_run_and_no_paper_twice(replay: Replay) -> None:
    first, last = real_days()[0].day, real_days()[-1].day + timedelta(days=3)
    await replay.play(first, last)
    for settings in ALL_SETTINGS:
        runs = dict(settings.runs(first, last))
        deliveries = await replay.deliveries(settings)
        assert [each.run_date for each in deliveries] == list(runs)
        assert {each.state for each in deliveries} == {DeliveryState.SENT, DeliveryState.QUIET}
        expected = Expectation(settings.size)
        for delivery in deliveries:
            shown = [each.paper.id for each in delivery.digest.highlights]
            expected.check(runs[delivery.run_date], shown)
            assert (delivery.state is DeliveryState.QUIET) == (shown == []) == (delivery.digest.reason is not None)
            check_rank_order(delivery)
        check_messages(replay.channels[settings].history(), deliveries)
    for request in replay.env.http_requests:
        check_body(request.method, request.path, request.json)


def check_rank_order(delivery: Delivery) -> None:
    keys = [(-each.upvotes, -each.comments, each.paper.id) for each in delivery.digest.highlights]
    assert keys == sorted(keys)


def check_messages(messages: Sequence[discord.Message], deliveries: list[Delivery]) -> None:
    """The channel holds one message for every digest sent, in order, showing its papers in order."""
    sent = [each for each in deliveries if each.state is DeliveryState.SENT]
    assert [each.id for each in messages] == [each.posted_message.message_id for each in sent if each.posted_message]
    for posted, delivery in zip(messages, sent, strict=True):
        assert paper_ids(posted) == [each.paper.id for each in delivery.digest.highlights]
