"""Look-ups: a past paper is found again, whatever is typed."""

from datetime import timedelta
from typing import Any

import discord
import pytest

from bot.demo.papers_server import PapersServer
from bot.digest import get_closing_time
from bot.layouts.refusals import BUG
from bot.lookups.citations import CitationFormat, format_citation
from bot.ranking import Period
from bot.refusals import Refusal
from tests.support.builders import DAY, FRIDAY, entries, entry, explain
from tests.support.lookups import paper_command, search
from tests.support.messages import answer, custom_ids, ids, options, paper_ids, read_texts
from tests.support.papers_server import FrailPapers
from tests.support.queries import GARBAGE
from tests.support.server import Server, forbid_everybody, post

LIBRARY = [
    entry("2601.00001", title="Scaling Laws for Sparse Mixtures", ai_keywords=["mixture of experts"], upvotes=5),
    entry("2601.00002", title="Diffusion Without Tears", authors=[{"name": "José Muñoz"}], upvotes=9),
    entry("2601.00003", title="Retrieval for Agents", summary="We augment agents that search the web.", upvotes=2),
    entry("2601.00004", title="深層学習による検索", upvotes=7),
]


@pytest.fixture
async def library(server: Server, papers_server: PapersServer) -> Server:
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    return server


async def said(server: Server, query: str, **options: Any) -> str:
    """What a search answers."""
    return read_texts((await search(server, query, **options)).message)


async def found(server: Server, query: str, **options: Any) -> list[str]:
    return paper_ids(await search(server, query, **options))


# Search


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("diffusion", 2),
        ("munoz", 2),
        ("José", 2),
        ("experts", 1),
        ("scale", 1),
        ("searching agent", 3),
        ("augmentation", 3),
        ('"retrieval for agents"', 3),
        ("深層学習による検索", 4),
        ("2601.00003", 3),
        ("https://arxiv.org/abs/2601.00002v3", 2),
    ],
)
async def test_a_paper_is_found_by_what_is_known_of_it(library: Server, query: str, number: int) -> None:
    assert (await found(library, query))[0] == ids(number)[0]


async def test_a_word_may_be_excluded(library: Server) -> None:
    assert ids(3)[0] not in await found(library, "diffusion agents -retrieval")


async def test_the_words_that_were_looked_for_stand_out_where_they_are_written(library: Server) -> None:
    assert "We augment **agents** that **search** the web." in await said(library, "agent searches")


async def test_without_a_matching_word_in_the_abstract_a_result_shows_what_the_paper_says_first(
    library: Server,
) -> None:
    assert "What paper 2601.00002 is about." in await said(library, "munoz")


async def test_each_option_becomes_a_part_of_the_query(library: Server) -> None:
    text = await said(library, "agents", sort="upvotes", period="week", min_upvotes=2)
    assert "**sort:upvotes after:7d min:2 agents** · 1 paper, most upvoted first" in text


async def test_results_come_in_the_order_that_was_asked_for(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(3), FRIDAY: entries(2, FRIDAY, first=11)}
    await server.read_lists()
    assert await found(server, "paper", sort="upvotes") == ids(1, 2, 11, 3, 12)
    assert set((await found(server, "paper", sort="date"))[:2]) == set(ids(11, 12))
    assert "newest first" in await said(server, "paper", sort="date")
    assert "best first" in await said(server, "paper")


async def test_older_papers_than_the_period_are_left_out(server: Server, papers_server: PapersServer) -> None:
    old = DAY - timedelta(days=40)
    papers_server.lists = {DAY: entries(1), old: entries(1, old, first=31)}
    for day in (DAY, old):
        await server.bot.services.archive.refresh_day(day, server.clock())
    await server.bot.services.archive.update_index()
    assert await found(server, "paper", period="month") == ids(1)
    assert set(await found(server, "paper", period="year")) == set(ids(1, 31))


