"""A forum: a digest is a post, or several.

A post takes no nonce. It is found again by the nonce in its buttons alone, and the request for it must not be
repeated unseen.
"""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from types import SimpleNamespace

import aiohttp
import discord

from bot.channels.destination import OutgoingMessage, Pace, SentMessage, SoughtMessage
from bot.channels.requests import FORBIDDEN, SERVER_ERROR
from bot.channels.server_channel import SEARCH_MARGIN, ServerChannel, delete_if_present, has_nonce
from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.subscription.settings import ChannelAbilities, PostingOptions, Threads
from bot.text import fold_text

MOST_TAGS = 5  # of a post
_ARCHIVED = 50083


class ForumChannel(ServerChannel):
    abilities = ChannelAbilities(threads=(Threads.PER_DIGEST, Threads.PER_HIGHLIGHT), quiet_line=False, is_forum=True)
    channel: discord.ForumChannel

    def list_needed_permissions(self, posting: PostingOptions) -> dict[str, str]:
        return super().list_needed_permissions(posting) | {"send_messages": "create_posts"}

    def find_obstacle(self, posting: PostingOptions) -> Reason | None:
        untagged = self.channel.flags.require_tag and not self._list_usable_tags()
        return super().find_obstacle(posting) or (Reason(ReasonKind.NO_USABLE_TAG) if untagged else None)

    async def send_message(self, outgoing: OutgoingMessage) -> SentMessage:
        post, message = await self.channel.create_thread(
            name=outgoing.thread_name,
            view=outgoing.view,
            auto_archive_duration=outgoing.posting.archive_after,
            applied_tags=self.choose_tags(outgoing.papers),
            allowed_mentions=outgoing.mentions,
            silent=outgoing.posting.silent,
        )
        return SentMessage(post.id, message.id, message.created_at)

    async def find_message(self, lost: SoughtMessage, pace: Pace) -> SentMessage | None:
        """A post whose first message somebody has deleted is known by its name."""
        beheaded = None
        async for post in self._read_posts(lost.around, pace):
            made_at = discord.utils.snowflake_time(post.id)
            if post.owner_id != self.bot_member.id or abs(made_at - lost.around) > SEARCH_MARGIN:
                continue
            await pace()
            message = await _fetch_first_message(post)
            if message and has_nonce(message, lost.nonce):
                return SentMessage(post.id, message.id, message.created_at)
            if message is None and post.name == lost.thread_name:
                beheaded = SentMessage(post.id, post.id, made_at)
        return beheaded

    async def _read_posts(self, around: datetime, pace: Pace) -> AsyncIterator[discord.Thread]:
        """The posts, but for those that rest since before then."""
        await pace()
        for thread in await self.channel.guild.active_threads():
            if thread.parent_id == self.id:
                yield thread
        await pace()
        async for thread in self.channel.archived_threads(limit=None):
            if thread.archive_timestamp < around - SEARCH_MARGIN:
                break
            yield thread

    async def delete_message(self, place_id: int, message_id: int, *, threaded: bool) -> bool:  # noqa: ARG002
        post = await self.delete_thread(place_id)
        if post:
            await _delete_first_message(post, message_id)
        return post is None

    def choose_tags(self, papers: Sequence[Paper]) -> list[discord.ForumTag]:
        """The tags that name a topic of the papers, most frequent first; where the forum requires one, always one."""
        usable = self._list_usable_tags()
        topics = [_split_words(topic) for paper in papers for topic in paper.tags]
        hits = {tag.id: sum(_contains_words(_split_words(tag.name), topic) for topic in topics) for tag in usable}
        matching = sorted((tag for tag in usable if hits[tag.id]), key=lambda tag: -hits[tag.id])
        return matching[:MOST_TAGS] or (usable[:1] if self.channel.flags.require_tag else [])

    def _list_usable_tags(self) -> list[discord.ForumTag]:
        moderator = self.permissions.manage_threads
        return [tag for tag in self.channel.available_tags if moderator or not tag.moderated]


async def _fetch_first_message(post: discord.Thread) -> discord.Message | None:
    try:
        return await post.fetch_message(post.id)
    except discord.NotFound:  # somebody deleted it, and left the post
        return None


async def _delete_first_message(post: discord.Thread, message_id: int) -> None:
    """Delete a post's first message, if Discord lets us: it does not where the post is locked."""
    try:
        if post.archived:
            await post.edit(archived=False)
        await delete_if_present(post.get_partial_message(message_id).delete())
    except discord.HTTPException as error:
        if error.code not in {_ARCHIVED, FORBIDDEN}:
            raise


def _split_words(name: str) -> list[str]:
    return re.findall(r"\w+", fold_text(name))


def _contains_words(tag: Sequence[str], topic: Sequence[str]) -> bool:
    """Whether the words of a tag stand in a topic, one after the other."""
    width = len(tag)
    return width > 0 and any(list(topic[at : at + width]) == list(tag) for at in range(len(topic) - width + 1))


def build_no_retry_trace() -> aiohttp.TraceConfig:
    """Has discord.py fail where it would repeat the request for a post, which may have been made.

    It repeats every request after a server error or a reset connection. A message survives that by its nonce.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_refuse_server_error)
    trace.on_request_exception.append(_refuse_reset)
    return trace


async def _refuse_server_error(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,  # noqa: ARG001
    ended: aiohttp.TraceRequestEndParams,
) -> None:
    if ended.response.status >= SERVER_ERROR and _creates_post(ended.method, ended.url.path):
        ended.response.close()
        raise discord.DiscordServerError(ended.response, None)


async def _refuse_reset(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,  # noqa: ARG001
    ended: aiohttp.TraceRequestExceptionParams,
) -> None:
    if isinstance(ended.exception, OSError) and _creates_post(ended.method, ended.url.path):
        raise aiohttp.ServerDisconnectedError from ended.exception


def _creates_post(method: str, path: str) -> bool:
    return method == "POST" and re.search(r"/channels/\d+/threads$", path) is not None
