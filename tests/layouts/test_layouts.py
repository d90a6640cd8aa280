"""Layouts: whatever a paper holds, its messages stay within Discord's limits and say what they should."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from discord.ui import LayoutView, TextDisplay
from hypothesis import Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.digest import Digest, Highlight
from bot.layouts.card import render_card, render_sparkline
from bot.layouts.digest import (
    PREVIEW,
    get_digest_thread_name,
    get_paper_thread_name,
    render_preview,
    render_quiet_message,
)
from bot.layouts.results import (
    render_hub_results,
    render_leaderboard,
    render_nothing_found,
    render_posted,
    render_results,
    render_similar,
)
from bot.layouts.text import (
    count_noun,
    cut_plain,
    escape_markdown,
    format_code,
    format_code_block,
    format_compact,
    mark_spans,
    measure_text,
    remove_urls,
    shorten,
    take_first_sentences,
)
from bot.lookups.finder import AGES, PER_PAGE, Hit, Leaderboard, PaperDetails, SearchResults
from bot.papers import Paper
from bot.papers.entry import read_entry
from bot.ranking import Period
from bot.reasons import Reason, ReasonKind
from bot.search import Query, Snippet, parse_query
from bot.storage import PostedMessage
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout, DigestSettings, Threads
from bot.text import remove_invisible
from tests.support.builders import DAY, MORNING, build_settings, digest_message, entry, highlight_message, paper
from tests.support.discord_limits import walk
from tests.support.layouts import NONCE, check, components_of, digest_of
from tests.support.markdown import links, visible

LONG = 60  # characters from which a title is long
MARKUP = r"\*_~`|[]()<>#@-+:/.!? "

# Shrinking messages of thousands of characters takes minutes, and they are readable without.
within_seconds = hypothesis_settings(
    deadline=None, max_examples=60, phases=(Phase.explicit, Phase.reuse, Phase.generate)
)

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
    view = digest_message(Digest(DAY, (DAY,), 1, (Highlight(1, paper, 1, 1),)), build_settings(), NONCE)
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, TextDisplay))


def test_every_page_of_the_longest_query_that_turns_has_ids_that_fit() -> None:
    hits = tuple(Hit(replace(_seen(), id=f"2601.{number:05}")) for number in range(PER_PAGE))
    for length in range(75, 100):
        for page in (1, 9, 10):
            results = SearchResults(parse_query("q" * length, DAY), hits, total=50, page=page)
            turns = "Next" in str(render_results(results).to_components())  # type: ignore[no-untyped-call]
            assert turns == (length <= 100 - len("find:l10:"))
            assert ("Shorten the query" in check(render_results(results))[0]) != turns


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
        "mediaUrls": st.lists(st.builds(lambda url, ending: f"{url}.{ending}", urls, st.sampled_from(["png", "mp4"]))),
    }
)
papers = st.builds(_paper, facts, texts, st.integers(1, 99999))


marks = st.fixed_dictionaries(
    {"is_riser": st.booleans(), "seen_on": st.one_of(st.none(), st.dates()), "is_missed": st.booleans()}
)


def _digest(some: Sequence[Paper], listed: int, days: int, marked_by: Sequence[dict[str, Any]]) -> Digest:
    highlights = tuple(
        Highlight(position, replace(each, id=f"2601.{position:05}"), each.upvotes, each.comments, **marks)
        for position, (each, marks) in enumerate(zip(some, marked_by, strict=False), 1)
    )
    span = tuple(DAY + timedelta(days=n) for n in range(days))
    return Digest(span[-1], span, max(listed, len(highlights)), highlights)


digests = st.builds(
    _digest,
    st.lists(papers, min_size=1, max_size=10),
    st.integers(1, 1000),
    st.integers(1, 40),
    st.lists(marks, min_size=10, max_size=10),
)
all_settings = st.builds(
    build_settings,
    cadence=st.sampled_from(Cadence),
    layout=st.sampled_from(DigestLayout),
    threads=st.sampled_from(Threads),
)
snowflakes = st.integers(10**16, 2**63)
pings = st.one_of(st.none(), snowflakes)


@within_seconds
@given(digests, all_settings, pings)
async def test_a_digest_fits_a_message_whatever_its_papers_hold(
    digest: Digest, settings: DigestSettings, ping: int | None
) -> None:
    texts = check(digest_message(digest, settings, NONCE, ping=ping))
    assert texts[0] == f"<@&{ping}>" if ping else not texts[0].startswith("<")
    heading, *blocks = texts[bool(ping) :]
    assert heading.startswith(("# Daily Papers\n", "# Weekly recap\n", "# Monthly recap\n"))
    if settings.posting.layout is DigestLayout.COMPACT:
        return
    assert len(blocks) == len(digest.highlights)
    for highlight, block in zip(digest.highlights, blocks, strict=True):
        assert f"▲ **{highlight.upvotes:,}**" in block
        assert ("rising since" in block) == highlight.is_riser


@within_seconds
@given(digests, all_settings, pings)
async def test_a_digest_shortens_no_title_to_nonsense(
    digest: Digest, settings: DigestSettings, ping: int | None
) -> None:
    text = "\n".join(check(digest_message(digest, settings, NONCE, ping=ping)))
    titles = re.findall(r"^(?:### )?\d+\. (.*\]\(https://huggingface.co/papers/2601\..*)$", text, re.MULTILINE)
    for highlight, title in zip(digest.highlights, titles, strict=True):
        assert len(visible(title)) >= min(20, len(highlight.paper.name))


@within_seconds
@given(digests, all_settings, pings)
async def test_a_highlights_own_message_fits_whatever_its_paper_holds(
    digest: Digest, settings: DigestSettings, ping: int | None
) -> None:
    number = len(digest.highlights)
    texts = check(highlight_message(digest, number, settings, NONCE, ping=ping))
    heading, block, *_ = texts[bool(ping) :]
    assert heading.endswith(f" · {number} of {number}")
    assert f"](https://huggingface.co/papers/2601.{number:05})" in block


@within_seconds
@given(digests, all_settings)
async def test_a_preview_fits_a_message_whatever_its_papers_hold(digest: Digest, settings: DigestSettings) -> None:
    view = render_preview(digest, settings)
    assert "Only you can see this preview" in check(view)[0]
    assert NONCE not in str(components_of(view))
    assert "<@&" not in re.sub(r"\\.", "", "".join(check(view)))


@within_seconds
@given(digests, all_settings)
def test_a_thread_has_a_name_that_fits_whatever_its_paper_is_called(digest: Digest, settings: DigestSettings) -> None:
    for name in (get_digest_thread_name(digest, settings), get_paper_thread_name(digest.highlights[-1].paper)):
        assert 1 <= len(name.strip()) <= 100


posts = st.one_of(
    st.none(),
    st.builds(PostedMessage, snowflakes, snowflakes, snowflakes, snowflakes, st.datetimes(timezones=st.just(UTC))),
)


@within_seconds
@given(st.builds(PaperDetails, papers, st.lists(counts, max_size=60).map(tuple), posts))
async def test_a_papers_card_fits_a_message_whatever_it_holds(details: PaperDetails) -> None:
    head, *_ = check(render_card(details))
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
    lambda words: parse_query(" ".join(words), DAY),
    st.lists(
        st.one_of(texts, names, st.sampled_from(["min:x", "sort:", '"', "(", "has:legs", "autor:x"])), max_size=12
    ),
)
words = st.lists(names, max_size=60).map(tuple)


def _results(query: Query, hits: tuple[Hit, ...], total: int, page: int, some: tuple[str, ...]) -> SearchResults:
    taken = tuple(zip(some, reversed(some), strict=True))
    last = max(1, -(-total // PER_PAGE))  # beyond it there is nothing to show
    return SearchResults(query, hits, total, min(page, last), taken, dropped_filters=some, suggestions=some)


@within_seconds
@given(
    st.builds(_results, queries, pages, st.integers(0, 10**6), st.integers(1, 99_999), words),
    st.booleans(),
)
async def test_a_page_of_results_fits_a_message_whatever_was_asked(results: SearchResults, shared: bool) -> None:
    check(render_results(results, shared=shared))
    check(render_nothing_found(results))
    check(render_posted("week", results.hits, total=results.total, page=results.page))
    check(render_hub_results(results.query, [hit.paper for hit in results.hits]))


@within_seconds
@given(papers, pages)
async def test_similar_papers_fit_a_message_whatever_they_hold(paper: Paper, hits: tuple[Hit, ...]) -> None:
    check(render_similar(paper, hits))


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
    board = Leaderboard(period, day, tuple(_distinct(some)), total, page, closes_at=MORNING, instead_of=day)
    check(render_leaderboard(board))


def test_every_span_of_posted_papers_has_its_name() -> None:
    headings = [check(render_posted(period, (), total=0, page=1))[0] for period in AGES]
    spans = [re.findall(r"\*\*(.*)\*\*", heading) for heading in headings]
    assert spans == [["The last week"], ["The last month"], ["The last year"], ["All time"]]


def test_the_longest_real_page_of_results_keeps_whole_titles_and_something_of_what_was_found() -> None:
    title = "A Title of Many Words " * 7 + "Which Ends At Last!!!"
    longest = _seen(title=title, summary="It says a lot of things. " * 80, githubRepo=f"https://github.com/{'r' * 60}")
    snippet = Snippet("It says a lot of things. " * 8, ((10, 13), (17, 23)))
    post = PostedMessage(2**62, 2**62, 2**62, 2**62, datetime(2026, 1, 1, tzinfo=UTC))
    hits = tuple(Hit(each, snippet, post) for each in _distinct([longest] * PER_PAGE))
    _, *blocks = check(render_results(SearchResults(parse_query("q " * 39 + "min:x", DAY), hits, 10**6, 1)))
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
    digest = _digest([longest] * 10, 99, 3, [{"seen_on": DAY, "is_riser": True}] * 10)
    for settings in (build_settings(), build_settings(layout=DigestLayout.CARDS, cadence=Cadence.MONTHLY)):
        _, _, *blocks = check(digest_message(digest, settings, NONCE, ping=2**62))
        assert all(f"[{title}](" in block for block in blocks)
    assert "Author 9 + 654" in "\n".join(check(render_card(PaperDetails(longest))))


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


# A digest's looks


def ten(**known: Any) -> list[Paper]:
    return [paper(f"2601.{number:05}", **{"upvotes": 10 * number, **known}) for number in range(1, 11)]


COMPACT, CARDS = build_settings(layout=DigestLayout.COMPACT), build_settings(layout=DigestLayout.CARDS)
LONG_TITLE = "Attention Is All You Need and Everything Else Is a Matter of Taste"


def test_a_compact_digest_has_a_line_for_each_paper_and_one_select() -> None:
    digest = digest_of(*ten(title=LONG_TITLE, upvotes=1234))
    view = digest_message(digest, COMPACT, NONCE)
    heading, lines = check(view)
    assert heading == check(digest_message(digest, build_settings(), NONCE))[0]
    assert lines.split("\n")[0] == (
        "1. [Attention Is All You Need and…](https://huggingface.co/papers/2601.00001) ▲ 1,234"
    )
    assert [line.partition(".")[0] for line in lines.split("\n")] == [str(number) for number in range(1, 11)]
    controls = [each for each in walk(components_of(view)) if "custom_id" in each]
    assert [each["custom_id"] for each in controls] == [f"pick:{NONCE}"]
    assert [each["value"] for each in controls[0]["options"]] == [f"2601.{number:05}" for number in range(1, 11)]


@within_seconds
@given(digests)
def test_the_lines_of_a_compact_digest_fit_a_phone(digest: Digest) -> None:
    lines = check(digest_message(digest, COMPACT, NONCE))[1].split("\n")
    for highlight, line in zip(digest.highlights, lines, strict=True):
        shown = visible(re.sub(r"\]\(https://[^)]*\)", "", line.replace("[", "", 1)))
        assert len(shown) <= 48
        assert f" ▲ {highlight.upvotes:,}" in shown


def test_a_compact_digest_uses_the_width_of_a_line() -> None:
    title = "x" * 37
    _, lines = check(digest_message(digest_of(paper("2601.00001", title=title, upvotes=1234)), COMPACT, NONCE))
    assert f"[{title}](" in lines
    _, lines = check(digest_message(digest_of(paper("2601.00001", title=title + "x", upvotes=1234)), COMPACT, NONCE))
    assert f"[{'x' * 36}…](" in lines


def test_a_compact_digest_marks_papers_briefly_and_says_what_the_marks_mean() -> None:
    _, lines, legend = check(digest_message(digest_of(*ten(), is_riser=True, is_missed=True), COMPACT, NONCE))
    assert [line[-1] for line in lines.split("\n")] == [*"0000000000"[:9], "◇"]
    assert lines.endswith("▲ 100 ↗ ◇")
    assert legend == "-# ↗ rising · ◇ not in a daily digest"
    assert check(digest_message(digest_of(*ten(), is_riser=True), COMPACT, NONCE))[2] == "-# ↗ rising"
    assert len(check(digest_message(digest_of(*ten()), COMPACT, NONCE))) == 2


def test_a_papers_upvotes_in_a_compact_digest_are_those_of_the_digest_everywhere() -> None:
    view = digest_message(digest_of(paper("2601.00001", upvotes=99), upvotes=12), COMPACT, NONCE)
    assert "99" not in str(components_of(view))


def pictures(view: LayoutView) -> list[dict[str, Any]]:
    return [item for each in walk(components_of(view)) if each["type"] == 12 for item in each["items"]]


def test_cards_begin_with_the_picture_of_the_first_highlight() -> None:
    digest = digest_of(*ten())
    view = digest_message(digest, CARDS, NONCE)
    assert check(view) == check(digest_message(digest, build_settings(), NONCE))
    (container,) = components_of(view)
    assert [each["type"] for each in container["components"]] == [10, 14, 12, *[9] * 10]
    assert [each["media"]["url"] for each in pictures(view)] == [digest.highlights[0].paper.thumbnail_url]
    assert [pictures(digest_message(digest, each, NONCE)) for each in (build_settings(), COMPACT)] == [[], []]


CDN = "https://cdn-uploads.huggingface.co/production/uploads"


@pytest.mark.parametrize(
    ("urls", "shown"),
    [
        ([f"{CDN}/a.mp4", f"{CDN}/b.qt", f"{CDN}/c.webm", f"{CDN}/d.png", f"{CDN}/e.gif"], f"{CDN}/d.png"),
        ([f"{CDN}/a.JPEG"], f"{CDN}/a.JPEG"),
        ([f"{CDN}/a.webp?size=9#top"], f"{CDN}/a.webp?size=9#top"),
        ([f"{CDN}/a.gif"], f"{CDN}/a.gif"),
        ([f"{CDN}/a.jpg"], f"{CDN}/a.jpg"),
        ([f"{CDN}/a.mp4?as=.png", f"{CDN}/a.mp4#.png", "https://a.png", "ftp://a/b.png", "data:,/a.png"], None),
        ([f"{CDN}/png", f"{CDN}/a.svg", f"{CDN}/a.png/", f"{CDN}/a.pngx"], None),
        ([f"{CDN}/{'a' * 500}.png"], None),
        ([f"{CDN}/".ljust(496, "a") + ".png"], f"{CDN}/".ljust(496, "a") + ".png"),
        ([], None),
    ],
)
def test_a_picture_is_the_first_figure_that_is_no_video_or_else_the_papers_card(
    urls: list[str], shown: str | None
) -> None:
    known = paper("2601.00001", media_urls=tuple(urls))
    view = digest_message(digest_of(known), CARDS, NONCE)
    check(view)
    (item,) = pictures(view)
    assert item["media"]["url"] == (shown or known.thumbnail_url)
    assert item["description"] == f"{'Figure' if shown else 'Card'} of “Paper 2601.00001”"


def test_a_pictures_words_are_plain_and_not_too_long() -> None:
    view = digest_message(digest_of(paper("2601.00001", title="_A_ *long* [title] " * 99)), CARDS, NONCE)
    check(view)
    (item,) = pictures(view)
    assert item["description"].startswith("Card of “_A_ *long* [title] _A_")
    assert item["description"].endswith("…”")
    assert len(item["description"]) <= 220


SAID = "It says a lot. " * 200


def test_a_highlights_own_message_says_more_than_a_list() -> None:
    known = paper("2601.00002", ai_summary="One sentence. " * 60, abstract=SAID)
    digest = digest_of(paper("2601.00001", abstract=SAID), known, upvotes=7)
    view = highlight_message(digest, 2, build_settings(), NONCE)
    heading, block, said = check(view)
    assert heading == "-# Daily Papers · Thursday 15 January 2026 · 2 of 2"
    assert block == "### 2. [Paper 2601.00002](https://huggingface.co/papers/2601.00002)\n▲ **7**"
    assert said == known.ai_summary
    assert [each["custom_id"] for each in walk(components_of(view)) if "custom_id" in each] == [
        f"details:2601.00002:{NONCE}"
    ]
    _, _, said = check(highlight_message(digest, 1, build_settings(), NONCE))
    assert said.endswith("…")
    assert 950 < len(said) <= 1000


def test_a_summary_without_end_leaves_room_for_the_rest_of_a_highlights_message() -> None:
    digest = digest_of(paper("2601.00001", ai_summary="It says a lot. " * 900))
    _, _, _, said = check(highlight_message(digest, 1, CARDS, NONCE, ping=2**62))
    assert said.endswith("…")


def test_a_highlight_of_which_nothing_more_is_known_says_no_more() -> None:
    assert len(check(highlight_message(digest_of(paper("2601.00001")), 1, CARDS, NONCE))) == 2


def test_every_highlight_has_its_own_picture_in_a_message_of_its_own_with_cards() -> None:
    digest = digest_of(*ten())
    for number, each in enumerate(digest.highlights, 1):
        assert [item["media"]["url"] for item in pictures(highlight_message(digest, number, CARDS, NONCE))] == [
            each.paper.thumbnail_url
        ]
    assert not any(pictures(highlight_message(digest, 1, each, NONCE)) for each in (build_settings(), COMPACT))


MAY = date(2026, 5, 31)


@pytest.mark.parametrize(
    ("cadence", "last", "days", "title", "span"),
    [
        (Cadence.DAILY, DAY, 2, "Daily Papers", "Wednesday 14 January 2026 – Thursday 15 January 2026"),
        (Cadence.DAILY, MAY, 31, "Daily Papers", "Friday 1 May 2026 – Sunday 31 May 2026"),
        (Cadence.WEEKLY, MAY, 7, "Weekly recap", "Monday 25 May 2026 – Sunday 31 May 2026"),
        (Cadence.WEEKLY, date(2026, 5, 5), 1, "Weekly recap", "Tuesday 5 May 2026"),
        (Cadence.MONTHLY, MAY, 31, "Monthly recap", "May 2026"),
        (Cadence.MONTHLY, MAY, 28, "Monthly recap", "May 2026"),
        (Cadence.MONTHLY, MAY, 27, "Monthly recap", "Tuesday 5 May 2026 – Sunday 31 May 2026"),
        (Cadence.MONTHLY, MAY, 32, "Monthly recap", "Thursday 30 April 2026 – Sunday 31 May 2026"),
        (Cadence.MONTHLY, MAY, 59, "Monthly recap", "Friday 3 April 2026 – Sunday 31 May 2026"),
        (Cadence.MONTHLY, date(2026, 5, 30), 30, "Monthly recap", "Friday 1 May 2026 – Saturday 30 May 2026"),
    ],
)
def test_a_digest_is_named_by_how_often_it_comes_and_its_span(
    cadence: Cadence, last: date, days: int, title: str, span: str
) -> None:
    digest = digest_of(paper("2601.00001"), last=last, days=days)
    whole, own = (
        check(digest_message(digest, build_settings(cadence=cadence), NONCE))[0],
        check(highlight_message(digest, 1, build_settings(cadence=cadence), NONCE))[0],
    )
    assert re.sub(r"\*\*\[(.*)\]\(.*\)\*\*", r"**\1**", whole).split("\n")[:2] == [f"# {title}", f"**{span}**"]
    assert own == f"-# {title} · {span} · 1 of 1"


def test_a_months_recap_is_named_by_it_though_its_last_days_had_no_papers() -> None:
    digest = replace(digest_of(paper("2601.00001"), last=date(2026, 5, 29), days=29), covered_until=MAY)
    assert "**May 2026**" in check(digest_message(digest, build_settings(cadence=Cadence.MONTHLY), NONCE))[0]


@pytest.mark.parametrize(
    ("marks", "note"),
    [
        ({"seen_on": date(2026, 5, 12)}, "highlighted on 12 May 2026"),
        ({"is_missed": True}, "not in a daily digest"),
        ({"is_missed": True, "is_riser": True}, "not in a daily digest · rising since 15 Jan 2026"),
        ({"seen_on": DAY, "is_riser": True}, "highlighted on 15 Jan 2026 · rising since 15 Jan 2026"),
    ],
)
@pytest.mark.parametrize("layout", [DigestLayout.LIST, DigestLayout.CARDS])
def test_a_recap_says_of_each_highlight_when_the_dailies_had_it(
    layout: DigestLayout, marks: dict[str, Any], note: str
) -> None:
    digest, settings = digest_of(*ten(), **marks), build_settings(cadence=Cadence.WEEKLY, layout=layout)
    _, *blocks = check(digest_message(digest, settings, NONCE))
    assert [note in block for block in blocks] == [False] * 9 + [True]
    assert f"▲ **100** · {note}" in check(highlight_message(digest, 10, settings, NONCE))[1]


def test_a_ping_stands_above_the_digest() -> None:
    for settings in (build_settings(), COMPACT, CARDS):
        for view in (
            digest_message(digest_of(*ten()), settings, NONCE, ping=42),
            highlight_message(digest_of(*ten()), 3, settings, NONCE, ping=42),
        ):
            assert check(view)[0] == "<@&42>"
            assert [each["type"] for each in components_of(view)] == [10, 17]


def test_summaries_give_way_to_a_ping() -> None:
    ping, lengths = 2**62, []
    for length in range(150, 300):
        digest = digest_of(*ten(title=LONG_TITLE, abstract="x" * length))
        lengths.append(len("".join(check(digest_message(digest, build_settings(), NONCE)))))
        check(digest_message(digest, build_settings(), NONCE, ping=ping))
    assert max(lengths) > 4000 - len(f"<@&{ping}>")


@pytest.mark.parametrize("letters", ["深層学習", "Глубина ", "👩‍👧 ", "𠀀𠀁"])
@pytest.mark.parametrize("settings", [build_settings(), COMPACT, CARDS], ids=["list", "compact", "cards"])
def test_a_digest_of_papers_in_any_script_stays_within_the_bytes_that_discord_takes(
    letters: str, settings: DigestSettings
) -> None:
    papers = ten(title=letters * 60, abstract=letters * 500, ai_summary=letters * 900, organization=letters * 20)
    digest = digest_of(*papers)
    shown = "".join(check(digest_message(digest, settings, NONCE, ping=2**62)))
    assert shown.count(letters[:1]) >= 10 * 4, "something is left of each title"
    for view in (
        digest_message(digest, settings, NONCE, ping=2**62),
        highlight_message(digest, 10, settings, NONCE, ping=2**62),
        render_card(PaperDetails(papers[0])),
    ):
        assert len(json.dumps(components_of(view), ensure_ascii=False).encode()) < 10_000


def test_a_quiet_line_says_why_and_leads_to_what_was_listed() -> None:
    view = render_quiet_message(Reason(ReasonKind.NONE_MATCHES_FILTER), Cadence.DAILY, NONCE)
    assert check(view) == ["Nothing new today. No new paper matched the filter."]
    (button,) = [each for each in walk(components_of(view)) if each["type"] == 2]
    assert (button["label"], button["custom_id"]) == ("Show the list", f"quiet:{NONCE}")


def test_a_preview_shows_what_would_be_posted_without_ping_or_nonce() -> None:
    digest = digest_of(*ten())
    for settings in (
        build_settings(ping_role_id=42),
        build_settings(layout=DigestLayout.COMPACT, ping_role_id=42),
        CARDS,
    ):
        view, posted = render_preview(digest, settings), digest_message(digest, settings, NONCE)
        assert str(components_of(view)) == (
            str(components_of(posted))
            .replace(f":{NONCE}", "")
            .replace("10 of 23 papers by upvotes", f"10 of 23 papers by upvotes\\n-# {PREVIEW}")
        )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, ""),
        (2, " 1 more message like this would follow, each with its own thread."),
        (5, " 4 more messages like this would follow, each with its own thread."),
    ],
)
def test_a_preview_of_messages_of_their_own_shows_the_first_and_counts_the_others(number: int, said: str) -> None:
    digest = digest_of(*ten()[:number])
    heading, block = check(render_preview(digest, build_settings(threads=Threads.PER_HIGHLIGHT, ping_role_id=42)))
    assert heading == f"-# Daily Papers · Thursday 15 January 2026 · 1 of {number}\n-# {PREVIEW}{said}"
    assert block == check(highlight_message(digest, 1, build_settings(), NONCE))[1]


def test_a_thread_is_named_after_its_digest_or_its_paper() -> None:
    digest = digest_of(paper("2601.00001"), paper("2601.00002", title=LONG_TITLE * 2), last=MAY, days=31)
    assert get_digest_thread_name(digest, build_settings()) == "Daily Papers, 1 May 2026 – 31 May 2026"
    assert get_digest_thread_name(replace(digest, days=(MAY,)), build_settings()) == "Daily Papers, 31 May 2026"
    assert get_digest_thread_name(digest, build_settings(cadence=Cadence.MONTHLY)) == "Monthly recap, May 2026"
    assert (
        get_digest_thread_name(digest, build_settings(cadence=Cadence.WEEKLY))
        == "Weekly recap, 1 May 2026 – 31 May 2026"
    )
    first, second = (each.paper for each in digest.highlights)
    assert get_paper_thread_name(first) == "Paper 2601.00001"
    assert get_paper_thread_name(second) == f"{LONG_TITLE}Attention Is All You Need and…"


def test_a_paper_whose_title_shows_nothing_names_its_thread_by_its_id() -> None:
    assert get_paper_thread_name(paper("2601.00001", title="\u200b \u200d")) == "arXiv:2601.00001"


@pytest.mark.parametrize(
    "title",
    [
        "**bold** _it_ ~~gone~~ ||spoiler|| `code` # heading > quote",
        "@everyone <@1> <@&2> <#3> </digest add:4> <t:5:R>",
        "](https://evil.example) [x](https://evil.example)",
        "https://evil.example/_x_ is not a title",
        "- not a list",
        "\\\\ \\[ \\] ``` $\\alpha_i$",
    ],
)
@pytest.mark.parametrize("layout", DigestLayout)
def test_a_strangers_title_is_harmless_in_every_layout(layout: DigestLayout, title: str) -> None:
    digest, settings = digest_of(paper("2601.00001", title=title, ai_summary=title)), build_settings(layout=layout)
    for view in (digest_message(digest, settings, NONCE), highlight_message(digest, 1, settings, NONCE)):
        _, block, *rest = check(view)
        shown, *other_lines = block.split("\n")
        line = re.sub(r" ▲ 0$", "", visible(shown))
        name = paper("2601.00001", title=title).name
        assert re.sub(r"^(### )?1\. ", "", line).removesuffix(" →").startswith(name[:20])
        ((label, url),) = links(shown)
        assert url == "https://huggingface.co/papers/2601.00001"
        assert not re.search(r"[\\*_~`|<>]", label)
        assert "://" not in shown.replace(url, "")
        live = re.sub(r"\\.", "", "\n".join([shown.replace(f"]({url})", ""), *other_lines, *rest]))
        assert not re.search(r"@everyone|<|`|~~|\|\||\]\(|^- ", live, re.MULTILINE)


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
    assert mark_spans(text, marks, 100) == shown


@given(st.text(letters), st.lists(st.tuples(st.integers(-3, 50), st.integers(-3, 50))), st.integers(0, 60))
def test_marked_text_keeps_its_words_and_its_limit(text: str, marks: list[tuple[int, int]], limit: int) -> None:
    assert len(mark_spans(text, marks, limit)) <= limit
    whole = re.sub(r"\s", " ", remove_invisible(text))
    assert visible(re.sub(r"(?<!\\)\*\*", "", mark_spans(whole, [], 9999))) == whole


def test_marked_text_is_cut_between_words_and_says_so() -> None:
    assert mark_spans("Attention is all you need", [(0, 9), (21, 25)], 22) == "**Attention** is all…"


def test_code_cannot_be_ended_from_within() -> None:
    assert format_code("a`b") == "`a'b`"
    assert format_code_block("a\n```\nb") == "```\na\n'''\nb\n```"


@given(st.text(letters))
def test_discord_shows_escaped_text_word_for_word(text: str) -> None:
    assert visible(escape_markdown(text)) == remove_invisible(text)


@given(st.text(st.sampled_from(r"*_~`|[]<>#\ a")))
def test_no_markdown_survives_escaping(text: str) -> None:
    without_pairs = re.sub(r"\\.", "", escape_markdown(text))
    assert not re.search(r"[*_~`|\[\]<>#\\]", without_pairs)


def test_mentions_do_not_survive_escaping() -> None:
    assert escape_markdown("@everyone @here <@1> <#2>") == "@\u200beveryone @\u200bhere \\<@1\\> \\<\\#2\\>"


def test_urls_and_latex_stay_readable() -> None:
    assert escape_markdown("https://x.org/a_b") == "https://x.org/a_b"
    assert visible(escape_markdown(r"$\alpha_{i}^{*}$")) == r"$\alpha_{i}^{*}$"


def test_a_list_or_quote_mark_at_the_start_stays_text() -> None:
    assert escape_markdown("- one") == "\u200b- one"
    assert escape_markdown("> one") == "\\> one"


@given(texts, st.integers(0, 500))
def test_shortened_text_is_never_longer_than_allowed(text: str, limit: int) -> None:
    assert len(shorten(text, limit)) <= limit


@given(texts, st.integers(1, 500))
def test_shortened_text_says_that_it_was_cut(text: str, limit: int) -> None:
    short = shorten(text, limit)
    assert not short or short.endswith("…") or short.split() == escape_markdown(text).split()


@given(texts, st.integers(1, 100))
def test_plain_text_is_never_longer_than_allowed(text: str, limit: int) -> None:
    assert len(cut_plain(text, limit)) <= limit


def test_words_are_not_cut_in_the_middle() -> None:
    assert shorten("Attention is all you need", 20) == "Attention is all…"


def test_a_text_without_spaces_is_cut_all_the_same() -> None:
    assert shorten("深層学習" * 10, 12) == "深層学習深層学習深層学…"
    assert shorten("深層学習" * 10, 12, measure_text) == "深層学習深…"


def test_a_summary_is_as_many_sentences_as_say_something() -> None:
    said = "We do it. It works. " + "This sentence goes on for long enough to say what the paper is about, " * 2
    assert take_first_sentences(f"{said}finally. And more. And more.") == f"{said}finally."


def test_counts_are_written_as_people_write_them() -> None:
    assert [count_noun(1, "paper"), count_noun(0, "paper"), count_noun(1204, "paper")] == [
        "1 paper",
        "0 papers",
        "1,204 papers",
    ]
    assert [format_compact(each) for each in (987, 1234, 9949, 9950, 34_000)] == ["987", "1.2k", "9.9k", "10k", "34k"]


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("Weights are at https://example.com/w?a=1#b today.", "Weights are at today."),
        ("See www.example.com, or evil.example.co.uk/path.", "See or"),
        ("It scores 3.5/4 and 10.5/11, e.g. in and/or tasks.", "It scores 3.5/4 and 10.5/11, e.g. in and/or tasks."),
        ("[here](http://example.com/a) it is", "[here]() it is"),
        ("", ""),
    ],
)
def test_addresses_are_taken_out_of_a_text(text: str, without: str) -> None:
    assert remove_urls(text) == without
