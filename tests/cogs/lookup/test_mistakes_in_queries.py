"""Queries with typos and mistakes: they still find something, and the answer says how they were read."""

import pytest

from tests.support.lookups import read_results, search
from tests.support.messages import answer, button_labels
from tests.support.server import Server


async def test_an_unclosed_quote_does_not_swallow_the_options(library: Server) -> None:
    assert "most upvoted first" in await read_results(library, '"retrieval for', sort="upvotes")


async def test_a_misspelled_word_is_corrected_and_the_answer_says_so(library: Server) -> None:
    text = await read_results(library, "difusion")
    assert "No paper contains *difusion*. Showing results for **diffusion** instead." in text
    assert "Diffusion Without Tears" in text


async def test_a_button_searches_for_just_what_was_typed(library: Server) -> None:
    page = await search(library, "difusion")
    answered = answer(await library.member.click(page, label="Only difusion"))
    assert 'No paper in the archive matches **"difusion"**.' in answered


async def test_several_corrected_words_have_one_button(library: Server) -> None:
    page = await search(library, "difusion augmnet")
    assert "Only what I typed" in button_labels(page)


async def test_the_corrected_word_is_bold_in_the_results(library: Server) -> None:
    assert "We **augment** agents" in await read_results(library, "augmnet")


async def test_an_operator_that_excludes_everything_is_left_out_and_the_answer_says_so(library: Server) -> None:
    text = await read_results(library, "agents min:900")
    assert "No paper matches `min:900`. Showing results without it." in text
    assert "Retrieval for Agents" in text


async def test_several_filters_that_exclude_everything_are_all_named(library: Server) -> None:
    text = await read_results(library, "agents min:900 author:nobody")
    assert "No paper matches `min:900` and `author:nobody`. Showing results without them." in text


@pytest.mark.parametrize(
    ("query", "shown", "advice"),
    [
        ("agents min:abc", "**agents __min:abc__**", "I don't understand `min:abc`. Write it like `min:50`."),
        ("agents autor:x", "__autor:x__", "I don't understand `autor:x`. Write it like `author:x`."),
        ("agents has:legs", "__has:legs__", "Write it like `has:code`, `has:project`, `has:summary` or `has:media`."),
        ('agents "web', '__"web__', 'I don\'t understand `"web`. Write it like `"web"`.'),
        ("agents sort:`*", "agents __sort:\\`\\*__", "I don't understand `sort:'*`."),
    ],
)
async def test_a_mistake_is_marked_and_explained_and_the_rest_of_the_query_still_runs(
    library: Server, query: str, shown: str, advice: str
) -> None:
    text = await read_results(library, query)
    assert shown in text
    assert advice in text
    assert "Retrieval for Agents" in text


async def test_a_query_with_many_mistakes_explains_some_of_them(library: Server) -> None:
    text = await read_results(library, f"agents {'min:x ' * 30}")
    assert text.count("I don't understand") == 4
    assert "… and 16 more mistakes like these." in text


async def test_a_query_that_is_too_long_is_cut_and_the_answer_says_where(library: Server) -> None:
    text = await read_results(library, f"agents {'word ' * 39}the end")
    assert "A query can have up to 40 words, so I ignore everything starting with `the end`." in text
