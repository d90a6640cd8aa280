"""`/following` with a paper, and *Why a paper?*: why it came, or what keeps it."""

from datetime import timedelta

import pytest

from bot.storage import How, Muted, MutedKind
from tests.support.following import (
    ask,
    bring_digest,
    close_inbox,
    follow,
    get_following,
    list_papers,
    read_inbox,
)
from tests.support.messages import answer, button_labels, custom_ids, message_of, read_texts
from tests.support.panel import read_modal
from tests.support.papers_server import Papers
from tests.support.server import Server, stale_button

FIRST = "2601.00001"  # by LeCun
SECOND = "2601.00002"  # by Noether


async def test_a_paper_that_came_says_when_and_by_what_and_leads_there(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, "author:lecun")
    await bring_digest(library, papers_server)
    message = read_inbox(library.member)[-1]
    shown = await library.member.slash(library.general, "following", paper=FIRST)
    assert answer(shown).startswith(f"### Why this paper?\n**[Paper {FIRST}](")
    url = f"https://discord.com/channels/@me/{library.member.user.dm_channel.id}/{message.id}"
    assert f"→ [jump]({url}). Brought by `author:lecun`. No paper comes twice." in answer(shown)
    assert button_labels(message_of(shown)) == ["Details", "Less like this", "Another paper", "What you follow"]
    less = await library.member.click(message_of(shown), label="Less like this")
    assert answer(less).startswith("### Less like this")


async def test_what_may_come_says_with_which_run_and_what_does_not_match(library: Server) -> None:
    await follow(library, library.member, "author:lecun")
    await follow(library, library.member, "author:noether")
    told = await ask(library, library.member, "following", paper=FIRST)
    run = int(library.clock.now.replace(hour=9).timestamp())
    if library.clock.now.hour >= 9:
        run += int(timedelta(days=1).total_seconds())
    assert f"→ Not yet.\n- `author:lecun` matches it. It comes with the run of <t:{run}:f>." in told
    assert "-# `author:noether` doesn't match it." in told


async def test_a_list_that_is_open_says_until_when(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, "author:lecun")
    list_papers(papers_server, library.clock.now.date(), 21, ["Yann LeCun"])
    await library.read_lists()
    told = await ask(library, library.member, "following", paper="2601.00021")
    assert "`author:lecun` matches it. The list of " in told
    assert "is open until <t:" in told
    assert "and it comes with the run of <t:" in told


async def test_too_few_upvotes_to_come_at_once_are_counted(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, "author:lecun", click="Follow at once", how="at once")
    list_papers(papers_server, library.clock.now.date(), 180, ["Yann LeCun"])
    await library.read_lists()
    told = await ask(library, library.member, "following", paper="2601.00180")
    assert "`author:lecun` matches it, but it has 20 upvotes, and comes at once only with 50." in told


async def test_a_paper_that_nothing_matches_offers_to_follow_something_that_does(library: Server) -> None:
    await follow(library, library.member, "author:noether")
    shown = await library.member.slash(library.general, "following", paper=FIRST)
    assert "It does not come: nothing that you follow matches it." in answer(shown)
    offered = await library.member.click(message_of(shown), label="Follow…")
    assert "Yann LeCun" in str(message_of(offered).components)


async def test_who_follows_nothing_learns_how(library: Server) -> None:
    shown = await library.member.slash(library.general, "following", paper=FIRST)
    assert "you follow nothing right now" in answer(shown)
    assert "Follow…" in button_labels(message_of(shown))


async def test_each_example_has_its_likeness_with_the_bar(library: Server) -> None:
    await follow(library, library.member, f"tag:video like:{FIRST} -like:{SECOND}")
    told = await ask(library, library.member, "following", paper=FIRST)
    assert f"-# Likeness: 1.00 to {FIRST}, " in told
    assert f" to {SECOND} (pushed away). A paper is like another from 0.4 on." in told


async def test_however_much_one_follows_it_fits_in_a_message(library: Server) -> None:
    services, me = library.bot.services, library.member.id
    await follow(library, library.member, "author:lecun")
    for number in range(24):
        likes = " OR ".join(f"like:26{number + 10}.0000{each}" for each in range(1, 9))
        text = f"(paper OR ééé{number}*_`\\~| OR {'[x](y) ' * 9}OR {likes})"
        await services.follower.follow(me, text, How.DAILY, 1, None, library.clock.now)
    for number in range(30):
        await services.follower.mute(me, Muted(MutedKind.TAG, f"*{number}*" * 20), library.clock.now)
    for each in ("video", "agents"):
        await services.follower.mute(me, Muted(MutedKind.TAG, each), library.clock.now)
    told = await ask(library, library.member, "following", paper=FIRST)
    assert "Kept back" in told
    assert "more match it." in told
    assert "and 172 more. A paper is like another from" in told


