"""Who the bot is on Discord, asked with its token alone, and how it is invited."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import discord

from bot.bot_token import TokenRejected, explain_unknown_token
from bot.channels.requests import ANSWER_TIMEOUT, REQUEST_ERRORS
from bot.channels.server_channel import NEEDED_PERMISSIONS


class DiscordUnreachable(Exception):
    """Discord gave no answer to what was asked; the cause says what came instead."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The bot that a token belongs to."""

    name: str
    invite: str
    is_public: bool  # others than the application's owner may invite it


@asynccontextmanager
async def log_in(
    token: str, proxy: str | None = None, trace: aiohttp.TraceConfig | None = None
) -> AsyncIterator[discord.Client]:
    """A client that is logged in, but not connected. Raises as discord.py does."""
    async with discord.Client(
        intents=discord.Intents(guilds=True),
        max_ratelimit_timeout=30,
        proxy=proxy,
        http_trace=trace or aiohttp.TraceConfig(),
    ) as client:
        await client.login(token)
        yield client


async def ask_identity(token: str, proxy: str | None = None) -> Identity:
    """Whose token this is. Raises `TokenRejected` and `DiscordUnreachable`."""
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT), log_in(token, proxy) as client:
            assert client.user is not None  # known from the login, like the next
            assert client.application is not None
            return Identity(client.user.name, build_invite(client.application.id), client.application.bot_public)
    except discord.LoginFailure:
        raise TokenRejected(explain_unknown_token(token)) from None
    except REQUEST_ERRORS as error:
        raise DiscordUnreachable from error


def build_invite(application_id: int) -> str:
    """Where a server's admins add this application's bot, with the permissions that it needs."""
    return discord.utils.oauth_url(application_id, permissions=NEEDED_PERMISSIONS)
