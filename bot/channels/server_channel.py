"""What the channels of a server have in common: permissions, roles and threads."""

from typing import Any

import discord

from bot.channels.actor import Actor
from bot.channels.destination import Destination
from bot.channels.messages import delete_if_present
from bot.channels.requests import TemporaryFailure
from bot.reasons import Reason, ReasonKind
from bot.subscription.settings import PostingOptions

NEEDED_PERMISSIONS = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)


class ServerChannel(Destination):
    """A channel of a server. `open_thread` and `publish_message` are only called where its `abilities` allow it."""

    def __init__(self, channel: Any) -> None:
        self.channel = channel

    @property
    def id(self) -> int:
        return int(self.channel.id)

    @property
    def name(self) -> str:
        return str(self.channel.name)

    @property
    def position(self) -> int:
        """Its position among channels of its kind."""
        return int(self.channel.position)

    @property
    def bot_member(self) -> discord.Member:
        """The bot as a member of the server. Raises `TemporaryFailure` during an outage of the server."""
        me: discord.Member | None = self.channel.guild.me
        if me is None:
            raise TemporaryFailure(Reason(ReasonKind.SERVER_UNAVAILABLE))
        return me

    @property
    def permissions(self) -> discord.Permissions:
        """What the bot may do in the channel."""
        permissions: discord.Permissions = self.channel.permissions_for(self.bot_member)
        return permissions

    def list_needed_permissions(self, posting: PostingOptions) -> dict[str, str]:  # noqa: ARG002  # subclasses use it
        """The permissions that digests need, each with its name in the settings of this kind of channel."""
        return {name: name for name, wanted in NEEDED_PERMISSIONS if wanted}

    def list_missing_permissions(self, posting: PostingOptions) -> tuple[str, ...]:
        """The needed permissions that the bot lacks, by their names in the channel's settings."""
        granted = self.permissions
        if not granted.view_channel:  # without it, the others have no effect
            return ("view_channel",)
        needed = self.list_needed_permissions(posting).items()
        return tuple(shown for name, shown in needed if not getattr(granted, name))

    def find_obstacle(self, posting: PostingOptions) -> Reason | None:
        missing = self.list_missing_permissions(posting)
        if not missing:
            return None
        if self.bot_member.is_timed_out():  # a time-out takes permissions away for a while
            return Reason(ReasonKind.IN_TIME_OUT, until=self.bot_member.timed_out_until)
        return Reason(ReasonKind.PERMISSIONS_MISSING, permissions=missing)

    def list_permissions_missing_for(self, actor: Actor, posting: PostingOptions) -> tuple[str, ...]:
        """What someone lacks to post here themselves as `posting` says, by the names in the channel's settings."""
        granted = self._get_permissions_of(actor)
        if not granted.view_channel:
            return ("view_channel",)
        needed = self.list_needed_permissions(posting)
        needed.pop("read_message_history", None)  # needed to search for digests, not to post
        return tuple(shown for name, shown in needed.items() if not getattr(granted, name))

    def may_ping(self, actor: Actor, posting: PostingOptions) -> bool:
        """Whether someone may themselves ping here the role that `posting` pings, or there is none."""
        role = self.get_pinged_role(posting)
        return role is None or role.mentionable or self._get_permissions_of(actor).mention_everyone

    def _get_permissions_of(self, actor: Actor) -> discord.Permissions:
        if actor.member is None:
            return discord.Permissions.none()
        permissions: discord.Permissions = self.channel.permissions_for(actor.member)
        return permissions

    def find_search_obstacle(self) -> Reason | None:
        """Checks permissions, because without them Discord answers with an empty history, not with an error."""
        if not self.permissions.view_channel:
            return Reason(ReasonKind.CHANNEL_HIDDEN)
        if not self.permissions.read_message_history:
            return Reason(ReasonKind.HISTORY_HIDDEN)
        return None

    def find_ping_obstacle(self, posting: PostingOptions) -> Reason | None:
        """Why the role of `posting` would not be pinged; None if it would, or there is none to ping."""
        if posting.ping_role_id is None:
            return None
        role = self.get_pinged_role(posting)
        if role is None:
            return Reason(ReasonKind.ROLE_GONE)
        if role.mentionable or self.permissions.mention_everyone:
            return None
        return Reason(ReasonKind.ROLE_NOT_NOTIFIED, number=role.id)

    def get_pinged_role(self, posting: PostingOptions) -> discord.Role | None:
        return find_pinged_role(self.channel.guild, posting)

    async def open_thread(self, message_id: int, name: str, posting: PostingOptions) -> None:
        raise NotImplementedError

    async def publish_message(self, message_id: int) -> None:
        raise NotImplementedError

    async def delete_thread(self, thread_id: int) -> discord.Thread | None:
        """Delete the thread; returns it if it stays because others have written in it or the bot may not delete it."""
        try:
            thread = await self.channel.guild.fetch_channel(thread_id)  # the cached one has no message count
        except discord.NotFound:
            return None
        if not isinstance(thread, discord.Thread):
            return None
        if thread.message_count == 0 and self.permissions.manage_threads:
            await delete_if_present(thread.delete())
            return None
        return thread


def find_pinged_role(guild: discord.Guild, posting: PostingOptions) -> discord.Role | None:
    """The role to ping; None if there is none, it was deleted, or it is @everyone."""
    role = guild.get_role(posting.ping_role_id) if posting.ping_role_id else None
    return None if role is None or role.is_default() else role
