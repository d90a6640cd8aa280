"""`/digest wipe-everything`: all data of a server is deleted, and nothing of another."""

import simcord

from bot.layouts.history import NO_ACTIONS
from bot.layouts.privacy import DELETED
from bot.refusals import Refusal
from tests.support.builders import explain
from tests.support.guilds import TABLES_OF_A_SERVER, channel, new_server, read_channels, read_rows_of
from tests.support.messages import answer, custom_ids, open_details, paper_ids
from tests.support.server import GUILD_ID, Server, other_admin, post


async def both(server: Server) -> simcord.MemberActor:
    """Fill two servers with the same data; gives the admin of the other one."""
    other = new_server(server, "digest")
    emmy: simcord.MemberActor = other_admin(server, other, "emmy")
    where = channel(other, "digest")
    await emmy.slash(where, "digest add", channel=where, time="9:00", timezone="UTC")
    await emmy.slash(where, "digest setup")
    await server.admin.slash(server.general, "digest setup")
    await post(server)
    assert all(len(rows) for name, rows in read_rows_of(server, other.id).items() if name != "notices")
    return emmy


async def forget(server: Server, clicks: int = 1) -> str:
    """What the admin reads after the last click on the button."""
    result = await server.admin.slash(server.general, "digest wipe-everything")
    assert result.response
    for _ in range(clicks):
        told = answer(await server.admin.click(result.response, custom_id="forget:everything"))
    return told


async def test_forgetting_asks_first(server: Server) -> None:
    await both(server)
    before = server.tables()
    result = await server.admin.slash(server.general, "digest wipe-everything")
    assert "This deletes 1 subscription, the record of every digest posted here" in answer(result)
    assert result.response
    assert custom_ids(result.response) == ["forget:everything"]
    assert server.tables() == before


async def test_the_forget_button_deletes_all_data_of_that_server_and_nothing_of_another(server: Server) -> None:
    emmy = await both(server)
    other_id = emmy.guild.id
    await server.bot.services.storage.notices.record_first_notice(GUILD_ID, 1, 1, server.clock.now)
    before, archive = read_rows_of(server, other_id), server.tables()
    assert await forget(server) == DELETED
    left = read_rows_of(server, GUILD_ID)
    assert {name for name, rows in left.items() if rows} == {"guilds"}  # otherwise it would be welcomed again
    assert read_rows_of(server, other_id) == before
    after = server.tables()
    untouched = after.keys() - TABLES_OF_A_SERVER - {"traces"}
    assert {name: after[name] for name in untouched} == {name: archive[name] for name in untouched}
    assert len(server.posted) == 1


async def test_after_forgetting_a_server_starts_from_scratch_and_is_not_welcomed_again(server: Server) -> None:
    await post(server)
    assert await forget(server) == DELETED
    await server.restart()
    assert await server.ask("digest list") == explain(Refusal.NO_SUBSCRIPTIONS)
    assert await server.ask("digest log") == NO_ACTIONS
    assert read_channels(server.guild)["general"] == []
    await server.subscribe()
    await server.later(days=1)
    assert [len(paper_ids(message)) for message in server.papers.history()] == [5, 5]


async def test_the_forget_button_refuses_a_member_and_nothing_changes(server: Server) -> None:
    await post(server)
    backend = server.env.backend
    button = {"type": 2, "style": 4, "label": "Delete everything", "custom_id": "forget:everything"}
    rows = [{"type": 10, "content": "Delete everything about this server?"}, {"type": 1, "components": [button]}]
    backend.create_message(server.general.id, backend.bot_user.id, components=rows, flags=1 << 15)
    (message,) = server.general.history()
    before = server.tables()
    result = await server.member.click(message, custom_id="forget:everything")
    assert answer(result) == explain(Refusal.MANAGE_SERVER_NEEDED)
    assert server.tables() == before


async def test_a_second_click_on_the_forget_button_is_answered_too(server: Server) -> None:
    await post(server)
    assert await forget(server, clicks=2) == DELETED


async def test_the_details_of_a_digest_go_on_opening_after_forgetting(server: Server) -> None:
    message = await post(server)
    assert await forget(server) == DELETED
    assert "Paper 2601.00001" in await open_details(server.member, message, "2601.00001")
