"""Whose direct messages are closed is told how to open them: at once, and once more at their next command."""

from bot.storage import SubscriptionState
from tests.support.following import ask, bring_digest, close_inbox, follow, get_following, read_inbox, read_inbox_texts
from tests.support.messages import answer, button_labels, message_of, read_texts
from tests.support.papers_server import Papers
from tests.support.server import Server


async def test_a_closed_inbox_shows_at_the_first_click_and_nothing_is_lost(library: Server) -> None:
    close_inbox(library, library.member)
    told = await follow(library, library.member, "tag:video")
    assert answer(told).startswith("**`tag:video` is kept**, but I can't send you direct messages yet.")
    assert "*Privacy Settings*" in answer(told)
    known = await get_following(library, library.member)
    assert known.subscription
    assert known.subscription.state is SubscriptionState.SUSPENDED
    opened = await library.member.click(message_of(told), label="Try again")
    assert "✓ Your direct messages are open." in answer(opened)
    first = read_inbox_texts(library.member)[0]
    assert first.startswith("## This is where your papers come\nPapers that match `tag:video`, daily.")
    assert "They come every day at 09:00, UTC time." in first
    known = await get_following(library, library.member)
    assert known.subscription
    assert known.subscription.state is SubscriptionState.ACTIVE


async def test_trying_again_while_it_is_still_closed_says_so(library: Server) -> None:
    close_inbox(library, library.member, times=2)
    told = await follow(library, library.member, "tag:video")
    again = await library.member.click(message_of(told), label="Try again")
    assert answer(again).startswith("**I can't send you direct messages**")
    assert "⚠️ **Your direct messages are closed**" in await ask(library, library.member, "following")
    assert "⚠️ **Your direct messages are closed**" not in await ask(library, library.admin, "following")


async def test_following_more_meanwhile_tries_again(library: Server) -> None:
    close_inbox(library, library.member)
    await follow(library, library.member, "tag:video")
    told = answer(await follow(library, library.member, "tag:agents"))
    assert told.startswith("**You follow `tag:agents`**")
    assert len(read_inbox(library.member)) == 1


async def test_whoever_closes_it_later_hears_of_it_once_after_their_next_command(
    library: Server, papers_server: Papers
) -> None:
    await follow(library, library.member, "tag:video")
    close_inbox(library, library.member, code=50278)
    await bring_digest(library, papers_server)
    assert len(read_inbox(library.member)) == 1
    result = await library.member.slash(library.general, "paper today")
    (notice,) = result.followups
    assert notice.ephemeral
    assert read_texts(notice.message).startswith("**I can't send you direct messages**, so nothing comes.")
    assert (await library.member.slash(library.general, "paper today")).followups == []
    await library.member.click(notice, label="Try again")
    await bring_digest(library, papers_server, first=21)
    assert len(read_inbox(library.member)) == 3  # what was missed comes too
    assert "2601.00011" in str(read_inbox(library.member)[-1].components)


async def test_somebody_elses_closed_inbox_is_nobody_elses_business(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, "tag:video")
    close_inbox(library, library.member)
    await bring_digest(library, papers_server)
    assert (await library.admin.slash(library.general, "paper today")).followups == []


async def test_discords_pace_is_explained_and_the_rest_is_kept(library: Server) -> None:
    library.env.inject_error("POST", "/users/@me/channels", status=400, code=40003, times=1)
    told = await follow(library, library.member, "tag:video")
    assert answer(told).startswith("**`tag:video` is kept**, but I can't write to you right now.")
    assert button_labels(message_of(told)) == ["Try again", "What you follow"]
    listed = await ask(library, library.member, "following")
    assert "⚠️ **I can't write to you right now**, so nothing comes." in listed
    assert "are closed" not in listed
    library.clock.advance(minutes=10)
    opened = await library.member.click(message_of(told), label="Try again")
    assert "✓ Your direct messages are open." in answer(opened)
    assert len(read_inbox(library.member)) == 1


async def test_if_discord_rejects_what_i_follow_in_the_first_message_a_plain_one_comes(library: Server) -> None:
    close_inbox(library, library.member, status=400, code=240000)
    told = answer(await follow(library, library.member, "tag:video"))
    assert told.startswith("**You follow `tag:video`**, daily. I've just sent you a direct message")
    (first,) = read_inbox_texts(library.member)
    assert first.startswith("## This is where your papers come")
    assert "tag:video" not in first


async def test_after_stopping_all_while_it_was_closed_following_again_tries_it_at_once(
    library: Server, papers_server: Papers
) -> None:
    member = library.member
    await follow(library, member, "tag:video")
    close_inbox(library, member, times=2)
    await bring_digest(library, papers_server)
    (first,) = read_inbox(member)
    stopped = await member.user.click(first, label="Stop all")
    again = await member.user.click(message_of(stopped), label="Undo")
    assert "⚠️ **Your direct messages are closed**" in answer(again)
    await member.user.click(first, label="Stop all")
    told = await follow(library, member, "tag:agents")
    assert answer(told).startswith("**`tag:agents` is kept**, but I can't send you direct messages yet.")
