"""Destinations: what a text, announcement or forum channel needs, and how a message gets there and is found again.

A message in a text channel carries a nonce that Discord checks. A forum post cannot: it is found again by the
nonce in its buttons alone, and the request for it must not be repeated unseen.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import SimpleNamespace

import aiohttp
import discord
from discord.ui import LayoutView

from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.search import folded
from bot.subscription.settings import Discussion, Posting

Channel = discord.TextChannel | discord.ForumChannel
CHANNEL_TYPES = (discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum)

SEARCH_MARGIN = timedelta(hours=1)  # before and after an attempt: clocks differ, and ticks may take their time
PAGE = 100  # messages in a page of a channel's history
PUBLISHED_AN_HOUR = 10  # messages of a channel that Discord sends on to its followers
MOST_TAGS = 5  # of a forum post
NEEDED = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
_THREAD_EXISTS, _PUBLISHED_ALREADY, _MESSAGE_GONE = 160004, 40033, 10008
_ARCHIVED, _FORBIDDEN = 50083, 50013
_SERVER_ERROR = 500

Pace = Callable[[], Awaitable[None]]  # waits until the next request may be made


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that is there; `place_id` is the channel, or the forum post, that it stands in."""

    place_id: int
    message_id: int
    sent_at: datetime


def missing_permissions(channel: discord.abc.GuildChannel, me: discord.Member, posting: Posting) -> list[str]:
    """The permissions that digests need and `me` lacks in `channel`, named as in its settings."""
    granted = channel.permissions_for(me)
    in_forum = isinstance(channel, discord.ForumChannel)
    needed = [name for name, wanted in NEEDED if wanted]
    if posting.discussion is not Discussion.NONE and not in_forum:
        needed.append("create_public_threads")
    if not granted.view_channel:  # it implies the others, which may well be granted
        needed = ["view_channel"]
    return [_shown(name, in_forum=in_forum) for name in needed if not getattr(granted, name)]


def _shown(permission: str, *, in_forum: bool) -> str:
    return "create_posts" if in_forum and permission == "send_messages" else permission


def obstacle(channel: Channel, me: discord.Member, posting: Posting) -> Reason | None:
    """Why nothing can be posted in `channel`; None where nothing is in the way."""
    if me.timed_out_until and me.is_timed_out():  # it takes permissions away, which would be named as missing
        return Reason(ReasonKind.IN_TIME_OUT, until=me.timed_out_until)
    if missing := missing_permissions(channel, me, posting):
        return Reason(ReasonKind.PERMISSIONS_MISSING, permissions=tuple(missing))
    if isinstance(channel, discord.ForumChannel) and channel.flags.require_tag and not _usable_tags(channel, me):
        return Reason(ReasonKind.NO_USABLE_TAG)
    return None


def may_ping(channel: Channel, me: discord.Member, role: discord.Role) -> bool:
    """Whether a mention of `role` in `channel` notifies anybody."""
    return role.mentionable or channel.permissions_for(me).mention_everyone


def pinged_role(guild: discord.Guild, posting: Posting) -> discord.Role | None:
    """The role to ping, as long as it exists; @everyone is none."""
    role = guild.get_role(posting.ping_role_id) if posting.ping_role_id else None
    return None if role is None or role.is_default() else role


async def send(
    channel: Channel,
    view: LayoutView,
    *,
    nonce: str,
    name: str,
    posting: Posting,
    papers: Sequence[Paper],
    role: discord.Role | None,
) -> Arrived:
    """Send `view`, as a post called `name` in a forum; pings `role` alone."""
    mentions = discord.AllowedMentions(everyone=False, users=False, roles=[role] if role else False)
    if isinstance(channel, discord.ForumChannel):
        thread, message = await channel.create_thread(
            name=name,
            view=view,
            auto_archive_duration=posting.archive_after,
            applied_tags=topic_tags(channel, channel.guild.me, papers),
            allowed_mentions=mentions,
            silent=posting.silent,
        )
        return Arrived(thread.id, message.id, message.created_at)
    message = await channel.send(view=view, nonce=nonce, allowed_mentions=mentions, silent=posting.silent)
    return Arrived(channel.id, message.id, message.created_at)


