"""A server in the simulated Discord with the real bot in it, and what happens there."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import discord
import simcord
from simcord.backend.models import Overwrite
from simcord.enums import OverwriteType

from bot.app import new_scheduler
from bot.blocking import Blocklist
from bot.client import PaperBot
from bot.database_address import DatabaseAddress
from bot.feed_addresses import FeedAddresses
from bot.storage import Delivery, Subscription
from tests.support.builders import Clock, tables
from tests.support.messages import answer, button_labels, paper_ids, read_texts

GUILD_ID = 1461000000000000000


@dataclass
class Server:
    """A Discord server with the bot, an admin (Manage Server, Mention Everyone), a member, and a channel `papers`."""

    env: simcord.Env
    bot: PaperBot
    guild: simcord.GuildHandle
    papers: simcord.ChannelHandle
    general: simcord.ChannelHandle
    admin: simcord.MemberActor
    member: simcord.MemberActor

    clock: Clock
    database: DatabaseAddress

    async def subscribe(self, **options: Any) -> simcord.InteractionResult:
        """`/digest add` for `#papers` at 9:00 UTC every day, or as `options` say."""
        wanted = {"channel": self.papers, "time": "9:00", "timezone": "UTC"} | options
        return await self.admin.slash(self.general, "digest add", **wanted)

    async def ask(self, command: str, /, **options: Any) -> str:
        """What the admin reads after a command, and nobody else."""
        return answer(await self.admin.slash(self.general, command, **options))

    async def ask_and_click(self, command: str, label: str, /, **options: Any) -> str:
        """What the admin reads after a command and a click on a button of its answer, or the answer if it has none."""
        return answer(await click_after(self, self.admin, command, label, **options))

    async def send_now(self, **options: Any) -> str:
        """What the admin reads after `/digest send now` and its button."""
        return await self.ask_and_click("digest send now", "Post it now", **options)

    async def undo(self, **options: Any) -> str:
        return await self.ask_and_click("digest undo", "Delete it", **options)

    async def remove(self, **options: Any) -> str:
        return await self.ask_and_click("digest remove", "Remove it", **options)

    async def tick(self) -> None:
        """A minute's tick of posting, at the clock's time."""
        await self.bot.dispatcher.run_due(self.bot.services.clock())
        await self.env.settle()

    async def later(self, **amount: float) -> None:
        """Time passes, for the bot and for Discord; then comes a tick."""
        self.clock.advance(**amount)
        await self.env.advance_time(timedelta(**amount).total_seconds())
        await self.tick()

    async def read_lists(self) -> None:
        """What the fetching jobs do in the course of a day."""
        await self.bot.get_cog("Fetching").refresh_settling_lists()  # type: ignore[union-attr]

    async def restart(self, blocked: Blocklist | None = None, feeds: FeedAddresses | None = None) -> None:
        """The bot ends, and a new one starts with the same services, and with what the operator has set."""
        services = replace(self.bot.services, scheduler=new_scheduler())
        self.bot = PaperBot(services, shard_count=1, blocked=blocked, feeds=feeds)
        await self.env.restart_bot(self.bot)

    @property
    def posted(self) -> list[str]:
        """The texts of all messages in `#papers`."""
        return [read_texts(message) for message in self.papers.history()]

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything the database holds."""
        return tables(self.database)


async def click_after(
    server: Server, actor: simcord.MemberActor, command: str, label: str, /, **options: Any
) -> simcord.InteractionResult:
    """What comes of a command and a click on a button of its answer, or of the command if there is no such button."""
    asked = await actor.slash(server.general, command, **options)
    assert asked.response
    if label not in button_labels(asked.response):
        return asked
    return await actor.click(asked.response, label=label)


