"""A search that finds nothing says what excluded everything, and has buttons for what to try instead."""

import pytest

from bot.demo.papers_server import PapersServer
from bot.refusals import Refusal
from tests.support.builders import entry, explain
from tests.support.encoders import RandomEncoder, understood
from tests.support.lookups import find, paper_command, read_results, search
from tests.support.messages import answer, button_labels, message_of, paper_ids, read_all, read_texts
from tests.support.panel import read_modal
from tests.support.papers_server import FrailPapers
from tests.support.server import Server


@pytest.mark.parametrize(
    ("query", "says", "label", "typed"),
    [
        ("min:1000", "Without `min:1000`, 4 papers match. The most upvoted has 9 upvotes.", "Without min:1000", ""),
        ('"tears without"', 'Without the quotes in `"tears without"`, 1 paper matches.', "Without quotes", ""),
        ("agents +zeppelin", "Without `+zeppelin`, 1 paper matches.", "Without +zeppelin", "agents"),
        ("agents -retrieval", "Without `-retrieval`, 1 paper matches.", "Without -retrieval", "agents"),
        ("agents NOT retrieval", "Without `NOT retrieval`, 1 paper matches.", "Without NOT retrieval", "agents"),
        (
            "agents (tag:ships OR tag:boats)",
            "Without `(tag:ships OR tag:boats)`, 1 paper matches.",
            "Without (tag:ships OR tag:boats)",
            "agents",
        ),
    ],
)
async def test_the_part_that_excluded_everything_is_named_and_a_click_searches_without_it(
    library: Server, query: str, says: str, label: str, typed: str
) -> None:
    message = await search(library, query)
    assert "No paper in the archive matches" in read_texts(message.message)
    assert says in read_texts(message.message)
    await library.member.click(message, label=label)
    assert "# Papers found" in read_texts(message.message)
    if typed:
        assert paper_ids(message) == await find(library, typed)
        assert read_texts(message.message) == await read_results(library, typed)


@pytest.mark.parametrize(
    ("query", "label"),
    [
        ("agents min:1000", "Without min:1000"),
        ("agents after:2031", "Any time"),
        ("agents after:2030 before:2031", "Any time"),
        ("agents author:nobody", "Without author:nobody"),
    ],
)
async def test_results_without_an_operator_offer_to_search_without_it_for_good(
    library: Server, query: str, label: str
) -> None:
    message = await search(library, query)
    assert "Showing results without" in read_texts(message.message)
    await library.member.click(message, label=label)
    assert read_texts(message.message) == await read_results(library, "agents")


async def test_results_without_a_minimum_say_what_would_be_enough(library: Server) -> None:
    text = await read_results(library, "agents min:1000")
    assert "No paper matches `min:1000`. Showing results without it.\nThe most upvoted has 2 upvotes." in text


async def test_each_part_that_excludes_everything_has_a_button_and_no_other_part_does(library: Server) -> None:
    message = await search(library, "agents +web -retrieval min:1")
    labels = button_labels(message)
    assert "Without -retrieval" in labels
    assert not {"Without +web", "Without min:1"} & {*labels}


async def test_if_only_several_parts_together_exclude_everything_they_have_one_button(library: Server) -> None:
    message = await search(library, '"tears without" after:2030')
    await library.member.click(message, label='Without "tears without" after:2030')
    assert read_texts(message.message) == await read_results(library, "tears without")


async def test_buttons_of_many_parts_fit_a_message(library: Server) -> None:
    message = await search(library, " ".join(f"agents -retrieval{' ' * n}(min:1 OR tag:t{n})" for n in range(30)))
    assert len(button_labels(message)) <= 15


