"""What a message in the simulated Discord holds: its texts, its papers, its buttons and selects."""

import re
from collections.abc import Iterator
from typing import Any

import discord
import simcord

_MENTION = re.compile(r"</([-\w ]+):\d+>")


def answer(result: simcord.InteractionResult) -> str:
    """The text of an answer that only the one who asked can see."""
    assert result.response
    assert result.response.ephemeral
    return read_texts(result.response.message)


def message_of(result: simcord.InteractionResult) -> simcord.ResponseMessage:
    """The message that answers."""
    assert result.response
    return result.response


def custom_ids(message: discord.Message | simcord.ResponseMessage) -> list[str]:
    """The custom_ids of a message's buttons and selects, in reading order."""
    found = message.message if isinstance(message, simcord.ResponseMessage) else message
    return [each.custom_id for each in _all(found.components) if getattr(each, "custom_id", None)]


def read_all(result: simcord.InteractionResult) -> list[str]:
    """The texts of an answer in several messages, which only the one who asked can see."""
    assert result.response
    messages = [result.response, *result.followups]
    assert all(each.ephemeral for each in messages)
    return [read_texts(each.message) for each in messages]


def button_labels(message: discord.Message | simcord.ResponseMessage) -> list[str]:
    """What is written on a message's buttons, in reading order."""
    found = message.message if isinstance(message, simcord.ResponseMessage) else message
    return [each.label for each in _all(found.components) if isinstance(each, discord.Button) and each.label]


def find_next_steps(result: simcord.InteractionResult) -> list[str]:
    """What an answer offers to do next: its buttons, its selects, and the commands that its text names."""
    assert result.response
    components = list(_all(result.response.message.components))
    buttons = [each.label or "…" for each in components if isinstance(each, discord.Button) and not each.disabled]
    selects = [f"{each.placeholder or each.custom_id} ▾" for each in components if getattr(each, "options", None)]
    named = re.findall(r"</([a-z -]+):\d+>|`/([a-z -]+)", read_texts(result.response.message))
    return [*buttons, *selects, *dict.fromkeys(f"/{mentioned or written}".strip() for mentioned, written in named)]


def paper_ids(message: discord.Message | simcord.ResponseMessage) -> list[str]:
    """The ids of the papers whose details a message offers, by buttons or in a select, in its order."""
    buttons = [each.split(":")[1] for each in custom_ids(message) if each.startswith("details:")]
    return buttons + options(message, "pick")


async def open_details(
    reader: simcord.MemberActor | simcord.UserHandle, message: discord.Message, paper_id: str
) -> str:
    """The text of a paper's card, opened by what `message` offers for it."""
    ((custom_id, is_select),) = [
        (each, each.startswith("pick"))
        for each in custom_ids(message)
        if each.startswith(("pick", f"details:{paper_id}"))
    ]
    if is_select:
        return answer(await reader.select(message, [paper_id], custom_id=custom_id))
    return answer(await reader.click(message, custom_id=custom_id))


def options(message: discord.Message | simcord.ResponseMessage, custom_id: str) -> list[str]:
    """The values that a select of a message offers."""
    found = message.message if isinstance(message, simcord.ResponseMessage) else message
    known = [each for each in _all(found.components) if getattr(each, "options", None)]
    selects = [each for each in known if each.custom_id == custom_id or each.custom_id.startswith(f"{custom_id}:")]
    return [option.value for select in selects for option in select.options]


def _all(components: Any) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _all(getattr(component, "children", ()))
        yield from _all([component.accessory] if hasattr(component, "accessory") else [])


def read_texts(message: discord.Message) -> str:
    """All text of a Components V2 message, in reading order; the content where there is any.

    Commands that people can click in it are written as their names alone: see `read_mentions`.
    """
    return _MENTION.sub(r"`/\1`", "\n".join([message.content, *_texts(message.components)]).strip())


def read_mentions(message: discord.Message) -> list[str]:
    """The commands that people can click in a message."""
    return [each[1] for each in _MENTION.finditer("\n".join([message.content, *_texts(message.components)]))]


def _texts(components: Any) -> list[str]:
    found = []
    for component in components:
        if hasattr(component, "content"):
            found.append(component.content)
        found += _texts(getattr(component, "children", ()))
    return found


def ids(*numbers: int) -> list[str]:
    return [f"2601.{number:05}" for number in numbers]