def without_drafts(tables: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """What a database holds, but for what people have typed and not saved."""
    return {name: rows for name, rows in tables.items() if name not in {"drafts", "stored_queries"}}


def forbid_everybody(server: Server, channel: simcord.ChannelHandle, permission: str) -> None:
    denied = discord.Permissions(**{permission: True}).value
    overwrite = Overwrite(target_id=server.guild.id, type=OverwriteType.ROLE, allow=0, deny=denied)
    server.env.backend.edit_channel(channel.id, {}, overwrites=[overwrite])


def allow_everybody(server: Server, channel: simcord.ChannelHandle, *permissions: str) -> None:
    """Nothing is forbidden any more, and everybody has these permissions, too."""
    allowed = discord.Permissions(**dict.fromkeys(permissions, True)).value
    overwrite = Overwrite(target_id=server.guild.id, type=OverwriteType.ROLE, allow=allowed, deny=0)
    server.env.backend.edit_channel(channel.id, {}, overwrites=[overwrite])


def forbid(server: Server, channel: simcord.ChannelHandle, *permissions: str) -> None:
    """What the bot may not in a channel, and nothing but that: it was invited with every permission."""
    forbid_member(server, server.env.backend.bot_user.id, channel, *permissions)


def forbid_member(server: Server, member_id: int, channel: simcord.ChannelHandle, *permissions: str) -> None:
    denied = discord.Permissions(**dict.fromkeys(permissions, True)).value
    overwrite = Overwrite(target_id=member_id, type=OverwriteType.MEMBER, allow=0, deny=denied)
    server.env.backend.edit_channel(channel.id, {}, overwrites=[overwrite])


async def post(server: Server) -> discord.Message:
    """A subscription's first digest, an hour from the beginning."""
    await server.subscribe()
    await server.later(hours=1)
    return server.papers.history()[-1]


async def deliveries(server: Server) -> list[Delivery]:
    """Those of the first subscription, latest first."""
    return await server.bot.services.storage.deliveries.list_latest(1, limit=100)


def stale_button(server: Server, custom_id: str, place: simcord.ChannelHandle | None = None) -> discord.Message:
    """A message of the bot from another time, with a button."""
    return _stale_message(server, {"type": 2, "style": 2, "label": "Details", "custom_id": custom_id}, place)


def stale_select(server: Server, custom_id: str, value: str) -> discord.Message:
    """A message of the bot from another time, with a select."""
    return _stale_message(server, {"type": 3, "custom_id": custom_id, "options": [{"label": "One", "value": value}]})


def _stale_message(
    server: Server, control: dict[str, Any], place: simcord.ChannelHandle | None = None
) -> discord.Message:
    place = place or server.papers
    rows = [{"type": 10, "content": "From another time"}, {"type": 1, "components": [control]}]
    backend = server.env.backend
    backend.create_message(place.id, backend.bot_user.id, components=rows, flags=1 << 15)
    return place.history()[-1]


async def system_channel(server: Server) -> None:
    """`#general` is where Discord itself speaks to the server."""
    server.env.backend.edit_guild(server.guild.id, {"system_channel_id": server.general.id})
    await server.env.settle()


async def delete(server: Server, channel_id: int) -> None:
    server.env.backend.delete_channel(channel_id)
    await server.env.settle()


def other_admin(server: Server, guild: Any, name: str) -> Any:
    role = guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
    return guild.add_member(server.env.create_user(name), roles=[role])


def add_moderator(server: Server) -> simcord.MemberActor:
    """Someone with power over messages, channels and members, but not over the server."""
    allowed = discord.Permissions(
        manage_channels=True, manage_roles=True, manage_messages=True, manage_threads=True, kick_members=True
    )
    role = server.guild.create_role("Moderators", permissions=allowed)
    return server.guild.add_member(server.env.create_user("hedy"), roles=[role])


async def subscriptions(server: Server) -> list[Subscription]:
    return await server.bot.services.storage.subscriptions.list_for_server(server.guild.id)


async def get_subscription(server: Server) -> Subscription:
    (only,) = await subscriptions(server)
    return only


def let_in(server: Server, member: simcord.MemberActor) -> None:
    """An admin allows `member` the command in the server's settings."""
    override_command(server, {member: True})


def override_command(server: Server, overrides: dict[Any, bool], *, of_app: bool = False) -> None:
    """An admin decides in the server's settings who may use `/digest`, or all commands, and where; Discord tells us."""
    command = server.env.backend.find_command("digest", None)
    assert command
    server.guild.set_command_permissions(server.env.backend.application_id if of_app else int(command["id"]), overrides)
    server.bot.command_access.forget_server(server.guild.id)


async def choices(server: Server, command: str, option: str, typed: str) -> list[str]:
    return [each["name"] for each in await server.admin.autocomplete(server.general, command, option, typed)]


def read_posted_papers(server: Server) -> list[list[str]]:
    return [paper_ids(message) for message in server.papers.history()]
