"""What people saved fits into a message, whatever they and the papers' authors wrote."""

from datetime import date

import pytest

from bot.layouts.saved import NOTED, render_nothing_found, render_saved_page, render_saved_paper
from bot.lookups.finder import Hit, SearchResults
from bot.lookups.saved_finder import SavedHit, SavedResults
from bot.lookups.saved_query import parse_saved_query
from bot.papers import Paper
from bot.search import Snippet
from bot.storage import MAX_NOTE, MAX_OWN_TAG, MAX_OWN_TAGS, SavedPaper
from tests.support.builders import MORNING
from tests.support.layouts import check

PIECES = ("😀", "﷽", "ﷺ", "中", "\u202e", "\u0301", "a", "\\", "`", "**", "||", "[", "](", "\n# ", "<@1>", "@everyone ")


@pytest.mark.parametrize("typed", ["", "{text:.6000}", 'my:"{text:.2000}" is:unread {text:.3000}'])
@pytest.mark.parametrize("piece", PIECES)
def test_notes_tags_titles_and_queries_of_any_text_fit(piece: str, typed: str) -> None:
    text = (piece * 6000)[:6000]
    query = parse_saved_query(typed.format(text=text), date(2026, 7, 7))
    own_tags = tuple(f"{number}{text}"[:MAX_OWN_TAG] for number in range(MAX_OWN_TAGS))
    hits = []
    for number in range(5):
        paper = Paper(f"2601.0000{number}", text, text, authors=(text,), organization=text, upvotes=10**6)
        saved = SavedPaper(paper.id, MORNING, MORNING, text[:MAX_NOTE], own_tags)
        hits.append(SavedHit(Hit(paper), saved, Snippet(saved.note[:120], ((0, 60),))))
    found = SearchResults(query.query, tuple(each.hit for each in hits), 4999, 1)
    results = SavedResults(query, found, tuple(hits), 5000, 4000, own_tags)
    for view in (
        render_saved_page(results),
        render_nothing_found(results, date(2026, 7, 7)),
        render_saved_paper(hits[0].hit.paper, hits[0].saved, NOTED),
    ):
        check(view)
