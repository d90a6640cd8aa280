"""`/privacy about`: everybody may read what is stored."""

import re

import discord
from discord.ui import LayoutView, TextDisplay

from bot.about import Links
from bot.client import PaperBot
from bot.layouts import privacy
from bot.layouts.notices import render_welcome
from bot.storage import PersonData
from tests.support.messages import answer, button_labels, read_texts
from tests.support.server import Server

LINKS = Links("https://docs.example", "https://code.example", "https://privacy.example")


def texts_of(view: LayoutView) -> str:
    return "\n".join(item.content for item in view.walk_children() if isinstance(item, TextDisplay))


ABOUT = texts_of(privacy.render_about(Links(), backup_days=7))


async def test_anyone_can_read_what_is_stored_in_a_server_or_a_direct_message(server: Server) -> None:
    assert answer(await server.member.slash(server.general, "privacy about")) == ABOUT
    result = await server.member.user.slash("privacy about")
    assert result.response
    assert isinstance(result.response.message, discord.Message)
    assert read_texts(result.response.message) == ABOUT


async def test_the_policy_the_guide_and_the_code_are_linked_where_they_are_known(server: Server) -> None:
    server.bot = PaperBot(server.bot.services, links=LINKS, shard_count=1)
    await server.env.restart_bot(server.bot)
    result = await server.member.slash(server.general, "privacy about")
    assert result.response
    assert button_labels(result.response) == ["Privacy policy", "Guide", "Source code"]
    assert "https://privacy.example" in str(result.response.components)


async def test_every_command_named_in_our_texts_exists(server: Server) -> None:
    offered = server.admin.available_commands(server.general)
    question = privacy.render_delete_person_question(
        PersonData(1, None, (), (), (), (), (), (), (), None), backup_days=7
    )
    texts = [ABOUT, privacy.DELETED, privacy.PERSON_DELETED, privacy.NOTHING_STORED]
    texts += [texts_of(render_welcome(1)), texts_of(question), privacy.describe_export(is_compressed=True)]
    named = set(re.findall(r"`/([a-z -]+)`", " ".join(texts)))
    assert len(named) >= 5
    assert {each for each in named if not any(name.startswith(each) for name in offered)} == set()
