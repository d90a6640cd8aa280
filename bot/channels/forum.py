"""A forum: each message of a digest is a post.

Discord accepts no nonce for a post. It can only be found by the nonce in its buttons, and discord.py must not repeat
the request for it on its own.
"""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from types import SimpleNamespace

import aiohttp
import discord

from bot.channels.destination import OutgoingMessage, Pace, SentMessage, SoughtMessage
from bot.channels.messages import SEARCH_MARGIN, delete_if_present, message_has_nonce, read_digest_message
from bot.channels.requests import FORBIDDEN, SERVER_ERROR
from bot.channels.server_channel import ServerChannel
from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.storage import OwnMessage
from bot.subscription.settings import ChannelAbilities, PostingOptions, Threads
from bot.text import fold_text

POSTS_AT_ONCE = 20  # that are read in one go after a restore
MAX_TAGS = 5  # that a post may have
_ARCHIVED = 50083


class ForumChannel(ServerChannel):
    abilities = ChannelAbilities(threads=(Threads.PER_DIGEST, Threads.PER_PAPER), quiet_line=False, is_forum=True)
    channel: discord.ForumChannel

    def list_needed_permissions(self, posting: PostingOptions) -> dict[str, str]:
        return super().list_needed_permissions(posting) | {"send_messages": "create_posts"}

    def find_obstacle(self, posting: PostingOptions) -> Reason | None:
        if obstacle := super().find_obstacle(posting):
            return obstacle
        if self.channel.flags.require_tag and not self._list_usable_tags():
            return Reason(ReasonKind.NO_USABLE_TAG)
        return None

    async def send_message(self, outgoing: OutgoingMessage) -> SentMessage:
        post, message = await self.channel.create_thread(
            name=outgoing.thread_name,
            view=outgoing.view,
            auto_archive_duration=outgoing.posting.archive_after,
            applied_tags=self.choose_topic_tags(outgoing.papers),
            allowed_mentions=outgoing.mentions,
            silent=outgoing.posting.silent,
        )
        return SentMessage(post.id, message.id, message.created_at)

    async def find_message(self, sought: SoughtMessage, pace: Pace) -> SentMessage | None:
        """The post with the nonce; else one of the same name whose first message was deleted."""
        without_message = None
        async for post in self._read_posts(sought.around - SEARCH_MARGIN, pace):
            created_at = discord.utils.snowflake_time(post.id)
            if post.owner_id != self.bot_member.id or abs(created_at - sought.around) > SEARCH_MARGIN:
                continue
            await pace()
            try:
                message = await post.fetch_message(post.id)
            except discord.NotFound:  # a post stays when its first message is deleted
                if post.name == sought.thread_name:
                    without_message = SentMessage(post.id, post.id, created_at)
                continue
            if message_has_nonce(message, sought.nonce):
                return SentMessage(post.id, message.id, message.created_at)
        return without_message

    async def read_digests(self, since: int, pace: Pace) -> tuple[list[OwnMessage], int | None]:
        """Only the first messages of posts; a digest that was undone has none any more."""
        read_posts = self._read_posts(discord.utils.snowflake_time(since), pace)
        own = [post async for post in read_posts if post.owner_id == self.bot_member.id and post.id > since]
        own.sort(key=lambda post: post.id)
        found: list[OwnMessage] = []
        for post in own[:POSTS_AT_ONCE]:
            await pace()
            try:
                message = await post.fetch_message(post.id)
            except discord.NotFound:
                continue
            if digest := read_digest_message(message):
                found.append(digest)
        return found, own[POSTS_AT_ONCE - 1].id if len(own) > POSTS_AT_ONCE else None

    async def _read_posts(self, since: datetime, pace: Pace) -> AsyncIterator[discord.Thread]:
        """The forum's posts, without those archived before `since`."""
        await pace()
        for thread in await self.channel.guild.active_threads():
            if thread.parent_id == self.id:
                yield thread
        await pace()
        async for thread in self.channel.archived_threads(limit=None):
            if thread.archive_timestamp < since:
                break
            yield thread

    async def delete_message(self, place_id: int, message_id: int, *, has_thread: bool) -> bool:  # noqa: ARG002
        post = await self.delete_thread(place_id)
        if post:
            await _delete_first_message(post, message_id)
        return post is None

    def choose_topic_tags(self, papers: Sequence[Paper]) -> list[discord.ForumTag]:
        """The tags that name a topic of the papers, most frequent first; at least one if the forum requires it."""
        usable = self._list_usable_tags()
        topics = [_split_words(topic) for paper in papers for topic in paper.tags]
        counts = {
            tag.id: sum(1 for topic in topics if _contains_words(topic, _split_words(tag.name))) for tag in usable
        }
        matching = sorted((tag for tag in usable if counts[tag.id]), key=lambda tag: -counts[tag.id])
        if self.channel.flags.require_tag and not matching:
            return usable[:1]
        return matching[:MAX_TAGS]

    def _list_usable_tags(self) -> list[discord.ForumTag]:
        is_moderator = self.permissions.manage_threads
        return [tag for tag in self.channel.available_tags if is_moderator or not tag.moderated]


async def _delete_first_message(post: discord.Thread, message_id: int) -> None:
    """Delete a post's first message, unless Discord does not allow it because the post is locked."""
    try:
        if post.archived:
            await post.edit(archived=False)
        await delete_if_present(post.get_partial_message(message_id).delete())
    except discord.HTTPException as error:
        if error.code not in {_ARCHIVED, FORBIDDEN}:
            raise


def _split_words(name: str) -> list[str]:
    return re.findall(r"\w+", fold_text(name))


def _contains_words(words: list[str], phrase: list[str]) -> bool:
    """Whether the words contain the phrase, which is not empty, without a gap."""
    length = len(phrase)
    return length > 0 and any(words[at : at + length] == phrase for at in range(len(words) - length + 1))


def build_no_retry_trace() -> aiohttp.TraceConfig:
    """Makes discord.py fail instead of repeating the request for a post, which may exist already.

    discord.py repeats every request after a server error or a reset connection. For messages that is harmless, because
    Discord recognizes their nonce.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(_fail_on_server_error)
    trace.on_request_exception.append(_fail_on_reset)
    return trace


async def _fail_on_server_error(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,  # noqa: ARG001
    ended: aiohttp.TraceRequestEndParams,
) -> None:
    if ended.response.status >= SERVER_ERROR and _creates_post(ended.method, ended.url.path):
        ended.response.close()
        raise discord.DiscordServerError(ended.response, None)


async def _fail_on_reset(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,  # noqa: ARG001
    ended: aiohttp.TraceRequestExceptionParams,
) -> None:
    if isinstance(ended.exception, OSError) and _creates_post(ended.method, ended.url.path):
        raise aiohttp.ServerDisconnectedError from ended.exception


def _creates_post(method: str, path: str) -> bool:
    return method == "POST" and re.search(r"/channels/\d+/threads$", path) is not None
