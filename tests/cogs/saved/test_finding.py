"""`/saved`: what is found among the papers one saved."""

import pytest

from bot.demo.papers_server import PapersServer
from tests.support.builders import DAY, entries
from tests.support.messages import answer, button_labels, ids, message_of, options, paper_ids, read_texts
from tests.support.saved import annotate, ask_saved, find_saved, read_saved, save
from tests.support.server import Server, stale_button

SAVED_LAST_FIRST = ids(3, 2, 1)


async def test_without_a_query_everything_is_there_and_what_i_saved_last_comes_first(with_saved: Server) -> None:
    assert await find_saved(with_saved) == SAVED_LAST_FIRST
    assert "3 papers · 2 unread, last saved first" in await read_saved(with_saved)


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("diffusion", [2]),
        ("searching agent", [3]),
        ("author:lovelace", [3, 1]),
        ("difusion", [2]),
        ("sampler", [2]),
        ("thesis", [2]),
        ("is:unread", [3, 1]),
        ("is:read", [2]),
        ("-is:read", [3, 1]),
        ("has:note", [2]),
        ("-has:note", [3, 1]),
        ("my:thesis", [2]),
        ('my:"to do"', [2]),
        ("-my:THESIS", [3, 1]),
        ("sort:upvotes", [2, 1, 3]),
        ("min:4 sort:saved", [2, 1]),
        ("difusion sort:saved", [2]),
        ("2601.00003", [3]),
        ("https://arxiv.org/abs/2601.00001v2", [1]),
        ("diffusion is:read my:thesis has:note min:9", [2]),
    ],
)
async def test_a_saved_paper_is_found_by_its_words_and_by_mine(
    with_saved: Server, query: str, numbers: list[int]
) -> None:
    assert await find_saved(with_saved, query) == ids(*numbers)


@pytest.mark.parametrize("query", ["zeppelin", "2601.00004", "diffusion is:unread", "my:robots", "thesis min:10"])
async def test_what_does_not_fit_or_is_not_saved_is_not_found(with_saved: Server, query: str) -> None:
    shown = await ask_saved(with_saved, query)
    assert "Nothing you saved matches: " in read_texts(shown.message)
    assert "All 3 saved" in button_labels(shown)


@pytest.mark.parametrize("query", ["my:thesys", "my:to do", "my:robots my:thesis"])
async def test_a_tag_that_found_nothing_is_answered_with_the_tags_that_i_have(with_saved: Server, query: str) -> None:
    assert "Your tags: To do, thesis." in await read_saved(with_saved, query)


@pytest.mark.parametrize("query", ["zeppelin", "thesis min:10", "-my:robots zeppelin"])
async def test_without_a_tag_to_look_for_mine_are_not_listed(with_saved: Server, query: str) -> None:
    assert "Your tags" not in await read_saved(with_saved, query)


async def test_the_words_of_my_note_are_bold_where_they_were_found(with_saved: Server) -> None:
    assert "“Compare the **samplers** with ours” · thesis, To do" in await read_saved(with_saved, "samplers")


async def test_a_paper_with_my_own_words_comes_before_those_that_only_have_them_in_their_text(
    with_saved: Server,
) -> None:
    await annotate(with_saved, 1, "uses diffusion, too", [])
    assert await find_saved(with_saved, "diffusion") == ids(1, 2)


async def test_it_says_that_the_papers_like_one_come_nearest_first(with_saved: Server) -> None:
    assert "nearest first" in await read_saved(with_saved, "like:2601.00002")


async def test_a_word_that_only_my_note_has_is_not_taken_for_a_typo(with_saved: Server) -> None:
    await annotate(with_saved, 1, "Retrievel is what Kim calls it", [])
    assert await find_saved(with_saved, "Retrievel") == ids(1)
    assert "instead" not in await read_saved(with_saved, "Retrievel")


async def test_the_options_say_the_same_as_operators(with_saved: Server) -> None:
    assert await find_saved(with_saved, show="unread") == ids(3, 1)
    assert await find_saved(with_saved, tag="#thesis") == ids(2)
    assert await find_saved(with_saved, "agents OR diffusion OR scaling", sort="upvotes") == ids(2, 1, 3)
    assert "**sort:upvotes** · unread · 2 papers, most upvoted first" in await read_saved(
        with_saved, show="unread", sort="upvotes"
    )


async def test_mistakes_are_explained_as_in_a_search(with_saved: Server) -> None:
    assert "I don't understand `is:reed`. Write it like `is:unread` or `is:read`." in await read_saved(
        with_saved, "is:reed"
    )
    text = await read_saved(with_saved, "is:unread autor:lovelace")
    assert "I don't understand `autor:lovelace`. Write it like `author:lovelace`." in text
    orders = "`sort:saved`, `sort:relevance`, `sort:upvotes` or `sort:date`"
    assert f"I don't understand `sort:new`. Write it like {orders}." in await read_saved(
        with_saved, "diffusion sort:new"
    )
    assert "`my:` needs a value right after it" in await read_saved(with_saved, "scaling my:")