async def test_a_phrase_that_never_ends_does_not_swallow_the_options(library: Server) -> None:
    assert "most upvoted first" in await said(library, '"retrieval for', sort="upvotes")


async def test_a_misspelled_word_is_taken_for_the_nearest_one_and_the_answer_says_so(library: Server) -> None:
    text = await said(library, "difusion")
    assert "No paper contains *difusion*. Showing results for **diffusion** instead." in text
    assert "Diffusion Without Tears" in text


async def test_a_misspelled_word_stands_out_where_its_right_form_is_written(library: Server) -> None:
    assert "We **augment** agents" in await said(library, "augmnet")


async def test_a_filter_that_excludes_everything_is_left_out_and_the_answer_says_so(library: Server) -> None:
    text = await said(library, "agents min:900")
    assert "No paper matches `min:900`. Showing results without it." in text
    assert "Retrieval for Agents" in text


async def test_all_filters_that_exclude_everything_together_are_named(library: Server) -> None:
    text = await said(library, "agents min:900 author:nobody")
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
async def test_a_mistake_is_marked_with_a_right_form_and_the_rest_still_runs(
    library: Server, query: str, shown: str, advice: str
) -> None:
    text = await said(library, query)
    assert shown in text
    assert advice in text
    assert "Retrieval for Agents" in text


async def test_of_many_mistakes_some_are_explained(library: Server) -> None:
    text = await said(library, f"agents {'min:x ' * 30}")
    assert text.count("I don't understand") == 4
    assert "… and 16 more mistakes like these." in text


async def test_of_an_endless_query_the_rest_is_left_out(library: Server) -> None:
    text = await said(library, f"agents {'word ' * 39}the end")
    assert "A query can have up to 40 words, so I ignore everything starting with `the end`." in text


async def test_a_paper_that_was_posted_here_says_when_and_where(library: Server) -> None:
    message = await post(library)
    stamp = int(message.created_at.timestamp())
    there = f"posted here on <t:{stamp}:D> → [jump]({message.jump_url})"
    assert there in await said(library, "diffusion")
    assert there in answer(await paper_command(library, "show", paper="2601.00002"))
    elsewhere = await library.member.user.slash("paper search", query="diffusion")
    assert "posted here" not in read_texts(elsewhere.response.message)


async def test_what_matches_nothing_is_answered_with_advice(library: Server) -> None:
    assert await said(library, "zeppelin *airship*") == (
        "No paper in the archive matches **zeppelin \\*airship\\***. Try fewer or different words."
    )


async def test_where_nothing_is_found_near_words_are_a_click_away(library: Server) -> None:
    message = await search(library, '"difusion"')
    assert "Did you mean" in read_texts(message.message)
    await library.member.click(message, label="diffusion")
    assert paper_ids(message) == ids(2)


async def test_an_id_the_archive_does_not_hold_can_be_looked_up(library: Server, papers_server: PapersServer) -> None:
    papers_server.unlisted = [entry("2512.00001", title="Found Elsewhere")]
    message = await search(library, "arxiv.org/abs/2512.00001")
    assert "isn't in the archive yet" in read_texts(message.message)
    assert "Found Elsewhere" in answer(await library.member.click(message, label="Look it up"))
    assert await found(library, "elsewhere") == ["2512.00001"]


