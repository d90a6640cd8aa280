"""What a page of results says of words that were corrected."""

import pytest

from bot.layouts.search_notes import list_search_notes
from bot.lookups.finder import Hit, SearchResults
from bot.search import Correction, Guess, parse_query
from tests.support.builders import DAY, paper


@pytest.mark.parametrize(
    ("correction", "note"),
    [
        (
            Correction("freemorf", ("freemorph",), Guess.SURE),
            "No paper contains *freemorf*. Showing results for **FreeMorph** instead.",
        ),
        (
            Correction("freemorf", ("freemorph",), Guess.DOUBTFUL),
            "Also searched for **FreeMorph**, in case *freemorf* is a typo.",
        ),
        (
            Correction("interp", ("interplay", "images"), Guess.BEGINNING),
            "No paper contains *interp*. Showing results for words that begin with it: **interplay** and **images**.",
        ),
    ],
)
def test_a_note_names_what_was_searched_for_as_titles_write_it(correction: Correction, note: str) -> None:
    hits = (Hit(paper("2601.00010", title="FreeMorph: Images that Turn")),)
    results = SearchResults(parse_query(correction.typed, DAY), hits, 1, 1, (correction,))
    assert [*list_search_notes(results)] == [note]
