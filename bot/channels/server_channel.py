"""What channels of a server have in common: permissions, roles, and threads that others may write in."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any

import discord
from discord.ui import LayoutView

from bot.channels.destination import Destination
from bot.channels.requests import TemporaryFailure
from bot.reasons import Reason, ReasonKind
from bot.subscription.settings import PostingOptions

SEARCH_MARGIN = timedelta(hours=1)  # before and after an attempt: its request may have waited for long
NEEDED_PERMISSIONS = discord.Permissions(
    view_channel=True, send_messages=True, read_message_history=True
)  # in every channel


class ServerChannel(Destination):
    """A channel of a server. What its kind does not open or publish, `abilities` keep anybody from asking for."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    @property
    def id(self) -> int:
        return int(self.channel.id)

    @property
    def position(self) -> int:
        return int(self.channel.position)

    @property
    def bot_member(self) -> discord.Member:
        """The bot in the channel's server. Raises `TemporaryFailure` while Discord does not know the server."""
        me: discord.Member | None = self.channel.guild.me
        if me is None:
            raise TemporaryFailure(Reason(ReasonKind.SERVER_UNAVAILABLE))
        return me

    @property
    def permissions(self) -> discord.Permissions:
        """What the bot may do in the channel."""
        permissions: discord.Permissions = self.channel.permissions_for(self.bot_member)
        return permissions

    def list_needed_permissions(self, posting: PostingOptions) -> dict[str, str]:  # noqa: ARG002  # other kinds do
        """The permissions that digests need, each with its name in the channel's settings."""
        return {name: name for name, wanted in NEEDED_PERMISSIONS if wanted}

    def list_missing_permissions(self, posting: PostingOptions) -> tuple[str, ...]:
        """Those that digests need and the bot lacks, named as in the channel's settings."""
        granted = self.permissions
        if not granted.view_channel:  # it implies the others, which may well be granted
            return ("view_channel",)
        needed = self.list_needed_permissions(posting).items()
        return tuple(shown for name, shown in needed if not getattr(granted, name))

    def find_obstacle(self, posting: PostingOptions) -> Reason | None:
        missing = self.list_missing_permissions(posting)
        if (
            missing and self.bot_member.is_timed_out()
        ):  # which takes permissions away for a while, but from no administrator
            return Reason(ReasonKind.IN_TIME_OUT, until=self.bot_member.timed_out_until)
        return Reason(ReasonKind.PERMISSIONS_MISSING, permissions=missing) if missing else None

    def find_search_obstacle(self) -> Reason | None:
        """Discord answers an empty history to who may not read it, not an error."""
        if not self.permissions.view_channel:
            return Reason(ReasonKind.CHANNEL_HIDDEN)
        if not self.permissions.read_message_history:
            return Reason(ReasonKind.HISTORY_HIDDEN)
        return None

    def find_ping_obstacle(self, posting: PostingOptions) -> Reason | None:
        if posting.ping_role_id is None:
            return None
        role = self.get_pinged_role(posting)
        if role is None:
            return Reason(ReasonKind.ROLE_GONE)
        notified = role.mentionable or self.permissions.mention_everyone
        return None if notified else Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=role.id)

    def get_pinged_role(self, posting: PostingOptions) -> discord.Role | None:
        return find_pinged_role(self.channel.guild, posting)

    async def open_thread(self, message_id: int, name: str, posting: PostingOptions) -> None:
        raise NotImplementedError

    async def publish_message(self, message_id: int) -> None:
        raise NotImplementedError

    async def delete_thread(self, thread_id: int) -> discord.Thread | None:
        """The thread, if it stays behind: others have written in it, or the bot may not delete it."""
        try:
            thread = await self.channel.guild.fetch_channel(thread_id)  # the one in memory counts no messages
        except discord.NotFound:
            return None
        if not isinstance(thread, discord.Thread):
            return None
        if thread.message_count == 0 and self.permissions.manage_threads:
            await delete_if_present(thread.delete())
            return None
        return thread


def find_pinged_role(guild: discord.Guild, posting: PostingOptions) -> discord.Role | None:
    """The role to ping, as long as it exists; @everyone is none."""
    role = guild.get_role(posting.ping_role_id) if posting.ping_role_id else None
    return None if role is None or role.is_default() else role


async def delete_if_present(deletion: Awaitable[None]) -> None:
    """Delete what may be gone already."""
    try:
        await deletion
    except discord.NotFound:
        return


def has_nonce(message: discord.Message, nonce: str) -> bool:
    """Whether the nonce is in one of the message's buttons."""
    items = LayoutView.from_message(message).walk_children()
    return any(nonce in (getattr(item, "custom_id", None) or "") for item in items)
