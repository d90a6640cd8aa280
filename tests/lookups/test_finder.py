"""Look-ups over the real storage and the real index: pages, what had to be done to fill them, and what to type next."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from bot.archive import Archive
from bot.lookups import finder as finding
from bot.lookups.completer import Completer, Completion
from bot.lookups.finder import Finder, SearchResults, Viewer
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.refusals import Refused
from bot.search import HAS, SearchIndex, Sort, parse_with_options
from bot.search.query import Days, Occur, Upvotes
from bot.storage import Storage
from bot.subscription.schedule import Run
from tests.support.builders import DAY, GONE, MORNING, build_settings, digest, paper, plan, send, subscribe
from tests.support.indexes import TODAY, parse_on_day
from tests.support.queries import ANYTHING, HEAPS

ATTENTION, SPEECH, ROBOTS, OLD, TRANSLATION = (f"2601.000{number}0" for number in range(1, 6))
PAPERS = [
    paper(
        ATTENTION,
        title="Attention Is All You Need",
        abstract="A network based solely on attention. " + "More is said of other things. " * 30,
        authors=("Łukasz Kaiser", "Ada Lovelace"),
        organization="Google Brain",
        tags=("transformers",),
        upvotes=90,
        github_repo="https://github.com/a/b",
    ),
    paper(
        SPEECH,
        title="Speech without Transcripts",
        abstract="We listen, with attention, and write.",
        authors=("Yann LeCun", "Yannick Noah"),
        organization="Google DeepMind",
        tags=("speech recognition", "language models"),
        upvotes=60,
        ai_summary="Machines that listen.",
    ),
    paper(
        ROBOTS,
        title="Robots at Home",
        abstract="They fold laundry.",
        authors=("Yann LeCun",),
        organization="NVIDIA",
        tags=("robotics", "vision-language models"),
        upvotes=8,
    ),
    paper(OLD, title="An Old Paper", abstract="Attention to laundry.", day=DAY - timedelta(days=100), upvotes=70),
    paper(TRANSLATION, title="機械翻訳", abstract="Ünïcödé and attention 🔥.", authors=('The "Quote"',), upvotes=1),
]


@asynccontextmanager
async def opened(folder: Path, storage: Storage, papers: list[Paper]) -> AsyncIterator[Finder]:
    """A finder over `papers`, each listed on its day."""
    for day in sorted({each.day for each in papers if each.day}):
        await storage.papers.record_list(day, [each for each in papers if each.day == day], MORNING)
    search = SearchIndex(folder / "paperboy.index", await storage.papers.get_archive_id(), last_change=0)
    await asyncio.to_thread(search.add_papers, await storage.papers.list_changed_since(0, 10_000))
    async with PapersAPI("http://127.0.0.1") as api:  # nothing here asks it
        yield Finder(storage, Archive(api, storage, search), search)
    search.close()


@pytest.fixture
async def finder(tmp_path: Path, storage: Storage) -> AsyncIterator[Finder]:
    async with opened(tmp_path, storage, PAPERS) as made:
        yield made


def server(guild_id: int, *hidden: int) -> Viewer:
    """A server for somebody who may view all of its channels but those `hidden`."""
    return Viewer(guild_id, lambda channel_id: channel_id not in hidden)


def found(results: SearchResults) -> list[str]:
    return [hit.paper.id for hit in results.hits]


def completing(finder: Finder) -> Completer:
    """Over the same papers."""
    return Completer(finder._storage, finder._search)


@pytest.fixture
def completer(finder: Finder) -> Completer:
    return completing(finder)


class TestPages:
    async def test_a_page_holds_whole_papers_in_their_order(self, finder: Finder) -> None:
        results = await finder.search_page(parse_on_day("attention"), 1)
        assert found(results)[0] == ATTENTION
        assert set(found(results)) == {ATTENTION, SPEECH, OLD, TRANSLATION}
        assert results.hits[0].paper == PAPERS[0]
        assert (results.total, results.page) == (4, 1)
        assert (results.corrections, results.dropped_operators, results.suggestions) == ((), (), ())

    async def test_pages_hold_five_and_follow_one_another(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{number:05}", title="Flow", upvotes=number) for number in range(1, 13)]
        async with opened(tmp_path, storage, many) as finder:
            pages = [await finder.search_page(parse_on_day("flow"), number) for number in (1, 2, 3, 4)]
        assert [len(page.hits) for page in pages] == [5, 5, 2, 0]
        assert [page.total for page in pages] == [12] * 4
        assert [page.page for page in pages] == [1, 2, 3, 4]
        assert [each for page in pages for each in found(page)] == [each.id for each in reversed(many)]

    @pytest.mark.parametrize("page", [0, -1, 10**9, 10**30])
    async def test_a_page_that_does_not_exist_is_no_error(self, finder: Finder, page: int) -> None:
        results = await finder.search_page(parse_on_day("attention"), page)
        assert results.total == 4
        assert len(results.hits) == (0 if page > 0 else 4)

    async def test_a_paper_that_left_the_storage_is_left_out(self, finder: Finder, storage: Storage) -> None:
        stranger = paper("2601.99990", title="Attention to Strangers")
        finder._search.add_papers([(99, stranger)])
        results = await finder.search_page(parse_on_day("attention strangers"), 1)
        assert stranger.id not in found(results)
        assert found(results)

    async def test_a_paper_named_by_its_link_is_the_one_answer(self, finder: Finder) -> None:
        results = await finder.search_page(parse_on_day(f"attention https://arxiv.org/abs/{ROBOTS} min:9999"), 1)
        assert found(results) == [ROBOTS]
        assert results.hits[0].snippet is None
        assert results.dropped_operators == ()

    async def test_a_link_to_an_unknown_paper_finds_nothing_else(self, finder: Finder) -> None:
        results = await finder.search_page(parse_on_day("2605.00001 min:99999"), 1)
        assert (results.hits, results.total, results.dropped_operators) == ((), 0, ())


class TestSnippets:
    async def marked(self, finder: Finder, text: str) -> dict[str, list[str]]:
        """The marked words of each paper's snippet."""
        hits = (await finder.search_page(parse_on_day(text), 1)).hits
        snippets = {hit.paper.id: hit.snippet for hit in hits if hit.snippet}
        assert all(len(snippet.text) <= 220 for snippet in snippets.values())
        return {each: [shown.text[start:end] for start, end in shown.marks] for each, shown in snippets.items()}

    async def test_the_words_are_marked_where_the_abstract_holds_them(self, finder: Finder) -> None:
        assert await self.marked(finder, "attention listening") == {
            ATTENTION: ["attention"],
            SPEECH: ["listen", "attention", "listen"],
            OLD: ["Attention"],
            TRANSLATION: ["attention"],
        }

    async def test_a_paper_whose_abstract_says_nothing_of_it_has_none(self, finder: Finder) -> None:
        assert await self.marked(finder, "robots") == {}
        assert (await finder.search_page(parse_on_day("robots"), 1)).hits[0].snippet is None

    async def test_words_that_are_taken_for_others_are_marked(self, finder: Finder) -> None:
        assert (await self.marked(finder, "laundyr atention"))[OLD] == ["Attention", "laundry"]

    @pytest.mark.parametrize("text", ["min:1", "author:lecun", "", "-zeppelin"])
    async def test_filters_alone_mark_nothing(self, finder: Finder, text: str) -> None:
        assert await self.marked(finder, text) == {}

    async def test_words_of_left_out_filters_are_not_marked(self, finder: Finder) -> None:
        results = await finder.search_page(parse_on_day("laundry author:attention"), 1)
        assert results.dropped_operators == ("author:attention",)
        assert all(hit.snippet and len(hit.snippet.marks) == 1 for hit in results.hits)


