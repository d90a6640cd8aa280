"""A reader follows something: they see what it would have brought, and a message shows where it comes."""

import simcord

from bot.refusals import Refusal
from bot.storage import MAX_FOLLOWED, How
from tests.support.builders import DAY, explain
from tests.support.following import (
    LECUN,
    ask,
    bring_digest,
    follow,
    get_following,
    list_papers,
    read_inbox,
    read_inbox_texts,
)
from tests.support.messages import answer, button_labels, custom_ids, message_of, options, paper_ids
from tests.support.panel import read_modal
from tests.support.papers_server import Papers
from tests.support.server import Server


async def test_from_a_card_to_the_message(library: Server, papers_server: Papers) -> None:
    """The whole story: follow from a card, the digest, less like this, and one click stops it all."""
    reader = library.member
    card = await reader.slash(library.general, "paper show", paper="2601.00001")
    chosen = await reader.click(message_of(card), label="Follow")
    assert options(message_of(chosen), "request:pick") == ["like:2601.00001", 'org:"Meta"', f'author:"{LECUN}"']
    assert options(message_of(chosen), "request:tag") == ['tag:"video"', 'tag:"agents"']
    shown = await reader.select(message_of(chosen), [f'author:"{LECUN}"'], custom_id="request:pick")
    told = answer(shown)
    assert "It would have brought **4** in the last 7 days and **4 papers** in the last 30." in told
    assert "[Paper 2601.00001]" in told
    assert read_inbox(reader) == []  # nothing happens before the click
    followed = await reader.click(message_of(shown), label="Follow")
    assert answer(followed).startswith(f'**You follow `author:"{LECUN}"`**, daily. I\'ve just sent you')
    assert button_labels(message_of(followed)) == ["What you follow", "Follow more"]
    (first,) = read_inbox_texts(reader)
    assert first.startswith("## This is where your papers come")
    await library.later(hours=7)  # nine in New York, which is a guess
    await bring_digest(library, papers_server)
    *_, digest = read_inbox(reader)
    assert f'follows `author:"{LECUN}"`' in read_inbox_texts(reader)[-1]
    paper_id = paper_ids(digest)[0]
    less = await reader.user.select(
        digest, [paper_id], custom_id=next(each for each in custom_ids(digest) if each.startswith("less:"))
    )
    assert "Pick what it is about it" in answer(less)
    tag = options(message_of(less), f"mute:{paper_id}")[1]
    muted = await reader.user.select(message_of(less), [tag], custom_id=custom_ids(message_of(less))[0])
    assert "You see less of the tag *video*." in answer(muted)
    stopped = await reader.user.click(digest, label="Stop all")
    assert answer(stopped).startswith(f'**Stopped `author:"{LECUN}"`.** No more papers come.')
    count = len(read_inbox(reader))
    await bring_digest(library, papers_server, first=31)
    assert len(read_inbox(reader)) == count


async def test_what_is_followed_comes_each_morning_and_no_paper_twice(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, f'author:"{LECUN}"')
    await follow(library, library.member, "tag:video")
    await library.later(hours=1)
    await bring_digest(library, papers_server)
    _, first, second = read_inbox(library.member)
    assert paper_ids(first) == [f"2601.{n:05}" for n in range(1, 8)]
    assert paper_ids(second) == ["2601.00011", "2601.00012", "2601.00013"]
    text = read_inbox_texts(library.member)[1]
    assert text.count("### ") == 7
    assert f'follows `author:"{LECUN}"` and `tag:video`' in text


