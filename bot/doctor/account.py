"""Checks of the bot's account on Discord: token, identity, intents, gateway and commands."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import discord

from bot.app import open_services
from bot.client import COGS, PaperBot
from bot.doctor.case import LOGIN_LIMIT, Case, run_in_thread
from bot.findings import Finding, Kind, find
from bot.identity import build_invite
from bot.papers.api import PapersAPI
from bot.registering import OwnCommands, describe_commands
from bot.storage.examination import get_registered

HELLO_LIMIT = 15  # seconds
FEW_STARTS = 0.1  # of those that Discord allows a day
_HELLO = 10  # the gateway's first word
_UNNEEDED = {
    "Presence": ("gateway_presence", "gateway_presence_limited"),
    "Server Members": ("gateway_guild_members", "gateway_guild_members_limited"),
    "Message Content": ("gateway_message_content", "gateway_message_content_limited"),
}


async def check_token(case: Case) -> AsyncIterator[Finding]:
    """Whether Discord answers, and knows the token."""
    try:
        client = await case.log_in()
    except discord.LoginFailure:
        yield find(Kind.TOKEN_REJECTED)
    except discord.HTTPException as error:
        yield find(Kind.DISCORD_FAILED, number=error.status)
    except TimeoutError:
        yield find(Kind.DISCORD_SILENT, seconds=LOGIN_LIMIT)
    except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
        yield find(Kind.DISCORD_UNREACHABLE, detail=type(error).__name__)
    else:
        assert client.user is not None
        assert client.application is not None
        servers = client.application.approximate_guild_count
        yield find(Kind.LOGGED_IN, name=client.user.name, id=client.user.id, servers=servers)


async def check_identity(case: Case) -> AsyncIterator[Finding]:
    """Whether people can add the bot, and whether what they do reaches it."""
    client = await case.get_client()
    application = client.application
    assert application is not None
    is_fine = True
    if application.interactions_endpoint_url:
        is_fine = False
        yield find(Kind.INTERACTIONS_ELSEWHERE)
    if application.bot_require_code_grant:
        is_fine = False
        yield find(Kind.CODE_GRANT_REQUIRED)
    if is_fine:
        yield find(Kind.IDENTITY_FINE, address=build_invite(application.id))


async def check_intents(case: Case) -> AsyncIterator[Finding]:
    """Whether the application has privileged intents, none of which Paperboy needs."""
    client = await case.get_client()
    assert client.application is not None
    flags = client.application.flags
    names = [name for name, flag in _UNNEEDED.items() if any(getattr(flags, each) for each in flag)]
    yield find(Kind.INTENTS_UNNEEDED, names=names) if names else find(Kind.INTENTS_FINE)


async def check_gateway(case: Case) -> AsyncIterator[Finding]:
    """Whether the gateway says hello, and how many sessions may still be started today. Starts none."""
    client = await case.get_client()
    try:
        await _wait_for_hello(str(case.bot_settings.discord_gateway_url), case.settings.proxy)
    except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
        yield find(Kind.GATEWAY_UNREACHABLE, detail=type(error).__name__)
        return
    _, _, limit = await case.ask(client.http.get_bot_gateway())
    remaining, total = limit["remaining"], limit["total"]
    if remaining <= 0:
        yield find(Kind.STARTS_USED_UP, total=total)
    elif remaining < FEW_STARTS * total:
        yield find(Kind.STARTS_RUNNING_OUT, remaining=remaining, total=total)
    else:
        yield find(Kind.GATEWAY_FINE, remaining=remaining, total=total)


async def _wait_for_hello(url: str, proxy: str | None) -> None:
    """Raises what aiohttp raises, `TimeoutError`, and `TypeError` or `ValueError` for any other answer."""
    async with (
        asyncio.timeout(HELLO_LIMIT),
        aiohttp.ClientSession(proxy=proxy) as session,
        session.ws_connect(url, params={"v": "10", "encoding": "json"}) as socket,
    ):
        said = await socket.receive_json()
    if not isinstance(said, dict) or said.get("op") != _HELLO:
        raise ValueError("no hello")


async def check_commands(case: Case) -> AsyncIterator[Finding]:
    """Whether Discord has the commands of this version, and no others."""
    client = await case.get_client()
    assert client.application_id is not None
    application_id, path = client.application_id, case.settings.database
    await case.get_contents()
    stored = await run_in_thread(lambda: get_registered(path, application_id))
    listed = await case.ask(client.http.get_global_commands(application_id))
    known = {each["name"]: int(each["id"]) for each in listed}
    own = await describe_own_commands()
    missing, foreign = own.names - known.keys(), known.keys() - own.names
    if missing and stored is None:
        yield find(Kind.COMMANDS_NOT_REGISTERED)
    elif missing and stored and stored.fingerprint == own.fingerprint:
        yield find(Kind.COMMANDS_MISSING, names=sorted(missing))
    elif stored is None or stored.fingerprint != own.fingerprint:
        yield find(Kind.COMMANDS_OUTDATED)
    elif foreign:
        yield find(Kind.COMMANDS_FOREIGN, names=sorted(foreign))
    else:
        yield find(Kind.COMMANDS_FINE, number=len(known))


async def describe_own_commands() -> OwnCommands:
    """The commands that this version of the bot registers, as it builds them, in a folder that is thrown away."""
    with TemporaryDirectory(prefix="paperboy-") as folder:
        async with PapersAPI("http://127.0.0.1") as api, open_services(Path(folder) / "paperboy.db", api) as services:
            bot = PaperBot(services, shard_count=1)
            for name in COGS:
                await bot.load_extension(f"cogs.{name}")
            return describe_commands(bot.tree)
