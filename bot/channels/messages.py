"""Messages in a channel of any kind: finding one of ours in the history, and deleting it."""

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta

import discord
from discord.ui import LayoutView

from bot.channels.destination import Pace, SentMessage, SoughtMessage

SEARCH_MARGIN = timedelta(hours=1)  # before and after an attempt, because its request may have waited for long
PAGE = 100  # messages in a page of a channel's history


async def find_in_history(
    channel: discord.TextChannel | discord.PartialMessageable, author_id: int, sought: SoughtMessage, pace: Pace
) -> SentMessage | None:
    """The message with the nonce, if this author has sent it in the channel."""
    async for message in _read_history(channel, sought, pace):
        if message.author.id == author_id and message_has_nonce(message, sought.nonce):
            return SentMessage(channel.id, message.id, message.created_at)
    return None


async def _read_history(
    channel: discord.TextChannel | discord.PartialMessageable, sought: SoughtMessage, pace: Pace
) -> AsyncIterator[discord.Message]:
    """The messages around the time when it was sent, without those that an earlier search has looked at."""
    start = sought.around - SEARCH_MARGIN
    after = discord.Object(sought.searched_until) if sought.searched_until else start
    count = 0
    await pace()
    async for message in channel.history(after=after, oldest_first=True, limit=None):
        yield message
        if message.created_at > sought.around + SEARCH_MARGIN:
            break
        count += 1
        if count % PAGE == 0:
            await sought.save_progress(message.id)
            await pace()


def message_has_nonce(message: discord.Message, nonce: str) -> bool:
    """Whether the nonce is in one of the message's buttons."""
    items = LayoutView.from_message(message).walk_children()
    return any(nonce in (getattr(item, "custom_id", None) or "") for item in items)


async def delete_if_present(deletion: Awaitable[None]) -> None:
    """Await a deletion of something that may be gone already."""
    try:
        await deletion
    except discord.NotFound:
        return
