"""A page of results: papers, snippets, and what was left out or corrected to find any."""

from pathlib import Path

import pytest

from bot.lookups.finder import Finder
from bot.search import Correction, Guess
from bot.storage import Storage
from tests.support.builders import paper
from tests.support.finders import ATTENTION, OLD, PAPERS, ROBOTS, SPEECH, TRANSLATION, found, opened
from tests.support.indexes import parse_on_day


class TestPages:
    async def test_a_page_has_complete_papers_best_first(self, finder: Finder) -> None:
        results = await finder.search_papers(parse_on_day("attention"), 1)
        assert found(results)[0] == ATTENTION
        assert set(found(results)) == {ATTENTION, SPEECH, OLD, TRANSLATION}
        assert results.hits[0].paper == PAPERS[0]
        assert (results.total, results.page) == (4, 1)
        assert (results.corrections, results.dropped_operators, results.suggestions) == ((), (), ())

    async def test_pages_have_five_papers_each_and_follow_one_another(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{number:05}", title="Flow", upvotes=number) for number in range(1, 13)]
        async with opened(tmp_path, storage, many) as finder:
            pages = [await finder.search_papers(parse_on_day("flow"), number) for number in (1, 2, 3, 4)]
        assert [len(page.hits) for page in pages] == [5, 5, 2, 0]
        assert [page.total for page in pages] == [12] * 4
        assert [page.page for page in pages] == [1, 2, 3, 4]
        assert [each for page in pages for each in found(page)] == [each.id for each in reversed(many)]

    @pytest.mark.parametrize("page", [0, -1, 10**9, 10**30])
    async def test_a_page_that_does_not_exist_is_empty_or_the_first(self, finder: Finder, page: int) -> None:
        results = await finder.search_papers(parse_on_day("attention"), page)
        assert results.total == 4
        assert len(results.hits) == (0 if page > 0 else 4)

    async def test_a_paper_that_is_not_in_the_database_is_left_out(self, finder: Finder, storage: Storage) -> None:
        stranger = paper("2601.99990", title="Attention to Strangers")
        finder._search.add_papers([(99, stranger)])
        results = await finder.search_papers(parse_on_day("attention strangers"), 1)
        assert stranger.id not in found(results)
        assert found(results)

    async def test_a_link_to_a_paper_finds_only_that_paper(self, finder: Finder) -> None:
        results = await finder.search_papers(parse_on_day(f"attention https://arxiv.org/abs/{ROBOTS} min:9999"), 1)
        assert found(results) == [ROBOTS]
        assert results.hits[0].snippet is None
        assert results.dropped_operators == ()

    async def test_a_link_to_an_unknown_paper_finds_nothing_else(self, finder: Finder) -> None:
        results = await finder.search_papers(parse_on_day("2605.00001 min:99999"), 1)
        assert (results.hits, results.total, results.dropped_operators) == ((), 0, ())


class TestSnippets:
    async def marked(self, finder: Finder, text: str) -> dict[str, list[str]]:
        """The marked words of each paper's snippet."""
        hits = (await finder.search_papers(parse_on_day(text), 1)).hits
        snippets = {hit.paper.id: hit.snippet for hit in hits if hit.snippet}
        assert all(len(snippet.text) <= 220 for snippet in snippets.values())
        return {each: [shown.text[start:end] for start, end in shown.marks] for each, shown in snippets.items()}

    async def test_the_words_of_a_query_are_marked_in_the_abstract(self, finder: Finder) -> None:
        assert await self.marked(finder, "attention listening") == {
            ATTENTION: ["attention"],
            SPEECH: ["listen", "attention", "listen"],
            OLD: ["Attention"],
            TRANSLATION: ["attention"],
        }

    async def test_a_paper_whose_abstract_has_none_of_the_words_has_no_snippet(self, finder: Finder) -> None:
        assert await self.marked(finder, "robots") == {}
        assert (await finder.search_papers(parse_on_day("robots"), 1)).hits[0].snippet is None

    async def test_corrected_words_are_marked(self, finder: Finder) -> None:
        assert (await self.marked(finder, "laundyr atention"))[OLD] == ["Attention", "laundry"]

    @pytest.mark.parametrize("text", ["min:1", "author:lecun", "sort:date", "-zeppelin"])
    async def test_operators_alone_mark_nothing(self, finder: Finder, text: str) -> None:
        assert await self.marked(finder, text) == {}

    async def test_words_of_operators_that_were_left_out_are_not_marked(self, finder: Finder) -> None:
        results = await finder.search_papers(parse_on_day("laundry author:attention"), 1)
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
    async def test_an_operator_that_excludes_every_paper_is_left_out_and_named(
        self, finder: Finder, text: str, left_out: tuple[str, ...], expected: set[str]
    ) -> None:
        results = await finder.search_papers(parse_on_day(text), 1)
        if expected:
            assert (results.dropped_operators, set(found(results))) == (left_out, expected)
            assert results.total == len(expected)
        assert results.query == parse_on_day(text)

    async def test_the_next_page_leaves_out_the_same_operator(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{number:05}", title="Flow") for number in range(1, 8)]
        async with opened(tmp_path, storage, many) as finder:
            first, second = [await finder.search_papers(parse_on_day("flow min:5"), number) for number in (1, 2)]
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
            ("author:lekun", ("author:lecun",)),
            ("org:robots", ("robots",)),
        ],
    )
    async def test_if_nothing_is_found_similar_words_are_suggested(
        self, finder: Finder, text: str, near: tuple[str, ...]
    ) -> None:
        results = await finder.search_papers(parse_on_day(text), 1)
        assert (results.total, results.suggestions) == (0, near)

    async def test_a_corrected_word_is_named(self, finder: Finder) -> None:
        results = await finder.search_papers(parse_on_day("laundyr"), 1)
        assert results.corrections == (Correction("laundyr", ("laundry",), Guess.SURE),)
        assert results.uncorrected_text == '"laundyr"'
        assert results.list_queries() == ["laundyr", '"laundyr"']
        assert set(found(results)) == {ROBOTS, OLD}
        assert results.suggestions == ()

    async def test_only_a_few_words_of_a_long_phrase_get_suggestions(self, finder: Finder) -> None:
        results = await finder.search_papers(parse_on_day('"' + "laundyr robtos " * 15), 1)
        assert results.suggestions == ("laundry", "robots")