async def test_a_paper_fetched_a_moment_ago_is_found(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00009", title="Entirely Novel")]}
    await server.read_lists()
    assert await found(server, "novel") == ids(9)


async def test_an_empty_archive_finds_nothing(server: Server) -> None:
    assert "No paper in the archive matches" in await said(server, "attention")


@pytest.mark.parametrize("query", ["", "  ", "\t\n"])
async def test_a_blank_query_is_answered_with_what_to_type(library: Server, query: str) -> None:
    assert answer(await paper_command(library, "search", query=query)) == explain(Refusal.QUERY_EMPTY)
    assert answer(await paper_command(library, "search", query=query, sort="date")) == explain(Refusal.QUERY_EMPTY)


# Search everywhere


async def test_papers_of_the_hub_that_the_archive_lacks_are_shown_and_marked(
    library: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry(f"2512.0000{n}", title=f"Agents Elsewhere {n}") for n in range(1, 8)]
    result = await paper_command(library, "search", query="agents", everywhere=True)
    (more,) = result.followups
    assert more.ephemeral
    text = read_texts(more.message)
    assert "# Also on Hugging Face" in text
    assert "not in the archive yet" in text
    assert text.count("from Hugging Face") == 5
    assert "Retrieval for Agents" in answer(result)
    assert "Retrieval for Agents" not in text
    assert len(paper_ids(more)) == 5
    picked = paper_ids(more)[0]
    card = answer(await library.member.select(more, [picked], custom_id="pick"))
    assert f"arXiv:{picked}" in card
    assert picked in await found(library, "elsewhere")


async def test_when_the_hub_does_not_answer_the_archive_still_does(
    library: Server, papers_server: PapersServer
) -> None:
    assert isinstance(papers_server, FrailPapers)
    papers_server.down = True
    result = await paper_command(library, "search", query="agents", everywhere=True)
    assert "Retrieval for Agents" in answer(result)
    assert [each.content for each in result.followups] == [explain(Refusal.HUB_DOWN)]


async def test_when_the_hub_knows_no_more_it_says_so(library: Server) -> None:
    result = await paper_command(library, "search", query="agents", everywhere=True)
    assert [each.content for each in result.followups] == [explain(Refusal.HUB_KNOWS_NO_MORE)]


async def test_a_shared_search_shares_what_the_hub_has_but_not_that_it_has_nothing(
    library: Server, papers_server: PapersServer
) -> None:
    async def followed() -> tuple[bool, str]:
        """Whether the answer of the hub is for one alone, and what it is."""
        result = await paper_command(library, "search", query="agents", share=True, everywhere=True)
        assert result.response
        assert not result.response.ephemeral
        (more,) = result.followups
        return more.ephemeral, read_texts(more.message)

    assert isinstance(papers_server, FrailPapers)
    assert await followed() == (True, explain(Refusal.HUB_KNOWS_NO_MORE))
    papers_server.unlisted = [entry("2512.00001", title="Agents Elsewhere")]
    ephemeral, text = await followed()
    assert not ephemeral
    assert "Agents Elsewhere" in text
    papers_server.down = True
    assert await followed() == (True, explain(Refusal.HUB_DOWN))


# Autocomplete of a query


async def test_titles_authors_and_tags_are_offered_while_a_query_is_typed(library: Server) -> None:
    offered = await offers(library, "search", "query", "diff")
    assert offered["Diffusion Without Tears"] == "2601.00002"
    assert 'author:"José Muñoz"' in await offers(library, "search", "query", "muñ")
    assert 'agents tag:"mixture of experts"' in await offers(library, "search", "query", "agents experts")
    assert list(await offers(library, "search", "query", "x sort:")) == [
        "x sort:relevance",
        "x sort:upvotes",
        "x sort:date",
    ]


async def test_what_is_offered_for_a_query_finds_what_it_says(library: Server) -> None:
    for value in (await offers(library, "search", "query", "diff")).values():
        assert ids(2)[0] in await found(library, value)


async def offers(server: Server, command: str, option: str, typed: str) -> dict[str, str]:
    """What is offered while somebody types, with the value of each."""
    offered = await server.member.autocomplete(server.general, f"paper {command}", option, typed)
    return {each["name"]: each["value"] for each in offered}


async def test_what_is_too_long_to_be_a_query_is_not_offered(server: Server, papers_server: PapersServer) -> None:
    names = [f"Endless {'of Name ' * 12}", "Endless Name"]
    papers_server.lists = {DAY: [entry("2601.00001", authors=[{"name": each} for each in names])]}
    await server.read_lists()
    assert list(await offers(server, "search", "query", "author:endl")) == ['author:"Endless Name"']


# Show


@pytest.mark.parametrize(
    "reference",
    [
        "2601.00002",
        " 2601.00002v4 ",
        "arXiv:2601.00002",
        "https://huggingface.co/papers/2601.00002",
        "huggingface.co/papers/2601.00002/",
        "https://hf.co/papers/2601.00002?ref=x",
        "http://arxiv.org/abs/2601.00002v1",
        "https://www.arxiv.org/pdf/2601.00002v2.pdf",
        "https://arxiv.org/pdf/2601.00002#page=3",
        "https://export.arxiv.org/abs/2601.00002",
        "https://arxiv.org/html/2601.00002v1",
        "<https://alphaxiv.org/abs/2601.00002>",
    ],
)
async def test_a_paper_is_shown_by_its_id_or_any_of_its_links(library: Server, reference: str) -> None:
    text = answer(await library.member.slash(library.general, "paper show", paper=reference))
    assert "Diffusion Without Tears" in text
    assert "**Authors** José Muñoz" in text


@pytest.mark.parametrize(
    "text",
    ["zeppelin", "", "   ", "https://evil.example/x", "https://scaling.org/laws", "10.1000/diffusion", "x.org/tears"],
)
async def test_what_is_no_paper_is_answered_with_what_would_be_right(library: Server, text: str) -> None:
    for command in ("show", "similar", "cite"):
        assert answer(await paper_command(library, command, paper=text)) == explain(Refusal.PAPER_UNKNOWN)


@pytest.mark.parametrize("text", ["https://scaling.org/laws", "retrieval https://agents.org", "doi:10.1000/diffusion"])
async def test_a_link_that_leads_elsewhere_is_answered_with_no_papers_that_share_its_words(
    library: Server, text: str
) -> None:
    for command in ("search", "random"):
        assert answer(await paper_command(library, command, query=text)) == explain(Refusal.PAPER_UNKNOWN)
    for command, option in (("search", "query"), ("show", "paper")):
        assert await offers(library, command, option, text) == {}


@pytest.mark.parametrize(
    "reference", ["https://arxiv.org/abs/cs/0112017", "arXiv:cs/0112017", "10.48550/arXiv.cs/0112017v2"]
)
async def test_a_paper_from_before_2007_is_not_taken_for_another(library: Server, reference: str) -> None:
    for command, option in (("show", "paper"), ("cite", "paper"), ("search", "query"), ("random", "query")):
        text = answer(await paper_command(library, command, **{option: reference}))
        assert text.startswith("The arXiv ID **cs/0112017** is from before April 2007.")


async def test_a_paper_named_among_words_is_fetched_if_the_archive_lacks_it(
    library: Server, papers_server: PapersServer
) -> None:
    papers_server.unlisted = [entry("1706.03762", title="Attention Is All You Need")]
    text = answer(
        await paper_command(library, "cite", paper="Have you read [this](https://doi.org/10.48550/arXiv.1706.03762)?")
    )
    assert "Attention Is All You Need" in text


async def test_a_few_words_show_the_paper_they_fit_best(library: Server) -> None:
    assert "## [Retrieval for Agents]" in answer(await paper_command(library, "show", paper="agents retrieval"))


async def test_a_paper_the_archive_lacks_is_fetched_into_it(library: Server, papers_server: PapersServer) -> None:
    papers_server.unlisted = [entry("1706.03762", title="Attention Is All You Need", numTotalModels=50)]
    result = await paper_command(library, "show", paper="https://arxiv.org/abs/1706.03762v7")
    assert "**On Hugging Face** 50 models" in answer(result)
    assert await found(library, "attention need") == ["1706.03762"]


async def test_a_paper_that_does_not_exist_is_answered_so(library: Server) -> None:
    text = answer(await paper_command(library, "show", paper="2601.99999"))
    assert text == "Hugging Face has no paper **2601.99999**. Please check the ID."


async def test_while_the_api_is_down_known_papers_are_shown_and_others_later(
    library: Server, papers_server: PapersServer
) -> None:
    assert isinstance(papers_server, FrailPapers)
    papers_server.down = True
    assert answer(await paper_command(library, "show", paper="2601.99999")) == explain(Refusal.PAPERS_DOWN)
    assert "Diffusion Without Tears" in answer(await paper_command(library, "show", paper="2601.00002"))


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("diff", "Diffusion Without Tears"),
        ("sparse mix", "Scaling Laws for Sparse Mixtures"),
        ("RETRIEV", "Retrieval for Agents"),
        ("arxiv.org/abs/2601.00001", "Scaling Laws for Sparse Mixtures"),
    ],
)
async def test_papers_are_offered_while_their_title_is_typed(library: Server, typed: str, title: str) -> None:
    for command in ("show", "similar", "cite"):
        offered = await offers(library, command, "paper", typed)
        assert next(iter(offered)) == title
    assert title in answer(await paper_command(library, "show", paper=offered[title]))


