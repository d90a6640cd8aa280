"""`/privacy`: everybody may read what is stored."""

import re

import discord
from discord.ui import TextDisplay

from bot.layouts.notices import render_welcome
from bot.layouts.privacy import DELETED, PRIVACY
from tests.support.messages import answer, read_texts
from tests.support.server import Server


async def test_anyone_can_read_what_is_stored_in_a_server_or_a_direct_message(server: Server) -> None:
    assert answer(await server.member.slash(server.general, "privacy")) == PRIVACY
    result = await server.member.user.slash("privacy")
    assert result.response
    assert read_texts(result.response.message) == PRIVACY
    assert isinstance(result.response.message, discord.Message)
    assert len(PRIVACY) <= 2000


async def test_every_command_named_in_our_texts_exists(server: Server) -> None:
    offered = server.admin.available_commands(server.general)
    texts = [item.content for item in render_welcome(1).walk_children() if isinstance(item, TextDisplay)]
    named = set(re.findall(r"`/([a-z -]+)`", PRIVACY + DELETED + " ".join(texts)))
    assert len(named) >= 5
    assert {each for each in named if not any(name.startswith(each) for name in offered)} == set()