async def test_papers_that_are_not_in_the_index_yet_are_listed_all_the_same(with_saved: Server) -> None:
    await save(with_saved, 77)
    assert (await find_saved(with_saved))[0] == ids(77)[0]
    assert "arXiv:2601.00077" in await read_saved(with_saved)


async def test_papers_like_one_are_found_among_those_i_saved(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(8)}
    await server.read_lists()
    await save(server, 1, 2)
    assert set(await find_saved(server, "like:2601.00005")) <= set(ids(1, 2))


async def test_pages_turn_in_place_and_count_what_was_found(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(14)}
    await server.read_lists()
    await save(server, *range(1, 13))
    shown = await ask_saved(server, "paper")
    assert "12 papers" in read_texts(shown.message)
    seen = paper_ids(shown)
    for _ in range(2):
        await server.member.click(shown, label="Next")
        seen += paper_ids(shown)
    assert sorted(seen) == ids(*range(1, 13))
    assert "Page 3 of 3" in read_texts(shown.message)


async def test_only_the_unread_ones_are_a_click_away_and_back(with_saved: Server) -> None:
    shown = await ask_saved(with_saved, "author:lovelace OR diffusion")
    await with_saved.member.click(shown, label="Unread")
    assert set(paper_ids(shown)) == set(ids(1, 3))
    await with_saved.member.click(shown, label="All")
    assert set(paper_ids(shown)) == set(ids(1, 2, 3))


async def test_a_long_query_turns_its_pages_too(server: Server, papers_server: PapersServer) -> None:
    papers_server.lists = {DAY: entries(7)}
    await server.read_lists()
    await save(server, *range(1, 8))
    shown = await ask_saved(server, " OR ".join(["paper"] * 20))
    await server.member.click(shown, label="Next")
    assert len(paper_ids(shown)) == 2


async def test_with_nothing_saved_it_says_how_that_changes_and_leads_on(library: Server) -> None:
    shown = await ask_saved(library)
    assert read_texts(shown.message).startswith("## Nothing saved yet\nClick *Save*")
    await library.member.click(shown, label="Top papers of this week")
    assert "# Top papers" in read_texts(shown.message)


async def test_when_all_is_read_it_says_so(with_saved: Server) -> None:
    for each in SAVED_LAST_FIRST:
        await with_saved.bot.services.storage.saved_papers.mark_read(with_saved.member.id, each, with_saved.clock.now)
    shown = await ask_saved(with_saved, show="unread")
    assert "You have read everything you saved." in read_texts(shown.message)
    await with_saved.member.click(shown, label="All 3 saved")
    assert paper_ids(shown) == SAVED_LAST_FIRST


async def test_nothing_found_leads_to_a_search_of_all_papers(with_saved: Server) -> None:
    await with_saved.bot.services.storage.saved_papers.remove(with_saved.member.id, ids(2)[0], with_saved.clock.now)
    shown = await ask_saved(with_saved, "diffusion")
    await with_saved.member.click(shown, label="Search all papers")
    assert paper_ids(shown) == ids(2)


async def test_nobody_sees_what_another_saved(with_saved: Server) -> None:
    theirs = await with_saved.admin.slash(with_saved.general, "saved", query="thesis")
    assert answer(theirs).startswith("## Nothing saved yet")
    for custom_id in ("saved:e1:", "saved:n1:is:read", "savedone:show:2601.00002", "savedone:remove:2601.00002"):
        told = answer(await with_saved.admin.click(stale_button(with_saved, custom_id), custom_id=custom_id))
        assert "samplers" not in told
        assert "thesis" not in told
    assert await find_saved(with_saved) == SAVED_LAST_FIRST


async def test_the_query_and_my_tags_are_completed(with_saved: Server) -> None:
    async def offered(option: str, typed: str) -> list[str]:
        return [
            each["value"] for each in await with_saved.member.autocomplete(with_saved.general, "saved", option, typed)
        ]

    assert await offered("tag", "") == ["To do", "thesis"]
    assert await offered("tag", "the") == ["thesis"]
    assert (await offered("query", "is:read thes"))[0] == 'is:read my:"thesis"'
    assert await offered("query", "my:do") == ['my:"To do"']
    assert ids(2)[0] in await offered("query", "diffusion")
    assert await with_saved.admin.autocomplete(with_saved.general, "saved", "tag", "") == []


async def test_it_works_in_direct_messages_and_where_the_bot_is_not(with_saved: Server) -> None:
    shown = await with_saved.member.user.slash("saved", query="thesis")
    assert paper_ids(message_of(shown)) == ids(2)
    stranger = with_saved.env.create_user("hedy")
    await with_saved.bot.services.storage.saved_papers.save(stranger.id, ids(1)[0], with_saved.clock.now)
    shown = await stranger.slash("saved")
    assert paper_ids(message_of(shown)) == ids(1)
    assert options(message_of(shown), "savedpick") == ids(1)


async def test_everyone_can_install_it_and_use_it_everywhere(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    (known,) = [each for each in registered if each["name"] == "saved"]
    assert (known["integration_types"], known["contexts"]) == ([0, 1], [0, 1, 2])