async def test_before_anything_is_typed_the_best_papers_of_the_week_are_offered(library: Server) -> None:
    first, last = Period.WEEK.get_days(library.clock().date())
    best, _ = await library.bot.services.storage.papers.list_top(first, last, limit=25)
    assert list((await offers(library, "show", "paper", "")).values()) == [each.id for each in best] != []


async def test_at_most_25_papers_are_offered_with_titles_cut_to_fit(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", title=f"Endless {'words ' * 28}{n}") for n in range(40)]}
    await server.read_lists()
    for command, option in (("show", "paper"), ("search", "query")):
        offered = await server.member.autocomplete(server.general, f"paper {command}", option, "endless")
        assert len(offered) == 25
        assert all(each["name"].endswith("…") for each in offered)


# Similar, random, today, cite


async def test_papers_like_one_are_found_and_it_is_not_among_them(server: Server, papers_server: PapersServer) -> None:
    like = [entry(f"2601.0000{n}", title=f"Speech Recognition {n}", summary="Speech is heard.") for n in range(1, 9)]
    papers_server.lists = {DAY: [*like, entry("2601.00009", title="Chess", summary="Pawns move.")]}
    await server.read_lists()
    result = await paper_command(server, "similar", paper="2601.00001")
    assert "to **[Speech Recognition 1](https://huggingface.co/papers/2601.00001)**" in answer(result)
    assert result.response
    similar = paper_ids(result.response)
    assert len(similar) == 5
    assert not {"2601.00001", "2601.00009"} & set(similar)


async def test_a_paper_like_no_other_says_so(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: [entry("2601.00009", title="Chess", summary="Pawns move.")]}
    await server.read_lists()
    assert answer(await paper_command(server, "similar", paper="2601.00009")) == explain(Refusal.NOTHING_SIMILAR)


async def test_a_paper_by_chance_is_one_of_those_that_match(library: Server) -> None:
    assert "arXiv:2601.0000" in answer(await paper_command(library, "random"))
    for _ in range(5):
        assert "arXiv:2601.00003" in answer(await paper_command(library, "random", query="agents"))


async def test_a_paper_by_chance_that_cannot_be_is_answered_so(server: Server, papers_server: PapersServer) -> None:
    assert answer(await paper_command(server, "random")) == explain(Refusal.ARCHIVE_EMPTY)
    papers_server.lists = {DAY: LIBRARY}
    await server.read_lists()
    assert answer(await paper_command(server, "random", query="zeppelin_")) == explain(
        Refusal.NOTHING_MATCHES, text="zeppelin_"
    )


async def test_todays_list_is_ranked_as_it_stands_and_says_that_it_grows(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {FRIDAY: list(reversed(entries(7, FRIDAY)))}
    await server.read_lists()
    result = await paper_command(server, "today")
    assert "Friday 16 January 2026" in answer(result)
    assert "This list is still open and may grow until" in answer(result)
    assert result.response
    assert paper_ids(result.response) == ids(1, 2, 3, 4, 5)
    await server.member.click(result.response, label="Next")
    assert paper_ids(result.response) == ids(6, 7)


async def test_before_todays_list_begins_the_latest_one_is_shown_by_its_name(library: Server) -> None:
    text = answer(await paper_command(library, "today"))
    assert "Today's list is still empty, so this is the list of Thursday 15 January 2026." in text


async def test_in_the_night_yesterdays_list_is_shown_and_still_grows(library: Server) -> None:
    library.clock.now = get_closing_time(DAY) - timedelta(hours=1)
    text = answer(await paper_command(library, "today"))
    assert "Today's list is still empty" in text
    assert f"may grow until <t:{int(get_closing_time(DAY).timestamp())}:f>" in text


async def test_today_in_an_empty_archive_says_so(server: Server) -> None:
    assert answer(await paper_command(server, "today")) == explain(Refusal.ARCHIVE_EMPTY)


@pytest.mark.parametrize("format_", list(CitationFormat))
async def test_a_citation_is_given_to_be_copied(library: Server, format_: CitationFormat) -> None:
    text = answer(await paper_command(library, "cite", paper="2601.00002", format=format_.value))
    (known,) = await library.bot.services.storage.papers.get(["2601.00002"])
    assert text.split("\n", 1)[1].removesuffix("\n```") == format_citation(known, format_, 1900)


async def test_bibtex_is_written_unless_said_otherwise(library: Server) -> None:
    text = answer(await paper_command(library, "cite", paper="2601.00002"))
    assert text.startswith("```bibtex\n@misc{munoz2026diffusion,\n  title = {{Diffusion Without Tears}},")


# Posted


async def test_what_was_posted_here_is_listed_newest_first_with_ways_to_it(
    server: Server, papers_server: PapersServer
) -> None:
    papers_server.lists = {DAY: entries(7), FRIDAY: entries(4, FRIDAY, first=11)}
    first = await post(server)
    await server.later(days=1)
    second = server.papers.history()[-1]
    result = await paper_command(server, "posted")
    text = answer(result)
    assert f"**The last month** · {len(paper_ids(first)) + len(paper_ids(second))} papers, newest first" in text
    assert text.count(second.jump_url) == len(paper_ids(second))
    assert result.response
    assert paper_ids(result.response) == [*paper_ids(second), *paper_ids(first)][:5]
    await server.member.click(result.response, label="Next")
    assert paper_ids(result.response) == [*paper_ids(second), *paper_ids(first)][5:10]
    assert first.jump_url in read_texts(result.response.message)


async def test_what_was_posted_longer_ago_is_listed_on_request(server: Server) -> None:
    await post(server)
    server.clock.advance(days=8)
    assert answer(await paper_command(server, "posted", period="week")) == explain(Refusal.NOTHING_POSTED)
    assert "**All time** · 5 papers" in answer(await paper_command(server, "posted", period="all time"))


async def test_all_that_was_ever_posted_here_can_be_turned_page_by_page(server: Server) -> None:
    await server.subscribe(size=7)
    await server.later(hours=1)
    server.clock.advance(days=500)
    result = await paper_command(server, "posted", period="all time")
    assert result.response
    assert len(paper_ids(result.response)) == 5
    await server.member.click(result.response, label="Next")
    assert len(paper_ids(result.response)) == 2
    assert "**All time** · 7 papers" in read_texts(result.response.message)


async def test_a_search_offers_no_period_that_leaves_nothing_out(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    (group,) = [each for each in registered if each["name"] == "paper"]
    periods = {
        command["name"]: [choice["value"] for choice in option["choices"]]
        for command in group["options"]
        for option in command["options"]
        if option["name"] == "period"
    }
    assert periods == {"search": ["week", "month", "year"], "posted": ["week", "month", "year", "all time"]}


async def test_a_paper_posted_in_two_channels_is_listed_twice_and_picked_once(server: Server) -> None:
    await server.subscribe(size=1)
    await server.subscribe(channel=server.general, size=1)
    await server.later(hours=1)
    result = await paper_command(server, "posted")
    assert answer(result).count("[Paper 2601.00001]") == 2
    assert result.response
    assert options(result.response, "pick") == ids(1)


async def test_where_no_server_is_posted_explains_itself(server: Server) -> None:
    result = await server.member.user.slash("paper posted")
    assert result.response.content == explain(Refusal.POSTED_OUTSIDE_SERVER)


async def test_a_channel_that_somebody_may_not_view_is_never_linked_to(library: Server) -> None:
    message = await post(library)
    assert message.jump_url in await said(library, "diffusion")
    forbid_everybody(library, library.papers, "view_channel")
    assert "posted here" not in await said(library, "diffusion")
    assert "posted here" not in answer(await paper_command(library, "show", paper="2601.00002"))
    assert "posted here" not in answer(await paper_command(library, "similar", paper="2601.00001"))
    assert answer(await paper_command(library, "posted", period="all time")) == explain(Refusal.NOTHING_POSTED)


async def test_of_two_channels_the_one_that_somebody_may_view_is_linked_to(server: Server) -> None:
    await server.subscribe(size=1)
    await server.subscribe(channel=server.general, size=1)
    await server.later(hours=1)
    forbid_everybody(server, server.papers, "view_channel")
    text = answer(await paper_command(server, "posted"))
    assert "· 1 paper, newest first" in text
    assert server.general.history()[-1].jump_url in text
    assert server.papers.history()[-1].jump_url not in text


async def test_a_channel_that_was_deleted_is_not_linked_to(server: Server) -> None:
    await post(server)
    server.env.backend.delete_channel(server.papers.id)
    await server.env.settle()
    assert answer(await paper_command(server, "posted")) == explain(Refusal.NOTHING_POSTED)


# Anywhere


async def test_look_ups_work_in_a_direct_message(library: Server) -> None:
    for command, wanted in {
        "search": {"query": "diffusion"},
        "show": {"paper": "2601.00002"},
        "cite": {"paper": "2601.00002"},
        "random": {"query": "diffusion"},
        "today": {},
    }.items():
        message = await library.member.user.slash(f"paper {command}", **wanted)
        assert isinstance(message.response.message.channel, discord.DMChannel | discord.PartialMessageable)
        assert "Diffusion Without Tears" in read_texts(message.response.message)


async def test_people_may_install_look_ups_for_themselves_and_servers_the_rest(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    installs = {each["name"]: (each["integration_types"], each["contexts"]) for each in registered}
    everywhere = ([0, 1], [0, 1, 2])
    assert (installs["paper"], installs["top"]) == (everywhere, everywhere)
    assert 1 not in (installs["digest"][0] or [])


# Whatever is typed


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
async def test_any_text_may_be_searched_for_shown_and_completed(library: Server, text: str) -> None:
    for command, option in (("search", "query"), ("show", "paper"), ("random", "query"), ("cite", "paper")):
        assert answer(await paper_command(library, command, **{option: text})) != BUG
    await library.member.autocomplete(library.general, "paper show", "paper", text)
    await library.member.autocomplete(library.general, "paper search", "query", text)


@pytest.mark.parametrize("text", [each for each in GARBAGE.values() if len(each) < 90])
async def test_the_pages_of_any_query_can_be_turned(server: Server, papers_server: PapersServer, text: str) -> None:
    papers_server.lists = {DAY: [entry(f"2601.{n:05}", summary=f"{text} paper") for n in range(7)]}
    await server.read_lists()
    message = await search(server, f"{text} paper")
    if "find:n2" in str(custom_ids(message)):
        await server.member.click(message, label="Next")
        assert len(paper_ids(message)) == 2
