"""The role that a digest pings."""

import pytest
import simcord

from bot.demo.papers_server import PapersServer
from bot.layouts.advice import advise_admin
from bot.reasons import Reason, ReasonKind
from bot.storage import DeliveryState
from tests.support import builders
from tests.support.builders import DAY, entries, entry
from tests.support.destinations import DESTINATIONS, latest, list_messages, list_sent, made
from tests.support.messages import paper_ids, read_texts
from tests.support.server import Server, forbid


@pytest.fixture
def readers(server: Server) -> simcord.RoleHandle:
    return server.guild.create_role("Readers", mentionable=True)


@pytest.mark.parametrize("name", DESTINATIONS)
async def test_only_the_chosen_role_is_pinged_and_only_by_the_first_message(
    server: Server, readers: simcord.RoleHandle, name: str
) -> None:
    channel = await made(server, DESTINATIONS[name], ping_role_id=readers.id)
    await server.later(hours=1)
    first, *others = list_sent(server)
    assert first["allowed_mentions"] == {"parse": [], "roles": [readers.id]}
    assert [body["allowed_mentions"] for body in others] == [{"parse": []}] * len(others)
    shown = [f"<@&{readers.id}>" in read_texts(message) for message in list_messages(channel) if paper_ids(message)]
    assert shown == [True] + [False] * (len(shown) - 1)


@pytest.mark.parametrize(("upvotes", "pinged"), [(0, True), (70, True), (71, False)])
async def test_a_role_is_pinged_only_from_the_chosen_number_of_upvotes(
    server: Server, readers: simcord.RoleHandle, upvotes: int, pinged: bool
) -> None:
    await made(server, DESTINATIONS["text"], ping_role_id=readers.id, ping_upvotes=upvotes)
    await server.later(hours=1)
    (body,) = list_sent(server)
    assert body["allowed_mentions"] == ({"parse": [], "roles": [readers.id]} if pinged else {"parse": []})
    assert (f"<@&{readers.id}>" in str(body)) is pinged


@pytest.mark.parametrize("name", DESTINATIONS)
async def test_everyone_is_never_pinged(server: Server, papers_server: PapersServer, name: str) -> None:
    papers_server.lists = {DAY: [entry("2601.00001", title="@everyone @here <@&1>", upvotes=9)]}
    await made(server, DESTINATIONS[name], ping_role_id=server.guild.id)  # the id of @everyone
    await server.later(hours=1)
    (body,) = list_sent(server)
    assert body["allowed_mentions"] == {"parse": []}
    assert f"<@&{server.guild.id}>" not in str(body)


async def test_a_deleted_role_is_no_longer_pinged_and_the_status_says_so(
    server: Server, readers: simcord.RoleHandle
) -> None:
    await made(server, DESTINATIONS["text"], ping_role_id=readers.id)
    server.env.backend.delete_role(server.guild.id, readers.id)
    await server.later(hours=1)
    (body,) = list_sent(server)
    assert body["allowed_mentions"] == {"parse": []}
    assert advise_admin(0, Reason(ReasonKind.ROLE_GONE)) in await server.ask("digest status")


async def test_a_role_that_cannot_be_notified_is_named_in_the_status_and_the_digest_is_posted(server: Server) -> None:
    quiet = server.guild.create_role("Quiet")
    channel = await made(server, DESTINATIONS["text"], ping_role_id=quiet.id)
    forbid(server, channel, "mention_everyone")
    await server.later(hours=1)
    assert len(channel.history()) == 1
    assert advise_admin(0, Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=quiet.id)) in await server.ask("digest status")
    forbid(server, channel)
    assert advise_admin(0, Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=quiet.id)) not in await server.ask(
        "digest status"
    )


async def test_a_quiet_line_pings_nobody_and_opens_no_thread(
    server: Server, papers_server: PapersServer, readers: simcord.RoleHandle
) -> None:
    papers_server.lists = {DAY: entries(2)}
    channel = await made(server, DESTINATIONS["a thread"], ping_role_id=readers.id, quiet_line=True)
    services = server.bot.services
    await services.archive.refresh_list(DAY, server.clock.now)
    await server.later(hours=1)
    papers_server.lists[builders.DAY.replace(day=16)] = entries(2, DAY.replace(day=16))  # the same again
    await server.later(days=1)
    assert (await latest(server)).state is DeliveryState.QUIET
    assert len(channel.threads) == 1
    *_, body = list_sent(server)
    assert "Nothing new today" in str(body)
    assert body["allowed_mentions"] == {"parse": []}
