"""Completing what somebody types: titles, names and operators."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings

from bot.lookups.completer import Completer, Completion
from bot.lookups.finder import Finder
from bot.refusals import Refused
from bot.search import HAS, SearchIndex, Sort
from bot.storage import Storage
from tests.support.builders import paper
from tests.support.counting import count_calls
from tests.support.finders import ATTENTION, PAPERS, ROBOTS, SPEECH, TRANSLATION, completing, opened, server
from tests.support.indexes import TODAY, parse_on_day
from tests.support.queries import ANYTHING, HEAPS


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
    async def test_titles_that_begin_with_the_text_are_suggested(
        self, completer: Completer, typed: str, first: str
    ) -> None:
        assert (await completer.complete_papers(typed, TODAY))[0].id == first

    @pytest.mark.parametrize("typed", ["zzzz", "!!!", "2699.00001", "\ud800x", '"', "x" * 6000])
    async def test_nothing_is_suggested_if_no_title_matches(self, completer: Completer, typed: str) -> None:
        assert await completer.complete_papers(typed, TODAY) == []

    @pytest.mark.parametrize("typed", ["", "  ", "\ud800"])
    async def test_before_anything_is_typed_the_most_popular_papers_of_the_week_are_suggested(
        self, completer: Completer, typed: str
    ) -> None:
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
    async def test_an_operator_is_completed_and_the_text_before_it_is_kept(
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

    async def test_a_suggested_title_leads_to_its_paper(self, completer: Completer) -> None:
        assert await completer.complete_query("attent", TODAY) == [Completion("Attention Is All You Need", ATTENTION)]

    async def test_before_anything_is_typed_the_most_popular_papers_of_the_week_are_suggested(
        self, completer: Completer
    ) -> None:
        assert await self.values(completer, "") == [ATTENTION, SPEECH, ROBOTS, TRANSLATION]

    async def test_an_organization_is_suggested_that_only_the_code_of_a_paper_shows(
        self, storage: Storage, tmp_path: Path
    ) -> None:
        papers = [paper("2601.00010", title="Kites", github_repo="https://github.com/NVlabs/kites")]
        async with opened(tmp_path, storage, papers) as finder:
            offered = [each.value for each in await completing(finder).complete_query("org:nvi", TODAY)]
        assert offered == ['org:"NVIDIA"']

    async def test_names_come_between_the_first_titles_and_the_others(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{n:05}", title=f"Flow {n}", tags=("flow matching",), upvotes=n) for n in range(1, 41)]
        async with opened(tmp_path, storage, many) as finder:
            offered = [each.value for each in await completing(finder).complete_query("flo", TODAY)]
        assert len(offered) == 25
        assert offered.index('tag:"flow matching"') == 6

    async def test_no_kind_of_name_takes_all_the_room(self, tmp_path: Path, storage: Storage) -> None:
        many = [paper(f"2601.{n:05}", title=f"X {n}", authors=(f"Kim {n}",), tags=("kim",)) for n in range(1, 41)]
        async with opened(tmp_path, storage, many) as finder:
            offered = [each.value for each in await completing(finder).complete_query("kim", TODAY)]
        assert len([each for each in offered if each.startswith("author:")]) == 4
        assert 'tag:"kim"' in offered

    @hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
    @given(text=ANYTHING | HEAPS)
    async def test_any_text_can_be_typed(self, finder: Finder, completer: Completer, text: str) -> None:
        for each in [
            *await completer.complete_query(text, TODAY),
            *await completer.complete_query(f"{text} author:le", TODAY),
        ]:
            assert each.label
            assert each.value
        try:
            results = await finder.search_papers(parse_on_day(text), 1, server(1))
        except Refused:
            query = parse_on_day(text)
            assert query.has_foreign_link or query.reference or not query.clauses
        else:
            assert len(results.hits) <= min(5, max(results.total, 1))

    @pytest.mark.parametrize("typed", ["a" * 5999 + " ", "-" * 5999 + " ", '"' * 5999, "a:" * 3000, "(" * 6000])
    async def test_twice_the_text_takes_no_more_than_twice_the_work(self, completer: Completer, typed: str) -> None:
        """The work includes the terms that tantivy is given; what it does for each of them cannot be counted."""
        half = await self.count_work(completer, typed[: len(typed) // 2])
        all_of_it = await self.count_work(completer, typed)
        assert all_of_it.total() < 2.2 * half.total() + 1000
        assert all_of_it.total() < 20 * len(typed)
        searches = (SearchIndex.find_papers_by_name, SearchIndex.find_papers_by_title_start)
        assert 1 <= sum(all_of_it[each.__qualname__] for each in searches) <= 4

    async def count_work(self, completer: Completer, typed: str) -> Counter[str]:
        with count_calls() as calls, ThreadPoolExecutor(1) as pool:
            asyncio.get_running_loop().set_default_executor(pool)  # whose thread begins now, and is counted
            await completer.complete_query(typed, TODAY)
        return calls
