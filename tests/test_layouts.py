"""Layouts: whatever a paper holds, its messages stay within Discord's limits and say what they should."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from discord.ui import LayoutView, TextDisplay
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bot.digest import Digest, Highlight
from bot.finding import AGES, PER_PAGE, Details, Hit, Results
from bot.layouts.card import details_card, sparkline
from bot.layouts.digest import digest_message, preview_message
from bot.layouts.results import (
    found_message,
    hub_message,
    leaderboard_message,
    nothing_message,
    posted_message,
    similar_message,
)
from bot.layouts.text import code, code_block, compact, count, escape, first_sentences, marked, plain, shorten
from bot.papers import Paper
from bot.papers.entry import read_entry
from bot.ranking import Period
from bot.search import Query, Snippet, parse
from bot.storage import Post
from tests.builders import DAY, entry
from tests.discord_limits import check_message, walk

NONCE = "a7f4130a4d6bb9e8b7694ef9"
LONG = 60  # characters from which a title is long
MARKUP = r"\*_~`|[]()<>#@-+:/.!? "

# Shrinking messages of thousands of characters takes minutes, and they are readable without.
within_seconds = settings(deadline=None, max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate))

letters = st.one_of(st.sampled_from(MARKUP), st.characters(codec="utf-8"), st.sampled_from("aé研👩‍👧"))
# Long texts are short ones repeated: hypothesis alone seldom makes them.
texts = st.builds(lambda text, times: (text * times)[:7000], st.text(letters, max_size=40), st.integers(1, 400))
names = st.builds(
    lambda text, times: (text * times)[:300], st.text(letters, min_size=1, max_size=20), st.integers(1, 9)
)
counts = st.integers(0, 2**31)
urls = st.builds(
    lambda path, times: f"https://github.com/{path * times}", st.text(letters, max_size=30), st.integers(1, 99)
)


def test_a_repository_cannot_smuggle_a_link_of_its_own_into_a_digest() -> None:
    url = "https://github.com/a/b)**[Free_Nitro](https://evil.example/x"
    (repository,) = re.findall(r"\[code\]\((.*?)\)", str(read_texts_of(_seen(githubRepo=url))))
    assert repository.startswith("https://github.com/a/b%29")
    assert "](https://evil" not in read_texts_of(_seen(githubRepo=url))


def _seen(**known: Any) -> Paper:
    return read_entry(entry("2601.00001", **known), DAY)


def read_texts_of(paper: Paper) -> str:
    view = digest_message(Digest(DAY, (DAY,), 1, (Highlight(1, paper, 1, 1),)), NONCE)
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, TextDisplay))


def test_every_page_of_the_longest_query_that_turns_has_ids_that_fit() -> None:
    hits = tuple(Hit(replace(_seen(), id=f"2601.{number:05}")) for number in range(PER_PAGE))
    for length in range(75, 100):
        for page in (1, 9, 10):
            results = Results(parse("q" * length, DAY), hits, total=50, page=page)
            turns = "Next" in str(found_message(results).to_components())  # type: ignore[no-untyped-call]
            assert turns == (length <= 100 - len("find:l10:"))
            assert ("Shorten the query" in check(found_message(results))[0]) != turns


def _paper(known: dict[str, Any], title: str, number: int) -> Paper:
    """The paper as the bot would read it from the papers API."""
    seen = read_entry(entry(f"2601.{number:05}", **known, title=f"T {title}"), DAY)
    return replace(seen, day=DAY)


facts = st.fixed_dictionaries(
    {
        "summary": texts,
        "upvotes": counts,
        "comments": counts,
        "authors": st.builds(
            lambda some, times: [{"name": name} for name in (f"{each} {n}" for n in range(times) for each in some)],
            st.lists(names, max_size=4),
            st.sampled_from([0, 1, 3, 166]),
        ),
        "organization": st.fixed_dictionaries({"fullname": names}),
        "ai_summary": st.one_of(st.none(), texts),
        "ai_keywords": st.lists(names, max_size=40),
        "githubRepo": st.one_of(st.none(), urls),
        "githubStars": counts,
        "projectPage": st.one_of(st.none(), urls),
    }
)
papers = st.builds(_paper, facts, texts, st.integers(1, 99999))


def _digest(some: Sequence[Paper], listed: int, days: int, risers: Sequence[bool]) -> Digest:
    highlights = tuple(
        Highlight(position, replace(each, id=f"2601.{position:05}"), each.upvotes, each.comments, riser)
        for position, (each, riser) in enumerate(zip(some, risers, strict=False), 1)
    )
    span = tuple(DAY + timedelta(days=n) for n in range(days))
    return Digest(span[-1], span, max(listed, len(highlights)), highlights)


digests = st.builds(
    _digest,
    st.lists(papers, min_size=1, max_size=10),
    st.integers(1, 1000),
    st.integers(1, 9),
    st.lists(st.booleans(), min_size=10, max_size=10),
)


def check(view: LayoutView) -> list[str]:
    """The texts of a message, which Discord would take."""
    components: list[dict[str, Any]] = view.to_components()  # type: ignore[no-untyped-call]
    check_message({"components": components, "flags": 1 << 15, "allowed_mentions": {"parse": []}})
    return [each["content"] for each in walk(components) if each["type"] == 10]


def visible(markdown: str) -> str:
    """What Discord shows of escaped text."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", markdown).replace("\u200b", "")


