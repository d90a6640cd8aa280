"""The servers of the little Discord on loopback, with their channels, threads and messages, as it describes them."""

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

import discord
from aiohttp import web

BOT_ID = 77
BOT_USER = {"id": str(BOT_ID), "username": "paperboy", "discriminator": "0", "avatar": None, "bot": True}
SOMEBODY = {"id": "88", "username": "grace", "discriminator": "0", "avatar": None}
EVERYBODY_MAY = discord.Permissions(
    view_channel=True, send_messages=True, read_message_history=True, create_public_threads=True, manage_threads=True
)
REQUIRE_TAG, CROSSPOSTED = 1 << 4, 1 << 0  # flags of a channel, of a message


class Kind(IntEnum):
    TEXT = 0
    PERSON = 1  # direct messages
    NEWS = 5
    FORUM = 15


def as_json(known: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # discord.py reads JSON only where the content type names no charset
    body = json.dumps(known).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


@dataclass
class Fault:
    """What becomes of one request: `status` is answered, or, without one, the connection is cut.

    What it asks for is done all the same where `created`; `meanwhile` runs after that and before the answer.
    A status of 200 is no fault: the request is answered as usual, after `meanwhile`.
    """

    status: int | None = None
    code: int = 0
    created: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    meanwhile: Callable[[], Awaitable[object]] | None = None
    page: str | None = None  # of a proxy, which is answered in place of JSON

    def answer(self, request: web.Request) -> web.Response:
        if self.status is None and request.transport:  # whoever asked may be gone
            request.transport.close()
        if self.page:
            return web.Response(status=self.status or 500, text=self.page, content_type="text/html")
        return as_json({"message": "a fault", "code": self.code} | self.known, self.status or 500, self.headers)


class Refused(Exception):
    """What Discord answers to a request that it does not do."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def rate_limit(seconds: float, *, via: bool = True, bucket: str = "messages") -> Fault:
    """A 429 of Discord; without `via` one of the proxy before it, as after a ban."""
    headers = {
        "Retry-After": str(seconds),
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": str(seconds),
        "X-RateLimit-Bucket": bucket,
    }
    known = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
    return Fault(429, headers=headers | {"Via": "1.1 google"} if via else {}, known=known)


@dataclass
class Posted:
    """A message, with the body it was made from."""

    id: int
    channel_id: int
    at: datetime
    author: dict[str, Any]
    body: dict[str, Any]
    crossposted: bool = False

    @property
    def papers(self) -> list[str]:
        """The ids of the papers it highlights, in order, by buttons or in selects; a person's digest has two."""
        found = re.findall(r'(?<="details:)[\d.]+(?=:)|(?<="value": ")[\d.]+', json.dumps(self.body))
        return list(dict.fromkeys(found))

    def payload(self) -> dict[str, Any]:
        empty: dict[str, Any] = {name: [] for name in ("mentions", "mention_roles", "attachments", "embeds")}
        return empty | {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "author": self.author,
            "content": self.body.get("content") or "",
            "components": self.body.get("components", []),
            "flags": self.body.get("flags", 0) | (CROSSPOSTED if self.crossposted else 0),
            "nonce": self.body.get("nonce"),
            "timestamp": self.at.isoformat(),
            "edited_timestamp": None,
            "type": 0,
            "tts": False,
            "pinned": False,
            "mention_everyone": False,
        }


@dataclass
class Channel:
    """A text, announcement or forum channel, or the direct messages with a person, whose id is its `guild_id`.

    `denied` is what nobody may do, `denied_to` what a member may not do, by their id; `refusal` is what
    every request to it is answered, and `before` runs before each is.
    `judge` has a fault for a message, or a post, that it does not take, by its JSON.
    A forum has `tags` and, in place of messages, only threads: its posts.
    """

    id: int
    guild_id: int
    name: str
    kind: Kind = Kind.TEXT
    denied: discord.Permissions = field(default_factory=discord.Permissions.none)
    denied_to: dict[int, discord.Permissions] = field(default_factory=dict)
    refusal: Fault | None = None
    before: Callable[[], Awaitable[object]] | None = None
    judge: Callable[[str], Fault | None] | None = None
    tags: list[str] = field(default_factory=list)
    requires_tag: bool = False
    messages: list[Posted] = field(default_factory=list)
    threads: list["Thread"] = field(default_factory=list)
    crossposts: list[datetime] = field(default_factory=list)  # every request, also one that was refused

    @property
    def digests(self) -> list[Posted]:
        """The messages that highlight papers, those that posts begin with among them."""
        posted = [*self.messages, *(message for post in self.posts for message in post.messages)]
        return [message for message in posted if message.papers]

    @property
    def posts(self) -> list["Thread"]:
        return self.threads if self.kind is Kind.FORUM else []

    @property
    def reader(self) -> dict[str, Any]:
        """The person whose direct messages these are."""
        return SOMEBODY | {"id": str(self.guild_id)}

    def payload(self) -> dict[str, Any]:
        if self.kind is Kind.PERSON:
            return {"id": str(self.id), "type": 1, "last_message_id": None, "flags": 0, "recipients": [self.reader]}
        denied = [{"id": str(self.guild_id), "type": 0, "allow": "0", "deny": str(self.denied.value)}]
        denied += [
            {"id": str(member_id), "type": 1, "allow": "0", "deny": str(each.value)}
            for member_id, each in self.denied_to.items()
        ]
        tags = [
            {"id": str(number), "name": name, "moderated": False, "emoji_id": None, "emoji_name": None}
            for number, name in enumerate(self.tags, 1)
        ]
        return {
            "id": str(self.id),
            "guild_id": str(self.guild_id),
            "name": self.name,
            "type": self.kind,
            "position": 0,
            "permission_overwrites": denied,
            "nsfw": False,
            "parent_id": None,
            "topic": None,
            "available_tags": tags,
            "flags": REQUIRE_TAG if self.requires_tag else 0,
        }


@dataclass
class Thread:
    """A thread on a message, which has its id, or a post in a forum, whose first message has it."""

    id: int
    parent: Channel
    body: dict[str, Any]  # that it was made from
    at: datetime
    messages: list[Posted] = field(default_factory=list)
    archived_at: datetime | None = None
    owner: dict[str, Any] = field(default_factory=BOT_USER.copy)

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def guild_id(self) -> int:
        return self.parent.guild_id

    @property
    def denied(self) -> discord.Permissions:
        return self.parent.denied

    @property
    def refusal(self) -> Fault | None:
        return self.parent.refusal

    def payload(self) -> dict[str, Any]:
        replies = len([message for message in self.messages if message.id != self.id])  # the first does not count
        return {
            "id": str(self.id),
            "guild_id": str(self.guild_id),
            "parent_id": str(self.parent.id),
            "owner_id": self.owner["id"],
            "name": self.name,
            "type": 10 if self.parent.kind is Kind.NEWS else 11,
            "last_message_id": None,
            "rate_limit_per_user": 0,
            "message_count": replies,
            "total_message_sent": replies,
            "member_count": 1,
            "applied_tags": self.body.get("applied_tags", []),
            "thread_metadata": {
                "archived": self.archived_at is not None,
                "archive_timestamp": (self.archived_at or self.at).isoformat(),
                "auto_archive_duration": self.body["auto_archive_duration"],
                "create_timestamp": self.at.isoformat(),
                "locked": False,
            },
        }


@dataclass
class Guild:
    """A server with the bot, its system channel `general` and a channel `papers`."""

    id: int
    general: Channel
    papers: Channel
    available: bool = True
    everybody_may: discord.Permissions = EVERYBODY_MAY
    timed_out_until: datetime | None = None  # the bot
    role_ids: list[int] = field(default_factory=list)  # of roles without permissions
    more: list[Channel] = field(default_factory=list)  # channels

    @property
    def channels(self) -> list[Channel]:
        return [self.general, self.papers, *self.more]

    @property
    def places(self) -> list[Channel | Thread]:
        return [*self.channels, *(thread for channel in self.channels for thread in channel.threads)]

    def payload(self) -> dict[str, Any]:
        everyone = {
            "id": str(self.id),
            "name": "@everyone",
            "permissions": str(self.everybody_may.value),
            "position": 0,
        }
        me = {"user": BOT_USER, "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False}
        me["communication_disabled_until"] = self.timed_out_until and self.timed_out_until.isoformat()
        return {
            "id": str(self.id),
            "name": f"Server {self.id}",
            "owner_id": SOMEBODY["id"],
            "member_count": 2,
            "unavailable": False,
            "system_channel_id": str(self.general.id),
            "roles": [everyone, *(everyone | {"id": str(each), "permissions": "0"} for each in self.role_ids)],
            "channels": [channel.payload() for channel in self.channels],
            "members": [me | {"flags": 0}],
        }


class Person(Guild):
    """A person, whose direct messages are `papers`: for tests that run over all kinds of destination.

    `opened` says how often they were opened. `closed` is what is answered to every message.
    """

    closed: Fault | None = None
    opened = 0

    @property
    def channels(self) -> list[Channel]:
        return [self.papers]
