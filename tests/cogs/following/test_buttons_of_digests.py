"""The buttons of a digest work whenever they are clicked: from old messages, twice, and after a restart."""

import discord

from bot.storage import How
from bot.storage.followed_queries import MAX_FOLLOWED
from tests.support.following import bring_digest, follow, get_following, list_papers, read_inbox
from tests.support.messages import answer, button_labels, custom_ids, message_of, options, paper_ids
from tests.support.papers_server import Papers
from tests.support.server import Server


def find_less(digest: discord.Message) -> str:
    """The custom_id of *Less like…*."""
    return next(each for each in custom_ids(digest) if each.startswith("less:"))


async def test_the_details_of_a_paper_open(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, "tag:video")
    await bring_digest(library, papers_server)
    digest = read_inbox(library.member)[-1]
    opened = await library.member.user.select(digest, ["2601.00011"], custom_id=custom_ids(digest)[0])
    assert "Paper 2601.00011" in answer(opened)


async def test_what_brought_a_digest_is_stopped_by_one_click_and_followed_again(
    library: Server, papers_server: Papers
) -> None:
    await follow(library, library.member, "author:lecun")
    await follow(library, library.member, "tag:nothing")
    await bring_digest(library, papers_server)
    digest = read_inbox(library.member)[-1]
    stopped = await library.member.user.click(digest, label="Stop this")
    assert "**Stopped `author:lecun`.**" in answer(stopped)
    assert [each.query for each in (await get_following(library, library.member)).queries] == ["tag:nothing"]
    again = await library.member.user.click(digest, label="Stop this")
    assert answer(again) == "That was stopped already. Nothing of it comes."
    await library.member.user.click(message_of(stopped), label="Undo")
    assert len((await get_following(library, library.member)).queries) == 2


async def test_if_several_queries_brought_papers_a_click_asks_which_one_should_stop(
    library: Server, papers_server: Papers
) -> None:
    await follow(library, library.member, "author:lecun")
    await follow(library, library.member, "author:noether")
    await bring_digest(library, papers_server)
    digest = read_inbox(library.member)[-1]
    asked = await library.member.user.click(digest, label="Stop one of these")
    _, second = options(message_of(asked), "stop:one")
    stopped = await library.member.user.select(message_of(asked), [second], custom_id="stop:one")
    assert "**Stopped `author:noether`.**" in answer(stopped)


async def test_stop_all_works_from_an_old_message_twice_and_after_a_restart(
    library: Server, papers_server: Papers
) -> None:
    await follow(library, library.member, "tag:video")
    await bring_digest(library, papers_server)
    await bring_digest(library, papers_server, first=21)
    _, old, *_ = read_inbox(library.member)
    await library.restart()
    stopped = await library.member.user.click(old, label="Stop all")
    assert "No more papers come." in answer(stopped)
    again = await library.member.user.click(old, label="Stop all")
    assert answer(again) == "That was stopped already. Nothing of it comes."
    await library.restart()
    shown = await library.member.user.click(message_of(stopped), label="Undo")
    assert "- `tag:video` · daily" in answer(shown)
    await bring_digest(library, papers_server, first=31)
    assert paper_ids(read_inbox(library.member)[-1]) == ["2601.00031", "2601.00032", "2601.00033"]


