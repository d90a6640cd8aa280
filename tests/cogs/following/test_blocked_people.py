"""People whom the operator blocks: one polite refusal, and nothing comes to them until they are not."""

import pytest

from bot.blocking import Blocklist
from bot.storage import SubscriptionState
from tests.support.following import ask, bring_digest, follow, get_following, read_inbox
from tests.support.messages import answer, message_of
from tests.support.papers_server import Papers
from tests.support.server import Server

REFUSED = "Whoever runs this bot doesn't let you use it"


def block(*people: int) -> Blocklist:
    return Blocklist(people=frozenset(people))


async def test_a_blocked_person_is_refused_politely_and_alone_and_can_still_have_their_data_deleted(
    library: Server,
) -> None:
    shown = await library.member.slash(library.general, "paper search", query="video")
    await follow(library, library.member, "tag:video")
    await library.restart(block(library.member.id))
    for command, options in (("paper today", {}), ("follow", {"query": "tag:video"}), ("following", {}), ("help", {})):
        result = await library.member.slash(library.general, command, **options)
        assert result.response
        assert answer(result).startswith(REFUSED)
        assert result.response.ephemeral
    clicked = await library.member.click(message_of(shown), label="Share")
    assert answer(clicked).startswith(REFUSED)
    suggested = await library.member.autocomplete(library.general, "paper search", "query", "vid")
    assert list(suggested) == []
    assert REFUSED not in await ask(library, library.admin, "paper today")
    assert REFUSED not in await ask(library, library.member, "privacy about")
    asked = await library.member.slash(library.general, "privacy delete")
    deleted = answer(await library.member.click(message_of(asked), label="Delete everything about me"))
    assert REFUSED not in deleted
    assert (await get_following(library, library.member)).subscription is None


@pytest.mark.parametrize(("how", "click"), [("daily", "Follow"), ("at once", "Follow at once")])
async def test_nothing_comes_to_a_blocked_person_and_later_one_message_has_what_was_missed(
    library: Server, papers_server: Papers, how: str, click: str
) -> None:
    await follow(library, library.member, "tag:video", how=how, click=click)
    await follow(library, library.admin, "tag:video")
    before = len(read_inbox(library.member))
    await library.restart(block(library.member.id))
    for number in range(1, 4):
        await bring_digest(library, papers_server, first=10 * number + 1)
    assert len(read_inbox(library.member)) == before
    assert len(read_inbox(library.admin)) > 3
    known = await get_following(library, library.member)
    assert known.subscription
    assert known.subscription.state is SubscriptionState.SUSPENDED
    await library.restart()
    for _ in range(3):
        await library.later(minutes=1)
    (message,) = read_inbox(library.member)[before:]
    assert all(f"2601.000{number}1" in str(message.components) for number in range(1, 4))
    assert (await library.member.slash(library.general, "paper today")).followups == []  # no talk of a closed inbox


async def test_a_digest_on_its_way_to_a_person_who_is_blocked_then_is_not_sent(
    library: Server, papers_server: Papers
) -> None:
    await follow(library, library.member, "tag:video")
    before = len(read_inbox(library.member))
    library.env.inject_error("POST", f"/channels/{library.member.user.dm_channel.id}/messages", status=503, times=99)
    await bring_digest(library, papers_server)
    await library.restart(block(library.member.id))
    library.env.backend.faults.clear()
    await library.later(hours=1)
    assert len(read_inbox(library.member)) == before
    await library.restart()
    for _ in range(3):
        await library.later(hours=1)
    assert len(read_inbox(library.member)) == before + 1


async def test_a_servers_digest_that_a_blocked_person_set_up_goes_on(library: Server, papers_server: Papers) -> None:
    await library.subscribe()
    await library.restart(block(library.admin.id))
    await bring_digest(library, papers_server)
    assert len(library.posted) == 1
    assert (await ask(library, library.admin, "digest list")).startswith(REFUSED)