@within_seconds
@given(digests)
async def test_a_digest_fits_a_message_whatever_its_papers_hold(digest: Digest) -> None:
    heading, *blocks = check(digest_message(digest, NONCE))
    assert heading.startswith("# Daily Papers")
    assert len(blocks) == len(digest.highlights)
    for highlight, block in zip(digest.highlights, blocks, strict=True):
        assert f"▲ **{highlight.upvotes:,}**" in block
        assert ("rising since" in block) == highlight.riser


@within_seconds
@given(digests)
async def test_a_digest_shortens_no_title_to_nonsense(digest: Digest) -> None:
    _, *blocks = check(digest_message(digest, NONCE))
    for highlight, block in zip(digest.highlights, blocks, strict=True):
        title = re.match(rf"### {highlight.position}\. \[(.*)\]\(https://", block.split("\n")[0])
        assert title
        assert len(visible(title[1])) >= min(20, len(visible(highlight.paper.title)))


@within_seconds
@given(digests)
async def test_a_preview_fits_a_message_whatever_its_papers_hold(digest: Digest) -> None:
    heading, *blocks = check(preview_message(digest))
    assert "preview for you alone" in heading
    assert len(blocks) == len(digest.highlights)


snowflakes = st.integers(10**16, 2**63)
posts = st.one_of(st.none(), st.builds(Post, snowflakes, snowflakes, snowflakes, st.datetimes(timezones=st.just(UTC))))


@within_seconds
@given(st.builds(Details, papers, st.lists(counts, max_size=60).map(tuple), posts))
async def test_a_papers_card_fits_a_message_whatever_it_holds(details: Details) -> None:
    head, *_ = check(details_card(details))
    assert f"](https://huggingface.co/papers/{details.paper.id})" in head


snippets = st.builds(
    lambda text, marks: Snippet(text[:220], tuple(sorted((min(mark), max(mark)) for mark in marks))),
    texts,
    st.lists(st.tuples(st.integers(0, 230), st.integers(0, 230)), max_size=20),
)
pages = st.builds(
    lambda some, snippets, posts: tuple(map(Hit, _distinct(some), snippets, posts)),
    st.lists(papers, max_size=PER_PAGE),
    st.lists(st.one_of(st.none(), snippets), min_size=PER_PAGE, max_size=PER_PAGE),
    st.lists(posts, min_size=PER_PAGE, max_size=PER_PAGE),
)
queries = st.builds(
    lambda words: parse(" ".join(words), DAY),
    st.lists(
        st.one_of(texts, names, st.sampled_from(["min:x", "sort:", '"', "(", "has:legs", "autor:x"])), max_size=12
    ),
)
words = st.lists(names, max_size=60).map(tuple)


