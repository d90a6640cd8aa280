"""A text channel: a digest is a message, which Discord knows by its nonce, and may have a thread."""

from collections.abc import AsyncIterator

import discord

from bot.channels.destination import Arrived, Lost, Outgoing, Pace
from bot.channels.requests import MESSAGE_GONE
from bot.channels.server_channel import SEARCH_MARGIN, ServerChannel, carries, ignoring_gone
from bot.subscription.settings import Abilities, Discussion, Posting

PAGE = 100  # messages in a page of a channel's history
_THREAD_EXISTS = 160004


class TextChannel(ServerChannel):
    abilities = Abilities()
    channel: discord.TextChannel

    def needed_permissions(self, posting: Posting) -> dict[str, str]:
        threads = [] if posting.discussion is Discussion.NONE else ["create_public_threads"]
        return super().needed_permissions(posting) | {name: name for name in threads}

    async def send(self, outgoing: Outgoing) -> Arrived:
        message = await self.channel.send(
            view=outgoing.view,
            nonce=outgoing.nonce,
            allowed_mentions=outgoing.mentions,
            silent=outgoing.posting.silent,
        )
        return Arrived(self.id, message.id, message.created_at)

    async def find(self, lost: Lost, pace: Pace) -> Arrived | None:
        async for message in self._history(lost, pace):
            if message.author == self.me and carries(message, lost.nonce):
                return Arrived(self.id, message.id, message.created_at)
        return None

    async def _history(self, lost: Lost, pace: Pace) -> AsyncIterator[discord.Message]:
        """The messages around the time when it was sent, but for those that were looked at before."""
        seen, begin = 0, lost.around - SEARCH_MARGIN
        after = discord.Object(lost.searched_until) if lost.searched_until else begin
        await pace()
        async for message in self.channel.history(after=after, oldest_first=True, limit=None):
            yield message
            if message.created_at > lost.around + SEARCH_MARGIN:
                break
            seen += 1
            if seen % PAGE == 0:
                await lost.mark(message.id)
                await pace()

    async def open_thread(self, message_id: int, name: str, posting: Posting) -> None:
        try:
            await self.channel.get_partial_message(message_id).create_thread(
                name=name, auto_archive_duration=posting.archive_after
            )
        except discord.HTTPException as error:
            if error.code not in {_THREAD_EXISTS, MESSAGE_GONE}:
                raise

    async def delete(self, place_id: int, message_id: int, *, threaded: bool) -> bool:  # noqa: ARG002
        left = await self.delete_thread(message_id) if threaded else None  # a thread has the id of its message
        await ignoring_gone(self.channel.get_partial_message(message_id).delete())
        return left is None