async def test_the_first_message_stops_all_too(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    (first,) = read_inbox(library.member)
    assert button_labels(first) == ["What you follow", "Stop all"]
    assert "**Stopped `tag:video`.**" in answer(await library.member.user.click(first, label="Stop all"))


async def test_less_like_this_mutes_at_once_and_is_undone_there(library: Server, papers_server: Papers) -> None:
    await follow(library, library.member, "tag:video")
    await bring_digest(library, papers_server)
    digest = read_inbox(library.member)[-1]
    asked = await library.member.user.select(digest, ["2601.00012"], custom_id=find_less(digest))
    keys = options(message_of(asked), "mute:2601.00012")
    assert len(keys) == 5  # like it, two tags, the organization, the author
    muted = await library.member.user.select(message_of(asked), [keys[-1], keys[1]], custom_id="mute:2601.00012")
    assert "You see less of the tag *video* and *Emmy Noether*." in answer(muted)
    await library.member.user.select(message_of(muted), [keys[-1]], custom_id="mute:2601.00012")
    assert [each.value for each in (await get_following(library, library.member)).muted] == ["Emmy Noether"]
    await bring_digest(library, papers_server, first=21)
    assert paper_ids(read_inbox(library.member)[-1]) == ["2601.00021", "2601.00023"]
    shown = await library.member.user.select(digest, ["2601.00012"], custom_id=find_less(digest))
    await library.member.user.select(message_of(shown), [], custom_id="mute:2601.00012")
    assert (await get_following(library, library.member)).muted == ()


async def test_a_digest_of_many_papers_has_a_line_for_each_and_asks_which_one_is_meant(
    library: Server, papers_server: Papers
) -> None:
    day = library.clock.now.date()
    list_papers(papers_server, day, 100, ["Ada Lovelace"] * 30)
    await follow(library, library.member, 'author:"Ada Lovelace"')
    await library.later(days=1)
    await library.read_lists()
    await library.later(hours=2)
    _, digest, rest = read_inbox(library.member)
    assert (len(paper_ids(digest)), len(paper_ids(rest))) == (25, 5)
    asked = await library.member.user.click(digest, label="Less like this")
    assert options(message_of(asked), "less:0") == paper_ids(digest)
    less = await library.member.user.select(message_of(asked), ["2601.00105"], custom_id="less:0")
    assert "### Less like this" in answer(less)
    asked = await library.member.user.click(digest, label="Save…")
    assert options(message_of(asked), "save") == paper_ids(digest)
    saved = await library.member.user.select(message_of(asked), ["2601.00105"], custom_id="save")
    assert answer(saved).startswith("Saved **")
    assert "save:2601.00129" in custom_ids(rest)  # five papers have buttons with their numbers


async def test_one_reader_stops_and_the_other_goes_on(library: Server, papers_server: Papers) -> None:
    for reader in (library.member, library.admin):
        await follow(library, reader, "tag:video")
    await bring_digest(library, papers_server)
    mine, theirs = (read_inbox(each)[-1] for each in (library.member, library.admin))
    assert paper_ids(mine) == paper_ids(theirs)
    await library.member.user.click(mine, label="Stop all")
    await bring_digest(library, papers_server, first=21)
    assert [len(read_inbox(each)) for each in (library.member, library.admin)] == [2, 3]


async def test_a_message_that_discord_takes_only_as_plain_lines_can_be_stopped_as_well(
    library: Server, papers_server: Papers
) -> None:
    await follow(library, library.member, "tag:video")
    path = f"/channels/{library.member.user.dm_channel.id}/messages"
    library.env.inject_error("POST", path, status=400, code=240000, times=2)
    await bring_digest(library, papers_server)
    digest = read_inbox(library.member)[-1]
    assert button_labels(digest)[-2:] == ["Stop all", "What you follow"]
    assert "No more papers come." in answer(await library.member.user.click(digest, label="Stop all"))


async def test_an_undo_follows_again_all_that_there_is_room_for(library: Server) -> None:
    follower, member, now = library.bot.services.follower, library.member, library.clock.now
    await follow(library, member, "tag:video")
    for number in range(1, MAX_FOLLOWED):
        await follower.follow(member.id, f"tag:t{number}", How.DAILY, 0, None, now)
    await follower.change_inbox(member.id, How.WEEKLY, 0, None, now)
    stopped = await member.user.click(read_inbox(member)[0], label="Stop all")
    await follower.follow(member.id, "tag:new", How.DAILY, 0, None, now)
    shown = await member.user.click(message_of(stopped), label="Undo")
    following = await get_following(library, member)
    assert (len(following.queries), following.inbox is not None) == (MAX_FOLLOWED, True)
    assert "What there was no room for any more stays stopped." in answer(shown)
    assert "- `tag:video`" in answer(shown)


async def test_what_i_muted_elsewhere_meanwhile_is_not_undone_by_an_older_message(
    library: Server, papers_server: Papers
) -> None:
    member = library.member
    await follow(library, member, "tag:video")
    await bring_digest(library, papers_server)
    digest = read_inbox(member)[-1]
    asked = [
        await member.user.select(digest, [each], custom_id=find_less(digest)) for each in ("2601.00011", "2601.00012")
    ]
    tag = options(message_of(asked[0]), "mute:2601.00011")[1]
    await member.user.select(message_of(asked[0]), [tag], custom_id="mute:2601.00011")
    author = options(message_of(asked[1]), "mute:2601.00012")[-1]
    both = await member.user.select(message_of(asked[1]), [author], custom_id="mute:2601.00012")
    assert "You see less of the tag *video* and *Emmy Noether*." in answer(both)
    none = await member.user.select(message_of(both), [], custom_id="mute:2601.00012")
    assert "You see less of" not in answer(none)
