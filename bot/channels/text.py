"""A text channel: messages have a nonce that Discord recognizes, and may have a thread."""

from collections.abc import AsyncIterator

import discord

from bot.channels.destination import OutgoingMessage, Pace, SentMessage, SoughtMessage
from bot.channels.requests import UNKNOWN_MESSAGE
from bot.channels.server_channel import SEARCH_MARGIN, ServerChannel, delete_if_present, message_has_nonce
from bot.subscription.settings import ChannelAbilities, PostingOptions, Threads

PAGE = 100  # messages in a page of a channel's history
_THREAD_EXISTS = 160004


class TextChannel(ServerChannel):
    abilities = ChannelAbilities()
    channel: discord.TextChannel

    def list_needed_permissions(self, posting: PostingOptions) -> dict[str, str]:
        needed = super().list_needed_permissions(posting)
        if posting.threads is not Threads.NONE:
            needed["create_public_threads"] = "create_public_threads"
        return needed

    async def send_message(self, outgoing: OutgoingMessage) -> SentMessage:
        message = await self.channel.send(
            view=outgoing.view,
            nonce=outgoing.nonce,
            allowed_mentions=outgoing.mentions,
            silent=outgoing.posting.silent,
        )
        return SentMessage(self.id, message.id, message.created_at)

    async def find_message(self, sought: SoughtMessage, pace: Pace) -> SentMessage | None:
        async for message in self._read_history(sought, pace):
            if message.author == self.bot_member and message_has_nonce(message, sought.nonce):
                return SentMessage(self.id, message.id, message.created_at)
        return None

    async def _read_history(self, sought: SoughtMessage, pace: Pace) -> AsyncIterator[discord.Message]:
        """The messages around the time when it was sent, without those that an earlier search has looked at."""
        start = sought.around - SEARCH_MARGIN
        after = discord.Object(sought.searched_until) if sought.searched_until else start
        count = 0
        await pace()
        async for message in self.channel.history(after=after, oldest_first=True, limit=None):
            yield message
            if message.created_at > sought.around + SEARCH_MARGIN:
                break
            count += 1
            if count % PAGE == 0:
                await sought.save_progress(message.id)
                await pace()

    async def open_thread(self, message_id: int, name: str, posting: PostingOptions) -> None:
        try:
            await self.channel.get_partial_message(message_id).create_thread(
                name=name, auto_archive_duration=posting.archive_after
            )
        except discord.HTTPException as error:
            if error.code not in {_THREAD_EXISTS, UNKNOWN_MESSAGE}:
                raise

    async def delete_message(self, place_id: int, message_id: int, *, has_thread: bool) -> bool:  # noqa: ARG002
        kept_thread = await self.delete_thread(message_id) if has_thread else None  # it has the id of its message
        await delete_if_present(self.channel.get_partial_message(message_id).delete())
        return kept_thread is None