async def test_a_mute_is_undone_where_it_is_named(library: Server) -> None:
    await follow(library, library.member, "author:lecun")
    services, now = library.bot.services, library.clock.now
    for each in (Muted(MutedKind.TAG, "video"), Muted(MutedKind.ORG, "Meta"), Muted(MutedKind.TAG, "other")):
        await services.follower.mute(library.member.id, each, now)
    shown = await library.member.slash(library.general, "following", paper=FIRST)
    assert "Kept back: you see less of *Meta* and the tag *video*." in answer(shown)
    assert "- `author:lecun` matches it." in answer(shown)
    one = await library.member.click(message_of(shown), label="Undo: less of Tag: video")
    assert "Kept back: you see less of *Meta*." in answer(one)
    both = await library.member.click(message_of(one), label="Undo: less of Organization: Meta")
    assert "→ Not yet." in answer(both)
    again = stale_button(library, "why:undo:2601.00001:" + "0" * 24)
    assert "→ Not yet." in answer(await library.member.click(again, custom_id="why:undo:2601.00001:" + "0" * 24))
    assert [each.value for each in (await get_following(library, library.member)).muted] == ["other"]


async def test_a_mute_that_would_keep_it_too_is_named_and_undone(library: Server) -> None:
    await follow(library, library.member, "author:noether")
    await library.bot.services.follower.mute(library.member.id, Muted(MutedKind.TAG, "video"), library.clock.now)
    shown = await library.member.slash(library.general, "following", paper=FIRST)
    assert "nothing that you follow matches it.\nYou also see less of the tag *video*." in answer(shown)
    undone = await library.member.click(message_of(shown), label="Undo: less of Tag: video")
    assert "You also see less of" not in answer(undone)


async def test_a_click_of_another_undoes_nothing_of_mine_and_tells_nothing(library: Server) -> None:
    await follow(library, library.member, "author:lecun")
    muted = Muted(MutedKind.TAG, "video")
    await library.bot.services.follower.mute(library.member.id, muted, library.clock.now)
    shown = await library.member.slash(library.general, "following", paper=FIRST)
    (undo,) = [each for each in custom_ids(message_of(shown)) if each.startswith("why:undo")]
    told = answer(await library.admin.click(stale_button(library, undo), custom_id=undo))
    assert "you follow nothing right now" in told
    assert "lecun" not in told
    assert (await get_following(library, library.member)).muted == (muted,)


async def test_closed_direct_messages_are_named_with_a_way_out(library: Server) -> None:
    close_inbox(library, library.member)
    await follow(library, library.member, "author:lecun")
    shown = await library.member.slash(library.general, "following", paper=FIRST)
    assert "Your direct messages are closed" in answer(shown)
    assert button_labels(message_of(shown))[0] == "Try again"


async def test_the_button_asks_for_the_paper_and_answers_in_place(library: Server) -> None:
    await follow(library, library.member, "author:lecun")
    shown = await library.member.slash(library.general, "following")
    asked = await library.member.click(message_of(shown), label="Why a paper?")
    assert read_modal(asked) == {"paper": ""}
    told = await library.member.submit_modal(asked, {"paper": f"https://arxiv.org/abs/{FIRST}"})
    assert "matches it. It comes with the run of" in answer(told)
    asked = await library.member.click(message_of(told), label="Another paper")
    told = await library.member.submit_modal(asked, {"paper": f"Paper {SECOND}"})
    assert f"[Paper {SECOND}]" in answer(told)
    back = await library.member.click(message_of(told), label="What you follow")
    assert answer(back).startswith("## What you follow")


@pytest.mark.parametrize("typed", ["   ", "zzzz", "2601.99999", "min:many", "https://example.com/"])
async def test_what_is_no_paper_is_refused_as_everywhere(library: Server, typed: str) -> None:
    await follow(library, library.member, "author:lecun")
    expected = answer(await library.member.slash(library.general, "paper similar", paper=typed))
    assert await ask(library, library.member, "following", paper=typed) == expected
    shown = await library.member.slash(library.general, "following")
    asked = await library.member.click(message_of(shown), label="Why a paper?")
    told = await library.member.submit_modal(asked, {"paper": typed})
    assert expected in {answer(told), *map(read_texts, filter(None, [each.message for each in told.followups]))}


async def test_papers_are_offered_while_one_types(library: Server) -> None:
    offered = await library.member.autocomplete(library.general, "following", "paper", "paper")
    assert FIRST in str(offered)
