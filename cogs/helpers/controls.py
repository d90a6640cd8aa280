"""What every button, select and modal has in common: its custom_id says what to do, and it always answers.

A control is registered by its class: naming its `kind` is all it takes. The cog `controls` then passes all known
controls to discord.py.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import discord
from discord import app_commands
from discord.ui import DynamicItem, Item, LayoutView
from discord.ui.select import BaseSelect

from bot.answering import handle_interaction, reply, update_message
from bot.client import PaperBot
from bot.lookups.finder import Viewer
from bot.refusals import Refusal, Refused

Interaction = discord.Interaction[PaperBot]
Choices = list[app_commands.Choice[str]]


class Control(DynamicItem[Item[LayoutView]], template=r"(?!)"):
    """A button or select whose custom_id begins with `kind`; the rest of it, with what was picked, matches `pattern`.

    It still works after a restart. A custom_id that does not match (from another version, or forged) is answered too.
    A control that works `in_place` changes the message it is part of, if only one person sees that message.
    """

    registry: ClassVar[dict[str, type["Control"]]] = {}  # by kind
    _pattern: ClassVar[re.Pattern[str]]
    _in_place: ClassVar[bool]

    def __init_subclass__(cls, *, kind: str, pattern: str, in_place: bool = False) -> None:
        super().__init_subclass__(template=rf"(?s:{kind}(:.*)?)")
        cls._pattern = re.compile(f"{kind}:{pattern}", re.ASCII | re.DOTALL)
        cls._in_place = in_place
        Control.registry[kind] = cls

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction[Any], item: Item[Any], _match: re.Match[str], /
    ) -> Self:
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await handle_interaction(
            interaction, self._match_and_answer(interaction), in_place=self._in_place and _is_ephemeral(interaction)
        )

    async def _match_and_answer(self, interaction: Interaction) -> None:
        picked = self.item.values if isinstance(self.item, BaseSelect) else []
        # Roles and channels are picked as objects, other values as strings.
        parts = [self.custom_id, *(each if isinstance(each, str) else str(each.id) for each in picked)]
        match = self._pattern.fullmatch(":".join(parts))
        if match is None:
            raise Refused(Refusal.CONTROL_STALE)
        await self.answer(interaction, match)

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        """Do what the control is for; `match` has the parts of its custom_id and what was picked. Raises `Refused`."""
        raise NotImplementedError


class ModalHandler:
    """A modal, answered like a control: it also works if it was opened before a restart."""

    registry: ClassVar[dict[str, type["ModalHandler"]]] = {}  # by kind
    _pattern: ClassVar[re.Pattern[str]]

    def __init_subclass__(cls, *, kind: str, pattern: str) -> None:
        super().__init_subclass__()
        cls._pattern = re.compile(f"{kind}:{pattern}", re.ASCII | re.DOTALL)
        ModalHandler.registry[kind] = cls

    @classmethod
    async def handle_submission(cls, interaction: Interaction) -> None:
        """Answer a submitted modal, if it is one of ours."""
        data: Any = interaction.data
        kind = ModalHandler.registry.get(data["custom_id"].partition(":")[0])
        if kind:
            await kind().callback(interaction, data["custom_id"], dict(_read_typed(data["components"])))

    async def callback(self, interaction: Interaction, custom_id: str, typed: Mapping[str, str]) -> None:
        await handle_interaction(
            interaction, self._match_and_answer(interaction, custom_id, typed), in_place=_is_ephemeral(interaction)
        )

    async def _match_and_answer(self, interaction: Interaction, custom_id: str, typed: Mapping[str, str]) -> None:
        match = self._pattern.fullmatch(custom_id)
        if match is None:
            raise Refused(Refusal.PANEL_CLOSED)
        await self.answer(interaction, match, typed)

    async def answer(self, interaction: Interaction, match: re.Match[str], typed: Mapping[str, str]) -> None:
        """Do what the modal is for, with what was `typed` in each field. Raises `Refused`."""
        raise NotImplementedError


def _read_typed(components: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """What was typed or picked in each field, however deep the fields are nested; a select may be left empty."""
    for each in components:
        if "value" in each:
            yield each["custom_id"], each["value"]
        elif each.get("values"):
            yield each["custom_id"], ":".join(each["values"])
        yield from _read_typed(each.get("components", ()))
        if "component" in each:
            yield from _read_typed([each["component"]])


def build_choices(values: Iterable[str]) -> Choices:
    """Each value as a choice of an option, named by its value."""
    return [app_commands.Choice(name=str(value), value=str(value)) for value in values]


async def show_page(
    interaction: Interaction,
    view: LayoutView,
    *,
    simpler: LayoutView | None = None,
    files: Sequence[discord.File] | None = None,
) -> None:
    """Show another page: in place of a page that only one person sees, as a new message if everyone sees it.

    `files`, one at most, replace those of the page.
    """
    if _is_ephemeral(interaction):
        await update_message(interaction, view, simpler=simpler, files=files)
    else:
        await reply(interaction, view, simpler=simpler, file=next(iter(files or ()), None))


def may_attach_files(interaction: Interaction) -> bool:
    """Whether the answer may have a file."""
    return not interaction.guild_id or interaction.app_permissions.attach_files


def _is_ephemeral(interaction: discord.Interaction[Any]) -> bool:
    """Whether only one person sees the message that a control is part of."""
    return interaction.message is not None and interaction.message.flags.ephemeral


def list_message_options(message: discord.Message | None, kind: str) -> list[discord.SelectOption]:
    """The options of a message's selects of this kind."""
    rows = message.components if message else []
    children = [child for row in rows for child in getattr(row, "children", [row])]
    selects = [*children, *(each for child in children for each in getattr(child, "children", []))]
    return [
        option
        for each in selects
        if isinstance(each, discord.SelectMenu) and (each.custom_id or "").startswith(kind)
        for option in each.options
    ]


def get_viewer(interaction: Interaction) -> Viewer | None:
    """The server of the person who asks, for links to what was posted there, in channels that they may view."""
    guild, member = interaction.guild, interaction.user
    if guild is None or not isinstance(member, discord.Member):
        return None

    def views(channel_id: int) -> bool:
        channel = guild.get_channel_or_thread(channel_id)
        return channel is not None and channel.permissions_for(member).view_channel

    return Viewer(guild.id, views)


def get_everyones_viewer(interaction: Interaction) -> Viewer | None:
    """The server, for links that everyone there may follow: what one person sees is not shared with the others."""
    guild = interaction.guild
    if guild is None or get_viewer(interaction) is None:
        return None

    def can_view(channel_id: int) -> bool:
        channel = guild.get_channel_or_thread(channel_id)
        if channel is None or (isinstance(channel, discord.Thread) and channel.is_private()):
            return False
        return channel.permissions_for(guild.default_role).view_channel

    return Viewer(guild.id, can_view)
