"""Following works in servers, in direct messages, and for people who installed the bot for themselves."""

from tests.support.following import bring_digest, follow, get_following, read_inbox
from tests.support.messages import answer
from tests.support.papers_server import Papers
from tests.support.server import Server


async def test_it_works_in_direct_messages(library: Server, papers_server: Papers) -> None:
    reader = library.member
    told = await follow(library, reader.user, "tag:video")
    assert answer(told).startswith("**You follow `tag:video`**, daily.")
    assert len(read_inbox(reader)) == 1  # what only the reader sees is no message of the channel
    await bring_digest(library, papers_server)
    assert len(read_inbox(reader)) == 2
    shown = await reader.user.slash("following")
    assert "- `tag:video` · daily" in answer(shown)
    assert answer(await reader.user.slash("inbox")).startswith("### Your inbox")


async def test_it_works_in_a_server_where_the_bot_is_not(library: Server, papers_server: Papers) -> None:
    """Somebody installed it for themselves, and shares no server with it."""
    stranger = library.env.create_user("hedy")
    told = await follow(library, stranger, "tag:video")
    assert answer(told).startswith("**You follow `tag:video`**, daily.")
    await bring_digest(library, papers_server)
    messages = list(stranger.dm_channel.history())
    assert len(messages) == 2
    stopped = await stranger.click(messages[-1], label="Stop all")
    assert "No more papers come." in answer(stopped)
    assert (await library.bot.services.follower.get_overview(stranger.id)).followed == ()


async def test_everyone_can_install_it_and_use_it_everywhere(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    installs = {each["name"]: (each["integration_types"], each["contexts"]) for each in registered}
    for name in ("follow", "following", "inbox"):
        assert installs[name] == ([0, 1], [0, 1, 2])


async def test_what_somebody_follows_in_one_place_is_what_they_follow_everywhere(library: Server) -> None:
    await follow(library, library.member, "tag:video")
    await follow(library, library.member.user, "tag:agents")
    known = await get_following(library, library.member)
    assert [each.query for each in known.queries] == ["tag:video", "tag:agents"]
