"""Whatever was asked and found, cards and pages of papers stay within Discord's limits."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.feed_addresses import FeedAddresses, FeedFormat
from bot.layouts.card import CardContext, render_paper_card, render_sparkline
from bot.layouts.feed_links import render_search_feed
from bot.layouts.no_results import render_nothing_found
from bot.layouts.references import render_no_references, render_referenced_papers
from bot.layouts.results import (
    render_hub_results,
    render_leaderboard,
    render_nearest_papers,
    render_posted_papers,
    render_search_results,
    render_similar_papers,
)
from bot.lookups.finder import (
    AGES,
    PER_PAGE,
    Exclusion,
    Hit,
    IndexProgress,
    Leaderboard,
    PaperDetails,
    ReferencedPapers,
    SearchResults,
)
from bot.papers import Paper
from bot.ranking import Period
from bot.refusals import Refusal
from bot.search import AmbiguousDate, Correction, Guess, Part, Query, Snippet, parse_query
from bot.storage import PostedMessage
from tests.support.any_paper import (
    counts,
    number_papers,
    pages,
    papers,
    posts,
    queries,
    read_paper,
    within_seconds,
    words,
)
from tests.support.builders import DAY, MORNING
from tests.support.layouts import check


def test_pages_turn_whatever_the_length_of_the_query() -> None:
    hits = tuple(Hit(replace(read_paper(), id=f"2601.{number:05}")) for number in range(PER_PAGE))
    for length in (1, *range(75, 105), 6000):
        for page in (1, 9, 99_999):
            results = SearchResults(parse_query("q" * length, DAY), hits, total=499_995, page=page)
            check(render_search_results(results))
            labels = str(render_search_results(results).to_components())  # type: ignore[no-untyped-call]
            assert all(label in labels for label in ("'Next'", "'Share'"))


@within_seconds
@given(st.builds(PaperDetails, papers, st.lists(counts, max_size=60).map(tuple), posts))
async def test_a_papers_card_fits_a_message_whatever_it_holds(details: PaperDetails) -> None:
    head, *_ = check(render_paper_card(details))
    assert f"](https://huggingface.co/papers/{details.paper.id})" in head
    figured = replace(details, paper=replace(details.paper, media_urls=(f"https://a.example/{'a' * 470}.png",)))
    for query in ("", "q" * 80, "q" * 81):
        check(render_paper_card(figured, CardContext(drawn_from=query)))
    head, *_ = check(render_paper_card(figured, CardContext(shared_by=2**63)))
    assert head.startswith(f"-# Shared by <@{2**63}>\n")


def _results(query: Query, hits: tuple[Hit, ...], total: int, page: int, some: tuple[str, ...]) -> SearchResults:
    taken = tuple(Correction(each, some[:3], guess) for each, guess in zip(some, cycle(Guess), strict=False))
    last = max(1, -(-total // PER_PAGE))  # beyond it there is nothing to show
    exclusions = [Exclusion(part, each, each, total, total) for each in some for part in Part]
    return SearchResults(
        query,
        hits,
        total,
        min(page, last),
        taken,
        dropped_operators=some,
        suggestions=some,
        complete=total // 2,
        exclusions=tuple(exclusions),
        progress=IndexProgress(total, 10**6),
        knows_meaning=bool(total % 2),
    )


@within_seconds
@given(
    st.builds(_results, queries, pages, st.integers(0, 10**6), st.integers(1, 99_999), words),
    st.booleans(),
)
async def test_a_page_of_results_fits_a_message_whatever_was_asked(results: SearchResults, shared: bool) -> None:
    check(render_search_results(results, with_feed=True))
    check(render_search_results(results, shared_by=2**63 if shared else None))
    check(render_nothing_found(results))
    check(render_nothing_found(results, Refusal.HUB_DOWN))
    check(render_nearest_papers(results.query, results.hits))
    check(render_posted_papers("week", results.hits, total=results.total, page=results.page))
    check(render_posted_papers("week", results.hits, total=results.total, page=results.page, shared_by=2**63))
    check(render_hub_results(results.query, [hit.paper for hit in results.hits]))


@within_seconds
@given(
    st.builds(PaperDetails, papers, st.lists(counts, max_size=60).map(tuple), posts),
    st.builds(_results, queries, pages, st.integers(0, 10**6), st.just(1), words),
)
async def test_the_best_match_fits_a_message_whatever_was_asked(details: PaperDetails, results: SearchResults) -> None:
    assert check(render_paper_card(details, CardContext(results)))[0].startswith("Best match for **")


@given(st.text(max_size=300))
def test_the_addresses_of_a_feed_fit_a_message_whatever_was_asked(query: str) -> None:
    feeds = FeedAddresses(f"https://papers.example/{'a' * 100}")
    atom, json = (feeds.build_search(query, each) for each in FeedFormat)
    if atom and json:
        assert atom in check(render_search_feed(query, atom, json))[0]


@within_seconds
@given(papers, pages)
async def test_similar_papers_fit_a_message_whatever_they_hold(paper: Paper, hits: tuple[Hit, ...]) -> None:
    check(render_similar_papers(paper, hits))
    check(render_similar_papers(paper, hits, shared_by=2**63))


@within_seconds
@given(
    st.lists(papers, max_size=10),
    st.lists(st.sampled_from([Refusal.PAPERS_DOWN, Refusal.NO_SUCH_PAPER, Refusal.PAPER_TOO_OLD]), max_size=10),
    words,
    st.integers(0, 400),
)
async def test_the_papers_of_a_message_fit_one_whatever_it_refers_to(
    some: list[Paper], why: list[Refusal], others: tuple[str, ...], more: int
) -> None:
    hits = tuple(map(Hit, number_papers(some)))[: 10 - len(why)]
    missing = {f"math.GT/03091{number:02}": each for number, each in enumerate(why)}
    ids = (*missing, *(hit.paper.id for hit in hits))
    total = len(ids) + more
    check(render_referenced_papers(ReferencedPapers(ids, hits, missing), total=total, others=others))
    check(render_no_references(others, "x" * 60))


@within_seconds
@given(
    st.sampled_from(Period),
    st.dates(),
    st.lists(papers, max_size=PER_PAGE),
    st.integers(0, 10**6),
    st.integers(1, 99_999),
)
async def test_a_leaderboard_fits_a_message_on_every_date(
    period: Period, day: date, some: list[Paper], total: int, page: int
) -> None:
    board = Leaderboard(period, day, tuple(number_papers(some)), total, page, closes_at=MORNING, instead_of=day)
    check(render_leaderboard(board))
    check(render_leaderboard(board, AmbiguousDate("5/6", day, day)))
    check(render_leaderboard(board, shared_by=2**63))


def test_every_span_of_posted_papers_has_its_name() -> None:
    headings = [check(render_posted_papers(period, (), total=0, page=1))[0] for period in AGES]
    spans = [re.findall(r"\*\*(.*)\*\*", heading) for heading in headings]
    assert spans == [["The last week"], ["The last month"], ["The last year"], ["All time"]]


def test_the_longest_real_page_of_results_keeps_whole_titles_and_something_of_what_was_found() -> None:
    title = "A Title of Many Words " * 7 + "Which Ends At Last!!!"
    longest = read_paper(
        title=title, summary="It says a lot of things. " * 80, githubRepo=f"https://github.com/{'r' * 60}"
    )
    snippet = Snippet("It says a lot of things. " * 8, ((10, 13), (17, 23)))
    post = PostedMessage(2**62, 2**62, 2**62, 2**62, datetime(2026, 1, 1, tzinfo=UTC))
    hits = tuple(Hit(each, snippet, post) for each in number_papers([longest] * PER_PAGE))
    _, *blocks = check(render_search_results(SearchResults(parse_query("q " * 39 + "min:x", DAY), hits, 10**6, 1)))
    assert all(f"[{title}](" in block and "It says a **lot** of **things**." in block for block in blocks)
    assert all("[posted here](" in block for block in blocks)


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        ([], ""),
        ([7], ""),
        ([7, 7], ""),
        ([1, 9], "▁█"),
        ([9, 1], "█▁"),
        ([12, 40, 80, 163], "▁▂▄█"),
        (range(100), "▁▁▂▂▃▄▄▅▆▆▇█"),
    ],
)
def test_a_sparkline_shows_the_course_of_its_numbers(numbers: Sequence[int], line: str) -> None:
    assert render_sparkline(numbers) == line


@given(st.lists(counts))
def test_a_sparkline_has_twelve_bars_at_most(numbers: list[int]) -> None:
    line = render_sparkline(numbers)
    assert len(line) == (min(12, len(numbers)) if len(set(numbers)) > 1 else 0)