async def test_a_second_query_sends_no_second_first_message(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    told = answer(await follow(library, library.member, "tag:agents"))
    assert "I've just sent you" not in told
    assert len(read_inbox(library.member)) == 1


async def test_weekly_and_at_once_are_one_click_away(library: Server) -> None:
    await follow(library, library.member, "tag:video", click="Weekly instead")
    told = answer(await follow(library, library.member, "tag:agents", click="At once"))
    assert told.endswith("at once. That is as soon as a paper has 50 upvotes, or as many as `min:` says.")
    known = await get_following(library, library.member)
    assert [(each.query, each.how) for each in known.queries] == [
        ("tag:video", How.WEEKLY),
        ("tag:agents", How.AT_ONCE),
    ]


async def test_what_comes_weekly_says_on_which_day(library: Server) -> None:
    """Beside something that comes daily, the next digest is not the one that has it."""
    alone = answer(await follow(library, library.member, "tag:video", click="Weekly instead"))
    assert "The next digest comes" in alone
    await follow(library, library.member, "tag:agents")
    beside = answer(await follow(library, library.member, "tag:robots", click="Weekly instead"))
    assert beside.endswith("weekly. It comes every Monday, with what else comes that day.")


async def test_what_is_followed_already_says_so_and_how_can_be_changed(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    shown = await library.member.slash(library.general, "follow", query="tag:video")
    assert "You follow this already, daily." in answer(shown)
    await library.member.click(message_of(shown), label="Weekly instead")
    (only,) = (await get_following(library, library.member)).queries
    assert only.how is How.WEEKLY


async def test_a_flood_says_how_to_get_less_with_figures(library: Server, papers_server: Papers) -> None:
    list_papers(papers_server, DAY, 1, [LECUN] * 180)
    await library.read_lists()
    shown = await library.member.slash(library.general, "follow", query=f'author:"{LECUN}"')
    assert "⚠️ **That is a lot.** With `min:" in answer(shown)
    (label, *_) = [each for each in button_labels(message_of(shown)) if each.startswith("Add min:")]
    less = await library.member.click(message_of(shown), label=label)
    assert f"{label.removeprefix('Add ')}`?" in answer(less)


async def test_a_drought_says_so_and_offers_a_search(library: Server) -> None:
    shown = await library.member.slash(library.general, "follow", query="author:nobody")
    assert "⚠️ **No paper of the last 30 days matches**" in answer(shown)
    assert {"Search now", "Follow", "Change it"} <= {*button_labels(message_of(shown))}


async def test_a_mistyped_example_is_named(library: Server) -> None:
    shown = await library.member.slash(library.general, "follow", query="like:2699.00001")
    assert "⚠️ I don't have the paper `2699.00001`, so nothing is like it. Check the ID" in answer(shown)
    assert "Check the spelling" not in answer(shown)


async def test_a_mistake_keeps_everything_that_was_typed(library: Server) -> None:
    typed = {"query": "autor:lecun tag:video", "time": "quarter past", "timezone": "Berlinn"}
    shown = await library.member.slash(library.general, "follow", how="weekly", **typed)
    told = answer(shown)
    assert "I don't understand `autor:lecun`" in told
    assert explain(Refusal.TIME_UNCLEAR) in told
    assert "`Berlinn` doesn't work here. Did you mean **Berlin**?" in told
    assert "Use Berlin" in button_labels(message_of(shown))
    again = await library.member.click(message_of(shown), label="Correct it")
    assert read_modal(again) == typed
    right = {"query": "author:lecun", "time": "7pm", "timezone": "Berlin", "how": ["weekly"]}
    shown = await library.member.submit_modal(again, right)
    assert "every Monday at 19:00, Berlin time" in answer(shown)
    assert button_labels(message_of(shown))[0] == "Follow weekly"


async def test_a_misspelled_city_is_one_click_away(library: Server) -> None:
    shown = await library.member.slash(library.general, "follow", query="tag:video", timezone="Berlinn", time="8:00")
    await library.member.click(message_of(shown), label="Use Berlin")
    await library.member.click(message_of(shown), label="Follow")
    known = await get_following(library, library.member)
    assert known.subscription
    assert str(known.subscription.settings.schedule.timezone) == "Europe/Berlin"
    assert f"{known.subscription.settings.schedule.time:%H:%M}" == "08:00"


async def test_a_long_query_is_followed_too(library: Server) -> None:
    query = " ".join(["(tag:video OR tag:agents)", *(f"-tag:topic{n}" for n in range(20))])
    assert 100 < len(query) <= 300
    shown = await library.member.slash(library.general, "follow", query=query)
    assert all(len(each) <= 100 for each in custom_ids(message_of(shown)))
    await library.member.click(message_of(shown), label="Follow")
    (only,) = (await get_following(library, library.member)).queries
    assert only.query == query


async def test_a_query_that_is_too_long_is_not_lost(library: Server) -> None:
    query = "tag:video " * 40
    shown = await library.member.slash(library.general, "follow", query=query)
    assert explain(Refusal.FILTER_TOO_LONG, number=300) in answer(shown)
    again = await library.member.click(message_of(shown), label="Correct it")
    assert read_modal(again)["query"] == query.strip()


async def test_everything_is_what_the_inbox_is_for(library: Server) -> None:
    told = await ask(library, library.member, "follow", query="   ")
    assert explain(Refusal.FOLLOWS_EVERYTHING) in told


async def test_the_26th_query_is_refused_kindly(library: Server) -> None:
    for number in range(MAX_FOLLOWED):
        await follow(library, library.member, f"tag:topic{number}")
    told = await follow(library, library.member, "tag:video")
    assert answer(told) == explain(Refusal.TOO_MANY_FOLLOWED, number=MAX_FOLLOWED)
    assert button_labels(message_of(told)) == ["What you follow"]
    again = await follow(library, library.member, "tag:topic3", click="Weekly instead")  # it is followed already
    assert "You follow" in answer(again)


async def test_what_was_searched_can_be_followed(library: Server) -> None:
    found = await library.member.slash(library.general, "paper search", query="tag:video")
    shown = await library.member.click(message_of(found), label="Follow")
    assert "### Follow `tag:video`?" in answer(shown)
    assert isinstance(message_of(shown), simcord.ResponseMessage)


async def test_a_shared_search_lets_everyone_follow_it_for_themselves(library: Server) -> None:
    await library.admin.slash(library.general, "paper search", query="tag:video", share=True)
    (shared,) = library.general.history()
    shown = await library.member.click(shared, label="Follow")
    assert "### Follow `tag:video`?" in answer(shown)
    await library.member.click(message_of(shown), label="Follow")
    assert (await get_following(library, library.admin)).followed == ()
    assert len((await get_following(library, library.member)).followed) == 1
