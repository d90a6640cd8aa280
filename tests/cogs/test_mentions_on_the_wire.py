"""Clickable commands over real HTTP: by the ids that Discord gave, and as code while there are none."""

from bot.app import Services
from bot.layouts.refusals import explain_refusal
from bot.refusals import Refusal, Refused
from tests.support.builders import Clock
from tests.support.delivery_rig import running_bot
from tests.support.wire import Fault, Wire

TEXT = explain_refusal(Refused(Refusal.NO_SUBSCRIPTIONS))


async def test_commands_are_mentioned_by_the_ids_that_discord_gave(
    services: Services, wire: Wire, clock: Clock
) -> None:
    guild = wire.add_guild()
    for _ in range(2):  # the second start registers nothing
        async with running_bot(services, wire) as bot:
            answer = await wire.command(guild.general, "digest pause")
            expected = TEXT.replace("`/digest setup`", f"</digest setup:{bot.command_ids['digest']}>")
            assert answer["data"]["components"][0]["content"] == expected != TEXT
    assert sum(each.startswith("PUT") and each.endswith("/commands") for each in wire.requests) == 1


async def test_while_discord_gave_no_ids_commands_are_shown_as_code(
    services: Services, wire: Wire, clock: Clock
) -> None:
    wire.commands_refusal = Fault(403)
    guild = wire.add_guild()
    async with running_bot(services, wire):
        answer = await wire.command(guild.general, "digest pause")
        assert answer["data"]["components"][0]["content"] == TEXT
