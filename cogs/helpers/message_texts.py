"""The text of somebody's message, wherever Discord has put it."""

from collections.abc import Iterable, Iterator
from typing import Any

import discord


def list_texts(message: discord.Message) -> Iterator[str]:
    """What people read in a message, and where its links and buttons lead: first what was written, then the rest."""
    yield from _list_parts(message)
    for forwarded in message.message_snapshots:
        yield from _list_parts(forwarded)
    if message.poll:
        yield message.poll.question
        yield from (answer.text for answer in message.poll.answers)


def _list_parts(message: discord.Message | discord.MessageSnapshot) -> Iterator[str]:
    yield message.content
    yield from _list_component_texts(message.components)
    for embed in message.embeds:
        yield from _list_embed_texts(embed)
    for attachment in message.attachments:
        yield from filter(None, (attachment.title, attachment.filename, attachment.description))


def _list_embed_texts(embed: discord.Embed) -> Iterator[str]:
    yield from filter(None, (embed.url, embed.author.url, embed.title, embed.description))
    for field in embed.fields:
        yield from filter(None, (field.name, field.value))
    if embed.footer.text:
        yield embed.footer.text


def _list_component_texts(components: Iterable[Any]) -> Iterator[str]:
    """The texts, links and options of components, however deep they are nested."""
    for each in components:
        for name in ("content", "url", "label", "description"):
            text = getattr(each, name, None)
            if isinstance(text, str):
                yield text
        yield from (option.value for option in getattr(each, "options", ()))
        yield from _list_component_texts(getattr(each, "children", ()))
        yield from _list_component_texts([each.accessory] if getattr(each, "accessory", None) else ())