async def test_words_that_the_archive_lacks_are_looked_up_on_hugging_face_at_once(
    library: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    for options in ({}, {"everywhere": True}):
        result = await paper_command(library, "search", query="zeppelin", **options)
        (text,) = read_all(result)
        assert "# On Hugging Face\n**zeppelin** · no paper in the archive matches" in text
        assert "Zeppelin Dynamics" in text


async def test_when_hugging_face_is_down_the_answer_says_so_and_can_be_asked_again(
    library: Server, papers_server: PapersServer
) -> None:
    assert isinstance(papers_server, FrailPapers)
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    papers_server.down = True
    message = await search(library, "zeppelin")
    assert "Hugging Face isn't answering right now" in read_texts(message.message)
    papers_server.down = False
    assert "Zeppelin Dynamics" in answer(await library.member.click(message, label="Ask Hugging Face"))


async def test_a_query_with_operators_can_be_taken_to_hugging_face_with_a_click(
    library: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Zeppelin Dynamics")]
    message = await search(library, "+zeppelin -cars")
    assert "Zeppelin" not in read_texts(message.message).replace("zeppelin", "")
    assert "Zeppelin Dynamics" in answer(await library.member.click(message, label="Ask Hugging Face"))
    papers_server.unlisted = []
    refused = await library.member.click(message, label="Ask Hugging Face")
    assert answer(refused) == explain(Refusal.HUB_HAS_NOTHING_NEW)


@pytest.mark.parametrize("query", ["zeppelin", "min:1000 after:2031", "zeppelin " * 120])
async def test_what_found_nothing_can_be_changed_and_searched_for_again(library: Server, query: str) -> None:
    message = await search(library, query)
    opened = await library.member.click(message, label="Search again")
    assert read_modal(opened) == {"query": query.strip()[:1000]}
    assert "# Papers found" in answer(await library.member.submit_modal(opened, {"query": "agents"}))


async def test_typing_only_spaces_leads_to_another_try(library: Server) -> None:
    opened = await library.member.click(await search(library, "zeppelin"), label="Search again")
    told = await library.member.submit_modal(opened, {"query": "   "})
    assert answer(told) == explain(Refusal.QUERY_EMPTY)
    assert button_labels(message_of(told)) == ["Search"]


async def test_with_the_model_the_nearest_papers_by_meaning_are_a_click_away(library: Server) -> None:
    message = await search(library, '"zeppelin airship"')
    assert "Nearest papers by meaning" not in button_labels(message)
    services = library.bot.services
    papers = await services.storage.papers.get(["2601.00001", "2601.00002", "2601.00003"])
    services.search.meaning = understood(papers, RandomEncoder())
    message = await search(library, '"zeppelin airship"')
    clicked = await library.member.click(message, label="Nearest papers by meaning")
    assert '# Nearest in meaning\nto **"zeppelin airship"**' in answer(clicked)
    assert clicked.response
    assert sorted(paper_ids(clicked.response)) == ["2601.00001", "2601.00002", "2601.00003"]


async def test_a_short_name_that_no_paper_has_offers_what_it_is_short_for(library: Server) -> None:
    message = await search(library, "+moe")
    await library.member.click(message, label="mixture of experts")
    assert paper_ids(message)[0] == "2601.00001"


@pytest.mark.parametrize("query", ["author:", 'author:""', "-author:", "(tag:)", "min:", "sort:", "has:", "after:"])
async def test_an_operator_without_a_value_is_answered_with_its_form_and_never_with_all_papers(
    library: Server, query: str
) -> None:
    name = query.strip("-()").partition(":")[0]
    for command in ("search", "random"):
        text = answer(await paper_command(library, command, query=query))
        assert f"`{name}:" in text
        assert "needs a value right after it, such as" in text
        assert "Papers found" not in text
    assert "needs a value" in answer(await paper_command(library, "show", paper=query))
    assert "needs a value" in answer(await paper_command(library, "search", query=query, sort="date"))


async def test_a_filter_with_an_operator_without_a_value_is_answered_with_its_form(library: Server) -> None:
    result = await library.subscribe(filter="author:")
    assert "`author:` needs a value right after it, such as `author:lecun`" in answer(result)


@pytest.mark.parametrize("query", ['""', "NOT", "OR", "()", '-""', "\u200b"])
async def test_a_query_of_signs_alone_asks_for_words(library: Server, query: str) -> None:
    text = answer(await paper_command(library, "search", query=query))
    assert text.startswith(("Type some words", "I don't understand")) or "needs" in text


@pytest.mark.parametrize(
    "query", ["BERT: pre-training", "BERT:pre-training", "Note: this", "3:1", "Sora: physics", "Sora:physics"]
)
async def test_a_colon_after_a_word_that_is_no_operator_is_prose(library: Server, query: str) -> None:
    text = answer(await paper_command(library, "search", query=query))
    assert "I don't understand" not in text
    assert "instead" not in text
    assert "needs a value" not in text