def _results(query: Query, hits: tuple[Hit, ...], total: int, page: int, some: tuple[str, ...]) -> Results:
    taken = tuple(zip(some, reversed(some), strict=True))
    last = max(1, -(-total // PER_PAGE))  # beyond it there is nothing to show
    return Results(query, hits, total, min(page, last), taken, left_out=some, near=some)


@within_seconds
@given(
    st.builds(_results, queries, pages, st.integers(0, 10**6), st.integers(1, 99_999), words),
    st.booleans(),
)
async def test_a_page_of_results_fits_a_message_whatever_was_asked(results: Results, shared: bool) -> None:
    check(found_message(results, shared=shared))
    check(nothing_message(results))
    check(posted_message("week", results.hits, total=results.total, page=results.page))
    check(hub_message(results.query, [hit.paper for hit in results.hits]))


@within_seconds
@given(papers, pages)
async def test_similar_papers_fit_a_message_whatever_they_hold(paper: Paper, hits: tuple[Hit, ...]) -> None:
    check(similar_message(paper, hits))


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
    check(leaderboard_message(period, day, _distinct(some), total=total, page=page, remarks=["It grows. " * 9] * 2))


def test_every_span_of_posted_papers_has_its_name() -> None:
    headings = [check(posted_message(period, (), total=0, page=1))[0] for period in AGES]
    spans = [re.findall(r"\*\*(.*)\*\*", heading) for heading in headings]
    assert spans == [["The last week"], ["The last month"], ["The last year"], ["All time"]]


def test_the_longest_real_page_of_results_keeps_whole_titles_and_something_of_what_was_found() -> None:
    title = "A Title of Many Words " * 7 + "Which Ends At Last!!!"
    longest = _seen(title=title, summary="It says a lot of things. " * 80, githubRepo=f"https://github.com/{'r' * 60}")
    snippet = Snippet("It says a lot of things. " * 8, ((10, 13), (17, 23)))
    post = Post(2**62, 2**62, 2**62, datetime(2026, 1, 1, tzinfo=UTC))
    hits = tuple(Hit(each, snippet, post) for each in _distinct([longest] * PER_PAGE))
    _, *blocks = check(found_message(Results(parse("q " * 39 + "min:x", DAY), hits, 10**6, 1)))
    assert all(f"[{title}](" in block and "It says a **lot** of **things**." in block for block in blocks)
    assert all("posted here on" in block for block in blocks)


def _distinct(some: Sequence[Paper]) -> list[Paper]:
    return [replace(each, id=f"2601.{number:05}") for number, each in enumerate(some)]


async def test_ten_of_the_longest_real_papers_keep_their_whole_titles() -> None:
    """The longest real title has 175 characters, the most authors are 664."""
    title = "A Title of Many Words " * 7 + "Which Ends At Last!!!"
    longest = read_entry(
        entry(
            "2601.00001",
            title=title,
            summary="It says a lot of things. " * 80,
            authors=[{"name": f"Author {n}"} for n in range(664)],
            organization={"fullname": "An Organization With A Long Name"},
            githubRepo="https://github.com/an-organization/with-a-repository-name",
            githubStars=12345,
        ),
        DAY,
    )
    assert len(title) == 175
    _, *blocks = check(digest_message(_digest([longest] * 10, 99, 3, [False] * 10), NONCE))
    assert all(f"[{title}](" in block for block in blocks)
    assert "Author 9 + 654" in "\n".join(check(details_card(Details(longest))))


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
    assert sparkline(numbers) == line


@given(st.lists(counts))
def test_a_sparkline_has_twelve_bars_at_most(numbers: list[int]) -> None:
    line = sparkline(numbers)
    assert len(line) == (min(12, len(numbers)) if len(set(numbers)) > 1 else 0)


# Text


@pytest.mark.parametrize(
    ("text", "marks", "shown"),
    [
        ("We augment agents", [(3, 10)], "We **augment** agents"),
        ("both words", [(0, 4), (5, 10)], "**both** **words**"),
        ("touching", [(0, 5), (5, 8)], "**touch**ing"),
        ("over and over", [(0, 8), (5, 13)], "**over and** over"),
        ("a_b *c*", [(0, 3), (5, 6)], r"**a\_b** \***c**\*"),
        ("see https://x.org/word now", [(18, 22), (23, 26)], "see https://x.org/word **now**"),
        ("nothing", [(7, 7), (3, 2), (90, 99), (-4, 2)], "nothing"),
        (" space ", [(0, 7), (0, 1)], " space "),
    ],
)
def test_marked_characters_stand_out(text: str, marks: list[tuple[int, int]], shown: str) -> None:
    assert marked(text, marks, 100) == shown


@given(st.text(letters), st.lists(st.tuples(st.integers(-3, 50), st.integers(-3, 50))), st.integers(0, 60))
def test_marked_text_keeps_its_words_and_its_limit(text: str, marks: list[tuple[int, int]], limit: int) -> None:
    assert len(marked(text, marks, limit)) <= limit
    whole = re.sub(r"\s", " ", text.replace("\u200b", ""))
    assert visible(re.sub(r"(?<!\\)\*\*", "", marked(whole, [], 9999))) == whole


def test_marked_text_is_cut_between_words_and_says_so() -> None:
    assert marked("Attention is all you need", [(0, 9), (21, 25)], 22) == "**Attention** is all…"


def test_code_cannot_be_ended_from_within() -> None:
    assert code("a`b") == "`a'b`"
    assert code_block("a\n```\nb") == "```\na\n'''\nb\n```"


@given(st.text(letters))
def test_discord_shows_escaped_text_word_for_word(text: str) -> None:
    plain_text = text.replace("\u200b", "")
    assert visible(escape(plain_text)) == plain_text


@given(st.text(st.sampled_from(r"*_~`|[]<>#\ a")))
def test_no_markdown_survives_escaping(text: str) -> None:
    without_pairs = re.sub(r"\\.", "", escape(text))
    assert not re.search(r"[*_~`|\[\]<>#\\]", without_pairs)


def test_mentions_do_not_survive_escaping() -> None:
    assert escape("@everyone @here <@1> <#2>") == "@\u200beveryone @\u200bhere \\<@1\\> \\<\\#2\\>"


def test_urls_and_latex_stay_readable() -> None:
    assert escape("https://x.org/a_b") == "https://x.org/a_b"
    assert visible(escape(r"$\alpha_{i}^{*}$")) == r"$\alpha_{i}^{*}$"


def test_a_list_or_quote_mark_at_the_start_stays_text() -> None:
    assert escape("- one") == "\u200b- one"
    assert escape("> one") == "\\> one"


@given(texts, st.integers(0, 500))
def test_shortened_text_is_never_longer_than_allowed(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@given(texts, st.integers(1, 500))
def test_shortened_text_says_that_it_was_cut(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert not short or short == escape(text) or short.endswith("…") or short == escape(" ".join(text.split()))


@given(texts, st.integers(1, 100))
def test_plain_text_is_never_longer_than_allowed(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit


def test_words_are_not_cut_in_the_middle() -> None:
    assert shorten("Attention is all you need", 20) == "Attention is all…"


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    assert shorten("深層学習" * 10, 12) == "深層学習深層学習深層学…"


def test_a_summary_is_as_many_sentences_as_say_something() -> None:
    said = "We do it. It works. " + "This sentence goes on for long enough to say what the paper is about, " * 2
    assert first_sentences(f"{said}finally. And more. And more.") == f"{said}finally."


def test_counts_are_written_as_people_write_them() -> None:
    assert [count(1, "paper"), count(0, "paper"), count(1204, "paper")] == ["1 paper", "0 papers", "1,204 papers"]
    assert [compact(each) for each in (987, 1234, 9949, 9950, 34_000)] == ["987", "1.2k", "9.9k", "10k", "34k"]