def unrepeated_posts() -> aiohttp.TraceConfig:
    """Has discord.py fail where it would repeat the request for a forum post, which may have been made.

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
    if ended.response.status >= _SERVER_ERROR and _is_for_post(ended.method, ended.url.path):
        ended.response.close()
        raise discord.DiscordServerError(ended.response, None)


async def _refuse_reset(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,  # noqa: ARG001
    ended: aiohttp.TraceRequestExceptionParams,
) -> None:
    if isinstance(ended.exception, OSError) and _is_for_post(ended.method, ended.url.path):
        raise aiohttp.ServerDisconnectedError from ended.exception


def _is_for_post(method: str, path: str) -> bool:
    return method == "POST" and re.search(r"/channels/\d+/threads$", path) is not None


async def find(
    channel: Channel, me: discord.abc.User, nonce: str, name: str, around: datetime, pace: Pace
) -> Arrived | None:
    """The message of `me` that carries `nonce`, sent about `around`; None where it is known not to exist.

    A forum post whose first message somebody has deleted is known by its `name`.
    """
    if isinstance(channel, discord.ForumChannel):
        return await _find_post(channel, me, nonce, name, around, pace)
    async for message in _history(channel, around, pace):
        if message.author == me and _holds(message, nonce):
            return Arrived(channel.id, message.id, message.created_at)
    return None


async def _history(channel: discord.abc.Messageable, around: datetime, pace: Pace) -> AsyncIterator[discord.Message]:
    seen = 0
    await pace()
    async for message in channel.history(after=around - SEARCH_MARGIN, oldest_first=True, limit=None):
        yield message
        if message.created_at > around + SEARCH_MARGIN:
            break
        seen += 1
        if seen % PAGE == 0:
            await pace()


async def _find_post(
    forum: discord.ForumChannel, me: discord.abc.User, nonce: str, name: str, around: datetime, pace: Pace
) -> Arrived | None:
    beheaded = None
    async for thread in _threads(forum, around, pace):
        made_at = discord.utils.snowflake_time(thread.id)
        if thread.owner_id != me.id or abs(made_at - around) > SEARCH_MARGIN:
            continue
        await pace()
        message = await _first_message(thread)
        if message and _holds(message, nonce):
            return Arrived(thread.id, message.id, message.created_at)
        if message is None and thread.name == name:
            beheaded = Arrived(thread.id, thread.id, made_at)
    return beheaded


async def _first_message(thread: discord.Thread) -> discord.Message | None:
    try:
        return await thread.fetch_message(thread.id)
    except discord.NotFound:  # somebody deleted it, and left the post
        return None


async def _threads(forum: discord.ForumChannel, around: datetime, pace: Pace) -> AsyncIterator[discord.Thread]:
    """The posts of a forum, but for those that rest since before then."""
    await pace()
    for thread in await forum.guild.active_threads():
        if thread.parent_id == forum.id:
            yield thread
    await pace()
    async for thread in forum.archived_threads(limit=None):
        if thread.archive_timestamp < around - SEARCH_MARGIN:
            break
        yield thread


def _holds(message: discord.Message, nonce: str) -> bool:
    items = LayoutView.from_message(message).walk_children()
    return any(nonce in (getattr(item, "custom_id", None) or "") for item in items)


async def give_thread(channel: discord.TextChannel, message_id: int, name: str, posting: Posting) -> None:
    """Open a thread on a message, which may have one already, or be gone."""
    try:
        await channel.get_partial_message(message_id).create_thread(
            name=name,
            auto_archive_duration=posting.archive_after,
        )
    except discord.HTTPException as error:
        if error.code not in {_THREAD_EXISTS, _MESSAGE_GONE}:
            raise


async def publish(channel: discord.TextChannel, message_id: int) -> None:
    """Send a message on to those who follow the channel; that may have been done already, or it may be gone."""
    try:
        await channel.get_partial_message(message_id).publish()
    except discord.HTTPException as error:
        if error.code not in {_PUBLISHED_ALREADY, _MESSAGE_GONE}:
            raise


async def delete(channel: Channel, place_id: int, message_id: int, *, threaded: bool) -> bool:
    """Delete a message, and its thread or forum post if nobody else has written in it.

    False where a thread stays behind. What is gone already is no error.
    """
    thread_id = message_id if place_id == channel.id else place_id
    thread = await _thread(channel.guild, thread_id) if threaded or place_id != channel.id else None
    if thread and thread.message_count == 0 and channel.permissions_for(channel.guild.me).manage_threads:
        await _gone(thread.delete())
        thread = None
    if isinstance(channel, discord.TextChannel):
        await _gone(channel.get_partial_message(message_id).delete())
    elif thread:
        await _empty(thread, message_id)
    return thread is None


async def _empty(post: discord.Thread, message_id: int) -> None:
    """Delete a forum post's first message, if Discord lets us: it does not where the post is locked."""
    try:
        if post.archived:
            await post.edit(archived=False)
        await _gone(post.get_partial_message(message_id).delete())
    except discord.HTTPException as error:
        if error.code not in {_ARCHIVED, _FORBIDDEN}:
            raise


async def _thread(guild: discord.Guild, thread_id: int) -> discord.Thread | None:
    try:
        found = await guild.fetch_channel(thread_id)  # the one in memory counts no messages
    except discord.NotFound:
        return None
    return found if isinstance(found, discord.Thread) else None


async def _gone(deletion: Awaitable[None]) -> None:
    try:
        await deletion
    except discord.NotFound:
        return


def topic_tags(forum: discord.ForumChannel, me: discord.Member, papers: Sequence[Paper]) -> list[discord.ForumTag]:
    """The forum's tags that name a topic of the papers, most frequent first; where it demands one, always one."""
    usable = _usable_tags(forum, me)
    topics = [_words(topic) for paper in papers for topic in paper.tags]
    hits = {tag.id: sum(_names(_words(tag.name), topic) for topic in topics) for tag in usable}
    matching = sorted((tag for tag in usable if hits[tag.id]), key=lambda tag: -hits[tag.id])
    return matching[:MOST_TAGS] or (usable[:1] if forum.flags.require_tag else [])


def _usable_tags(forum: discord.ForumChannel, me: discord.Member) -> list[discord.ForumTag]:
    moderator = forum.permissions_for(me).manage_threads
    return [tag for tag in forum.available_tags if moderator or not tag.moderated]


def _words(name: str) -> list[str]:
    return re.findall(r"\w+", folded(name))


def _names(tag: Sequence[str], topic: Sequence[str]) -> bool:
    """Whether the words of a tag stand in a topic, one after the other."""
    width = len(tag)
    return width > 0 and any(list(topic[at : at + width]) == list(tag) for at in range(len(topic) - width + 1))
