"""What all Share buttons have in common: they show everyone in a channel what one person sees, once, if they may."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import discord

from bot.refusals import Refusal, Refused
from cogs.helpers.controls import Interaction

_MAX_KNOWN = 1000  # buttons


def check_may_share(interaction: Interaction) -> None:
    """Refuses people who may not post a message here that everyone sees."""
    if interaction.guild_id is None:
        return
    in_thread = isinstance(interaction.channel, discord.Thread)
    needed = ["send_messages_in_threads" if in_thread else "send_messages"]
    if interaction.is_user_integration() and not interaction.is_guild_integration():
        needed.append("use_external_apps")  # the person installed the bot, not the server
    missing = [name for name in needed if not getattr(interaction.permissions, name)]
    if missing:
        raise Refused(Refusal.MAY_NOT_SHARE, permissions=missing)


@contextmanager
def share_once(interaction: Interaction) -> Iterator[int]:
    """Around what a Share button does, with the id of the person who shares. Raises `Refused`.

    A second click on the same button shares nothing, as most are impatient ones. Another process or a restart forgets.
    """
    check_may_share(interaction)
    data: Any = interaction.data
    shared = interaction.client.shared_buttons
    button = (interaction.message.id if interaction.message else 0, data["custom_id"])
    if button in shared:
        raise Refused(Refusal.SHARED_ALREADY)
    shared[button] = None
    if len(shared) > _MAX_KNOWN:
        del shared[next(iter(shared))]
    try:
        yield interaction.user.id
    except BaseException:
        shared.pop(button, None)
        raise
