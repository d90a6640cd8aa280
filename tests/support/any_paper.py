"""Hypothesis strategies: any paper, digest or page there can be."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

from hypothesis import Phase
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.digest import Digest, Highlight, Likeness
from bot.lookups.finder import PER_PAGE, Hit
from bot.papers import Paper
from bot.papers.entry import read_list_entry
from bot.search import Snippet, parse_query
from bot.storage import PostedMessage
from bot.subscription.schedule import Cadence
from bot.subscription.settings import DigestLayout, Threads
from tests.support.builders import DAY, build_settings, entry

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


def read_paper(**known: Any) -> Paper:
    return read_list_entry(entry("2601.00001", **known), DAY)


def build_paper(known: dict[str, Any], title: str, number: int) -> Paper:
    """The paper as the bot would read it from the papers API."""
    seen = read_list_entry(entry(f"2601.{number:05}", **known, title=f"T {title}"), DAY)
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
papers = st.builds(build_paper, facts, texts, st.integers(1, 99999))
marks = st.fixed_dictionaries(
    {
        "is_riser": st.booleans(),
        "seen_on": st.one_of(st.none(), st.dates()),
        "is_missed": st.booleans(),
        "likeness": st.one_of(st.none(), st.builds(Likeness, st.just("2605.29801"), st.floats(0.4, 1))),
    }
)


def build_digest(some: Sequence[Paper], listed: int, days: int, marked_by: Sequence[dict[str, Any]]) -> Digest:
    highlights = tuple(
        Highlight(position, replace(each, id=f"2601.{position:05}"), each.upvotes, each.comments, **marks)
        for position, (each, marks) in enumerate(zip(some, marked_by, strict=False), 1)
    )
    span = tuple(DAY + timedelta(days=n) for n in range(days))
    return Digest(span[-1], span, max(listed, len(highlights)), highlights)


digests = st.builds(
    build_digest,
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
posts = st.one_of(
    st.none(),
    st.builds(PostedMessage, snowflakes, snowflakes, snowflakes, snowflakes, st.datetimes(timezones=st.just(UTC))),
)
snippets = st.builds(
    lambda text, marks: Snippet(text[:220], tuple(sorted((min(mark), max(mark)) for mark in marks))),
    texts,
    st.lists(st.tuples(st.integers(0, 230), st.integers(0, 230)), max_size=20),
)
pages = st.builds(
    lambda some, snippets, posts: tuple(map(Hit, number_papers(some), snippets, posts)),
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


def number_papers(some: Sequence[Paper]) -> list[Paper]:
    return [replace(each, id=f"2601.{number:05}") for number, each in enumerate(some)]