class TestLeavingOut:
    @pytest.mark.parametrize(
        ("text", "left_out", "expected"),
        [
            ("laundry min:9999", ("min:9999",), {ROBOTS, OLD}),
            ("laundry min:9999 has:media", ("min:9999", "has:media"), {ROBOTS, OLD}),
            ("laundry min:50 author:lecun", ("min:50",), {ROBOTS}),
            ("laundry author:lecun min:50 day:2026", ("min:50",), {ROBOTS}),
            ("laundry author:nobody min:50", ("author:nobody",), {OLD}),
            ("laundry -after:2000", ("-after:2000",), {ROBOTS, OLD}),
            ("laundry author:lecun -author:lecun", ("author:lecun",), {OLD}),
            ('laundry org:"google brain" sort:date', ('org:"google brain"',), {ROBOTS, OLD}),
            ("laundry min:8", (), {ROBOTS, OLD}),
            ("author:lecun min:9999", ("author:lecun",), set()),
            ("min:9999", (), set()),
            ("zeppelin min:9999", (), set()),
        ],
    )
    async def test_what_excluded_everything_is_left_out_and_told(
        self, finder: Finder, text: str, left_out: tuple[str, ...], expected: set[str]
    ) -> None:
        results = await finder.search_page(parse_on_day(text), 1)
        if expected:
            assert (results.dropped_operators, set(found(results))) == (left_out, expected)
            assert results.total == len(expected)
        assert results.query == parse_on_day(text)

    async def test_the_next_page_leaves_the_same_out(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{number:05}", title="Flow") for number in range(1, 8)]
        async with opened(tmp_path, storage, many) as finder:
            first, second = [await finder.search_page(parse_on_day("flow min:5"), number) for number in (1, 2)]
        assert first.dropped_operators == second.dropped_operators == ("min:5",)
        assert len({*found(first), *found(second)}) == first.total == second.total == 7


class TestNear:
    @pytest.mark.parametrize(
        ("text", "near"),
        [
            ("+zeppelin", ()),
            ('"laundyr robtos"', ("laundry", "robots")),
            ('"laundry robtos laundry robtos"', ("robots",)),
            ("(laundyr)", ("laundry",)),
            ("(laundyr OR robtos) -attentoin", ("laundry", "robots")),
            ("author:lekun", ()),
        ],
    )
    async def test_words_that_may_have_been_meant_are_told_where_nothing_is_found(
        self, finder: Finder, text: str, near: tuple[str, ...]
    ) -> None:
        results = await finder.search_page(parse_on_day(text), 1)
        assert (results.total, results.suggestions) == (0, near)

    async def test_what_was_looked_for_instead_is_told(self, finder: Finder) -> None:
        results = await finder.search_page(parse_on_day("laundyr"), 1)
        assert results.corrections == (("laundyr", "laundry"),)
        assert set(found(results)) == {ROBOTS, OLD}
        assert results.suggestions == ()

    async def test_a_long_phrase_is_not_sought_word_by_word_for_ever(self, finder: Finder) -> None:
        results = await finder.search_page(parse_on_day('"' + "laundyr robtos " * 15), 1)
        assert results.suggestions == ("laundry", "robots")


class TestPosts:
    @pytest.fixture
    async def posted(self, storage: Storage, finder: Finder) -> Storage:
        """ATTENTION was posted in server 1, SPEECH in server 2, ROBOTS is on its way, OLD failed."""
        for run, (guild, known) in enumerate(zip((1, 2, 1, 1), PAPERS[:4], strict=True)):
            at = datetime(2026, 1, 16 + run, 8, tzinfo=UTC)
            planned = Run(at.date(), at)
            subscription = await subscribe(storage, guild, build_settings(50 + run), planned)
            delivery = await plan(storage, subscription, digest(known), run=planned)
            assert delivery
            if run < 2:
                await send(storage, delivery, 770 + run, at)
            if run == 3:
                await storage.deliveries.fail_delivery(delivery.id, GONE, at)
        return storage

    async def test_a_paper_this_server_was_shown_has_a_jump_link(self, posted: Storage, finder: Finder) -> None:
        hits = (await finder.search_page(parse_on_day(""), 1, server(1))).hits
        posts = {hit.paper.id: hit.posted_message.url for hit in hits if hit.posted_message}
        assert posts == {ATTENTION: "https://discord.com/channels/1/50/770"}

    async def test_another_servers_posts_are_its_own(self, posted: Storage, finder: Finder) -> None:
        for place, shown in ((server(2), {SPEECH}), (server(3), set()), (None, set())):
            hits = (await finder.search_page(parse_on_day("min:0"), 1, place)).hits
            assert {hit.paper.id for hit in hits if hit.posted_message} == shown

    async def test_similar_papers_and_details_have_them_too(self, posted: Storage, finder: Finder) -> None:
        hits = await finder.find_similar(replace(PAPERS[0], id="2601.77777"), server(1))
        assert {hit.paper.id for hit in hits if hit.posted_message} == {ATTENTION}
        details = await finder.get_details(PAPERS[0], server(1))
        assert details.posted_message
        assert details.posted_message.url == "https://discord.com/channels/1/50/770"
        assert (await finder.get_details(PAPERS[0], server(2))).posted_message is None
        assert (await finder.get_details(PAPERS[0])).posted_message is None

    async def test_what_was_posted_is_listed_newest_first(self, posted: Storage, finder: Finder) -> None:
        now = datetime(2026, 1, 17, 8, tzinfo=UTC)
        hits, total = await finder.list_posted(server(1), "week", 1, now)
        assert ([hit.paper.id for hit in hits], total) == ([ATTENTION], 1)
        assert hits[0].posted_message
        assert (await finder.list_posted(server(1), "week", 2, now)) == ((), 1)
        assert (await finder.list_posted(server(3), "week", 1, now)) == ((), 0)

    @pytest.mark.parametrize(
        ("age", "days", "expected"),
        [
            ("week", 7, 1),
            ("week", 8, 0),
            ("month", 30, 1),
            ("month", 31, 0),
            ("year", 365, 1),
            ("year", 366, 0),
            ("all time", 9999, 1),
        ],
    )
    async def test_what_was_posted_is_counted_in_days(
        self, posted: Storage, finder: Finder, age: str, days: int, expected: int
    ) -> None:
        now = datetime(2026, 1, 16, 8, tzinfo=UTC) + timedelta(days=days)
        assert (await finder.list_posted(server(1), age, 1, now))[1] == expected

    async def test_a_channel_that_somebody_may_not_view_is_never_linked_to(
        self, posted: Storage, finder: Finder
    ) -> None:
        here, now = server(1, 50), datetime(2026, 1, 17, 8, tzinfo=UTC)
        pages = [(await finder.search_page(parse_on_day(""), 1, here)).hits, await finder.find_similar(PAPERS[2], here)]
        assert [hit.posted_message for page in pages for hit in page if hit.posted_message] == []
        assert (await finder.get_details(PAPERS[0], here)).posted_message is None
        assert await finder.list_posted(here, "all time", 1, now) == ((), 0)


class TestSimilar:
    async def test_it_is_another_paper_and_five_at_most(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{number:05}", title="Flow Matching", abstract="On flow.") for number in range(1, 9)]
        async with opened(tmp_path, storage, many) as finder:
            hits = await finder.find_similar(many[3])
        assert len(hits) == 5
        assert many[3].id not in {hit.paper.id for hit in hits}
        assert {hit.paper for hit in hits} <= set(many)


class TestRandom:
    async def test_the_same_seed_gives_the_same_paper(self, finder: Finder) -> None:
        for seed in range(5):
            drawn = [await finder.pick_random(parse_on_day(""), Random(seed)) for _ in range(3)]
            assert drawn[0] == drawn[1] == drawn[2]

    async def test_every_paper_has_its_turn(self, finder: Finder) -> None:
        random = Random(1)
        drawn = [await finder.pick_random(parse_on_day(""), random) for _ in range(100)]
        assert {each.id for each in drawn if each} == {each.id for each in PAPERS}

    async def test_a_query_narrows_it(self, finder: Finder) -> None:
        random = Random(1)
        drawn = [await finder.pick_random(parse_on_day("author:lecun"), random) for _ in range(30)]
        assert {each.id for each in drawn if each} == {SPEECH, ROBOTS}

    @pytest.mark.parametrize("text", ["", "min:1", "author:lecun min:1"])
    async def test_without_words_the_least_upvoted_is_drawn_as_well(
        self, finder: Finder, monkeypatch: pytest.MonkeyPatch, text: str
    ) -> None:
        monkeypatch.setattr(finding, "_RANDOM_AMONG", 1)
        random = Random(1)
        drawn = {each.id for _ in range(100) if (each := await finder.pick_random(parse_on_day(text), random))}
        assert drawn == ({SPEECH, ROBOTS} if "lecun" in text else {each.id for each in PAPERS})

    async def test_with_words_it_is_drawn_from_those_that_fit_best(
        self, finder: Finder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(finding, "_RANDOM_AMONG", 1)
        drawn = [await finder.pick_random(parse_on_day("attention laundry"), Random(seed)) for seed in range(10)]
        assert {each.id for each in drawn if each} == {OLD}

    async def test_nothing_is_drawn_from_nothing(self, finder: Finder) -> None:
        assert await finder.pick_random(parse_on_day("zeppelin"), Random(1)) is None


class TestCompletingAPaper:
    @pytest.mark.parametrize(
        ("typed", "first"),
        [
            ("atten", ATTENTION),
            ("attention is al", ATTENTION),
            ("robo", ROBOTS),
            ("機械", TRANSLATION),
            (ROBOTS, ROBOTS),
            (f"https://hf.co/papers/{ROBOTS}", ROBOTS),
        ],
    )
    async def test_titles_that_go_on_so(self, completer: Completer, typed: str, first: str) -> None:
        assert (await completer.complete_papers(typed, TODAY))[0].id == first

    @pytest.mark.parametrize("typed", ["zzzz", "!!!", "2699.00001", "\ud800x", '"', "x" * 6000])
    async def test_nothing_where_none_does(self, completer: Completer, typed: str) -> None:
        assert await completer.complete_papers(typed, TODAY) == []

    @pytest.mark.parametrize("typed", ["", "  ", "\ud800"])
    async def test_at_first_the_weeks_most_popular(self, completer: Completer, typed: str) -> None:
        week = [each.id for each in await completer.complete_papers(typed, TODAY)]
        assert week == [ATTENTION, SPEECH, ROBOTS, TRANSLATION]
        assert await completer.complete_papers(typed, TODAY + timedelta(days=30)) == []


class TestCompleting:
    async def values(self, completer: Completer, typed: str) -> list[str]:
        """What is offered; checks that what is a query says so itself."""
        offered = await completer.complete_query(typed, TODAY)
        assert len(offered) <= 25
        titles = {each.id: each.title for each in PAPERS}
        assert all(each.label == titles.get(each.value, each.value) for each in offered)
        assert all(
            each.value in titles or parse_on_day(each.value).mistakes == () for each in offered if "(auth" not in typed
        )
        return [each.value for each in offered]

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("author:lec", ['author:"Yann LeCun"']),
            ("author:LEC", ['author:"Yann LeCun"']),
            ("Author:lec", ['author:"Yann LeCun"']),
            ("author:yan", ['author:"Yann LeCun"', 'author:"Yannick Noah"']),  # the one of more papers first
            ("author:luk", ['author:"Łukasz Kaiser"']),
            ("author:łuk", ['author:"Łukasz Kaiser"']),
            ('author:"yann', ['author:"Yann LeCun"', 'author:"Yannick Noah"']),
            ('author:"yann le', ['author:"Yann LeCun"']),
            ('author:"lecun ya', ['author:"Yann LeCun"']),
            ('laundry author:"yann le', ['laundry author:"Yann LeCun"']),
            ("laundry author:lec", ['laundry author:"Yann LeCun"']),
            ("laundry -author:lec", ['laundry -author:"Yann LeCun"']),
            ("+author:lec", ['+author:"Yann LeCun"']),
            ("(author:lec", ['( author:"Yann LeCun"']),
            ("min:5 (a OR b) author:kai", ['min:5 (a OR b) author:"Łukasz Kaiser"']),
            ("org:goo", ['org:"Google Brain"', 'org:"Google DeepMind"']),
            ("org:dee", ['org:"Google DeepMind"']),
            ("tag:spe", ['tag:"speech recognition"']),
            ("tag:recogniti", ['tag:"speech recognition"']),
            ("tag:recognition", ['tag:"speech recognition"']),
            ("tag:models", ['tag:"language models"', 'tag:"vision-language models"']),
            ("tag:l", []),  # a letter is too little
            ("author:zzz", []),
            ("author:", []),
            ("author:!!", []),
            ("tag:goo", []),
            ("has:", [f"has:{what}" for what in HAS]),
            ("x -has:co", [f"x -has:{what}" for what in HAS]),
            ("sort:", [f"sort:{order.value}" for order in Sort]),
            ("robots SORT:d", [f"robots sort:{order.value}" for order in Sort]),
        ],
    )
    async def test_an_operator_is_completed_and_what_stands_before_it_is_kept(
        self, completer: Completer, typed: str, expected: list[str]
    ) -> None:
        offered = await self.values(completer, typed)
        assert sorted(offered) == sorted(expected) if "goo" in typed or "models" in typed else offered == expected

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("atten", [ATTENTION]),
            ("robo", [ROBOTS, 'tag:"robotics"']),
            ("lecun", ['author:"Yann LeCun"']),
            ("yann lecun", ['author:"Yann LeCun"']),  # the words of the name are in it now
            ("laundry yann lecun", ['laundry author:"Yann LeCun"']),
            ("nvid", ['org:"NVIDIA"']),
            ("speech rec", [SPEECH, 'tag:"speech recognition"']),
            ("transf", ['tag:"transformers"']),
            ("2601.00030", [ROBOTS]),
            ("zeppelin", []),
            ("quot", ['author:"The  Quote "']),
        ],
    )
    async def test_words_are_completed_to_titles_and_names(
        self, completer: Completer, typed: str, expected: list[str]
    ) -> None:
        assert [each.value for each in await completer.complete_query(typed, TODAY)] == expected

    async def test_a_title_is_shown_and_stands_for_its_paper(self, completer: Completer) -> None:
        assert await completer.complete_query("attent", TODAY) == [Completion("Attention Is All You Need", ATTENTION)]

    async def test_at_first_the_weeks_most_popular(self, completer: Completer) -> None:
        assert await self.values(completer, "") == [ATTENTION, SPEECH, ROBOTS, TRANSLATION]

    async def test_names_stand_between_the_first_titles_and_the_others(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{n:05}", title=f"Flow {n}", tags=("flow matching",), upvotes=n) for n in range(1, 41)]
        async with opened(tmp_path, storage, many) as finder:
            offered = [each.value for each in await completing(finder).complete_query("flo", TODAY)]
        assert len(offered) == 25
        assert offered.index('tag:"flow matching"') == 6

    async def test_no_kind_of_name_crowds_out_the_others(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{n:05}", title=f"X {n}", authors=(f"Kim {n}",), tags=("kim",)) for n in range(1, 41)]
        async with opened(tmp_path, storage, many) as finder:
            offered = [each.value for each in await completing(finder).complete_query("kim", TODAY)]
        assert len([each for each in offered if each.startswith("author:")]) == 4
        assert 'tag:"kim"' in offered

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
    @given(text=ANYTHING | HEAPS)
    async def test_any_text_may_be_typed(self, finder: Finder, completer: Completer, text: str) -> None:
        for each in [
            *await completer.complete_query(text, TODAY),
            *await completer.complete_query(f"{text} author:le", TODAY),
        ]:
            assert each.label
            assert each.value
        try:
            results = await finder.search_page(parse_on_day(text), 1, server(1))
        except Refused:
            assert parse_on_day(text).has_foreign_link or parse_on_day(text).reference
        else:
            assert len(results.hits) <= min(5, max(results.total, 1))

    @pytest.mark.parametrize("typed", ["a" * 5999 + " ", "-" * 5999 + " ", '"' * 5999, "a:" * 3000, "(" * 6000])
    async def test_six_thousand_characters_do_not_keep_the_others_waiting(
        self, completer: Completer, typed: str
    ) -> None:
        began = time.process_time()  # whatever else this machine has to do
        await completer.complete_query(typed, TODAY)
        assert time.process_time() - began < 1


class TestComposing:
    @pytest.mark.parametrize(
        ("typed", "options", "same"),
        [
            ("robots", {}, "robots"),
            ("robots", {"sort": "date"}, "sort:date robots"),
            ("robots", {"after": "7d", "min_upvotes": 5}, "after:7d min:5 robots"),
            ("", {"min_upvotes": 5}, "min:5"),
            ("robots sort:upvotes", {"sort": "date"}, "sort:date robots"),
            ("sort:upvotes robots", {}, "robots sort:upvotes"),
            ("sort:upvotes robots sort:date", {}, "robots sort:upvotes"),
            ('"open phrase', {"min_upvotes": 5}, 'min:5 "open phrase'),
        ],
    )
    def test_what_is_chosen_beside_a_query_is_part_of_it(
        self, typed: str, options: dict[str, object], same: str
    ) -> None:
        query = parse_with_options(typed, TODAY, **options)  # type: ignore[arg-type]
        assert (query.clauses, query.sort) == (parse_on_day(same).clauses, parse_on_day(same).sort)

    @pytest.mark.parametrize(
        "typed",
        [
            "",
            "diffusion NOT",
            "diffusion OR",
            "diffusion -",
            "OR diffusion",
            " OR  OR diffusion",
            "NOT",
            "(video OR",
            "((((",
            ")",
            '"never closed',
            'author:"never closed',
            "min:1 " * 40,
            "author:a " * 400,
            "w " * 400,
            "min:abc " * 40,
            "O\ud800R x",
            "autor:0 OR x",
        ],
    )
    def test_what_was_chosen_is_demanded_whatever_is_typed(self, typed: str) -> None:
        query = parse_with_options(typed, TODAY, sort="date", after="7d", min_upvotes=50)
        assert [(each.node, each.occur) for each in query.clauses[:2]] == [
            (Days(TODAY - timedelta(days=7), None), Occur.SHOULD),
            (Upvotes(50), Occur.SHOULD),
        ]
        assert query.sort is Sort.DATE

    @hypothesis_settings(max_examples=200, deadline=None)
    @given(typed=ANYTHING | HEAPS)
    def test_what_was_chosen_is_demanded_whatever_anybody_types(self, typed: str) -> None:
        query = parse_with_options(typed, TODAY, sort="date", min_upvotes=50)
        assert query.clauses[0].node == Upvotes(50)
        assert query.sort is Sort.DATE


def test_today_is_the_day_of_the_question() -> None:
    assert parse_with_options("day:today", date(2026, 3, 1)) != parse_with_options("day:today", date(2026, 3, 2))
