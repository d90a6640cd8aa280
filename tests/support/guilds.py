"""Servers that add the bot, remove it and come back, and what the database holds of each."""

from typing import Any

import simcord
from simcord.backend import serializers

from cogs.guilds import JOB
from tests.support.messages import read_texts
from tests.support.server import GUILD_ID, Server

TABLES_OF_A_SERVER = {
    *("subscriptions", "digest_settings", "deliveries", "messages", "highlights"),
    *("drafts", "audit_log", "notices", "guilds"),
}


def new_server(server: Server, *channels: str) -> simcord.GuildHandle:
    """A server that the bot has just been added to, with these text channels. It hears of it in `settle`."""
    guild = server.env.create_guild("Reading Group")
    for name in channels:
        guild.create_text_channel(name)
    return guild


def channel(guild: simcord.GuildHandle, name: str) -> simcord.ChannelHandle:
    return guild.channels[name]


def read_channels(guild: simcord.GuildHandle) -> dict[str, list[str]]:
    """The texts in each channel, and in the owner's direct messages."""
    places = guild.channels | {"owner": guild.owner.dm_channel}
    return {name: [read_texts(message) for message in place.history()] for name, place in places.items()}


def count_welcomes(guild: simcord.GuildHandle) -> dict[str, int]:
    return {
        name: sum(text.startswith("## Paperboy brings") for text in texts)
        for name, texts in read_channels(guild).items()
    }


def read_rows_of(server: Server, guild_id: int) -> dict[str, list[tuple[Any, ...]]]:
    """All rows that belong to a server, by table."""
    tables = server.tables()
    mine = {row[0] for row in tables["subscriptions"] if guild_id in row}
    sent = {row[0] for row in tables["deliveries"] if row[1] in mine}
    rows = {name: [row for row in tables[name] if guild_id in row] for name in TABLES_OF_A_SERVER}
    rows["digest_settings"] = [row for row in tables["digest_settings"] if row[0] in mine]
    rows["deliveries"] = [row for row in tables["deliveries"] if row[1] in mine]
    rows["messages"] = [row for row in tables["messages"] if row[0] in sent]
    rows["highlights"] = [row for row in tables["highlights"] if row[0] in sent]
    return rows


async def remove_bot(server: Server) -> None:
    """An admin removes the bot; the server itself goes on."""
    server.env.backend.guilds.pop(GUILD_ID)
    server.env.backend.emit("GUILD_DELETE", {"id": str(GUILD_ID)})
    await server.env.settle()


async def add_again(server: Server) -> None:
    backend = server.env.backend
    backend.guilds[GUILD_ID] = server.guild._guild
    backend.emit("GUILD_CREATE", serializers.guild_create_payload(backend, server.guild._guild))
    await server.env.settle()


async def forget_job(server: Server, **later: float) -> None:
    """The daily job, some time later."""
    server.clock.advance(**later)
    job = server.bot.services.scheduler.get_job(JOB)
    assert job
    await job.func()
