"""A text channel: messages have a nonce that Discord recognizes, and may have a thread."""

import discord

from bot.channels.destination import OutgoingMessage, Pace, SentMessage, SoughtMessage
from bot.channels.messages import delete_if_present, find_in_history, read_page
from bot.channels.requests import UNKNOWN_MESSAGE
from bot.channels.server_channel import ServerChannel
from bot.storage import OwnMessage
from bot.subscription.settings import ChannelAbilities, PostingOptions, Threads

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
        return await find_in_history(self.channel, self.bot_member.id, sought, pace)

    async def read_digests(self, since: int, pace: Pace) -> tuple[list[OwnMessage], int | None]:
        await pace()
        return await read_page(self.channel, self.bot_member.id, since)

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
