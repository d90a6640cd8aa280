"""The gateway of the little Discord on loopback."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

from tests.support.wire_channels import BOT_ID, BOT_USER, Channel, Guild

TOKEN = "the-token.of-this-bot.which-nobody-may-read"


@dataclass(frozen=True)
class Identify:
    """A shard that has begun a session, and when."""

    shard: int
    count: int
    at: float  # seconds


@dataclass
class _Session:
    """A shard's session, with all events that it was sent, to be replayed."""

    shard: int
    count: int
    socket: web.WebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)

    def has(self, guild_id: int) -> bool:
        return (guild_id >> 22) % self.count == self.shard

    async def dispatch(self, name: str, known: dict[str, Any]) -> None:
        self.events.append({"op": 0, "t": name, "s": len(self.events) + 1, "d": known})
        if not self.socket.closed:
            await self.socket.send_json(self.events[-1])


class Gateway:
    """The websocket: sessions of shards that can be taken up again, and connections that tests drop.

    A session hears of the servers of its shard. Whoever identifies again within `identify_seconds`, in the same of
    `max_concurrency` buckets, is turned away, and counted in `too_fast`.
    """

    def __init__(self, guilds: dict[int, Guild]) -> None:
        self.guilds = guilds
        self.url = ""
        self.shards, self.max_concurrency, self.identify_seconds = 1, 1, 0.0
        self.open = True
        self.final_code: int | None = None  # with which it closes, for good, on whoever identifies
        self.refused = asyncio.Event()  # somebody knocked while it was not open
        self.presences: list[Any] = []  # what the bot shows of itself in each new session
        self.arrivals: asyncio.Queue[str] = asyncio.Queue()  # "identify" and "resume", as they came
        self.identifies: list[Identify] = []
        self.too_fast = 0
        self._sessions: dict[str, _Session] = {}
        self._numbers = count()

    async def talk(self, request: web.Request) -> web.StreamResponse:
        if not self.open:
            self.refused.set()
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": 10, "d": {"heartbeat_interval": 41250}})
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                await self._answer(socket, json.loads(message.data))
        return socket

    async def _answer(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        match said["op"]:
            case 1:
                await socket.send_json({"op": 11})
            case 2:
                await self._identified(socket, said["d"])
            case 6:
                await self._resumed(socket, said["d"])

    async def _identified(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        assert said["token"] == TOKEN
        if self.final_code:
            await socket.close(code=self.final_code)
            return
        if self._is_too_fast(*said["shard"]):
            self.too_fast += 1
            await socket.send_json({"op": 9, "d": False})
            return
        self.presences.append(said.get("presence"))
        name = f"session-{next(self._numbers)}"
        shard, shards = said["shard"]
        self._sessions[name] = session = _Session(shard, shards, socket)
        ready = {
            "v": 10,
            "user": BOT_USER,
            "guilds": [{"id": str(guild), "unavailable": True} for guild in self.guilds if session.has(guild)],
            "session_id": name,
            "resume_gateway_url": self.url,
            "shard": said["shard"],
            "application": {"id": str(BOT_ID), "flags": 0},
        }
        await session.dispatch("READY", ready)
        for guild in list(self.guilds.values()):
            if guild.available and session.has(guild.id):
                await session.dispatch("GUILD_CREATE", guild.payload())
        self.arrivals.put_nowait("identify")

    def _is_too_fast(self, shard: int, shards: int) -> bool:
        now, bucket = time.monotonic(), shard % self.max_concurrency
        last = [each.at for each in self.identifies if each.shard % self.max_concurrency == bucket]
        self.identifies.append(Identify(shard, shards, now))
        return bool(last) and now - last[-1] < self.identify_seconds

    async def _resumed(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        session = self._sessions.get(said["session_id"])
        if session is None:
            await socket.send_json({"op": 9, "d": False})
            return
        session.socket = socket
        for event in session.events[said["seq"] :]:
            await socket.send_json(event)
        await session.dispatch("RESUMED", {})
        self.arrivals.put_nowait("resume")

    async def _tell(self, guild_id: int, name: str, known: dict[str, Any]) -> None:
        """Tell the shard of that server. One that has begun a new session may still have the old one."""
        for session in list(self._sessions.values()):
            if session.has(guild_id):
                await session.dispatch(name, known)

    async def announce(self, news: Channel | Guild) -> None:
        """Tell the bot how a channel is by now, or that a server is available."""
        if isinstance(news, Channel):
            await self._tell(news.guild_id, "CHANNEL_UPDATE", news.payload())
        else:
            await self._tell(news.id, "GUILD_CREATE", news.payload())

    async def announce_overrides(self, guild: Guild, target_id: int, entries: list[dict[str, Any]]) -> None:
        """Tell the bot who may use a command by now."""
        known = {"id": str(target_id), "application_id": str(BOT_ID), "guild_id": str(guild.id), "permissions": entries}
        await self._tell(guild.id, "APPLICATION_COMMAND_PERMISSIONS_UPDATE", known)

    async def interact(self, interaction: dict[str, Any]) -> None:
        """Tell the bot what somebody did; of what happens in direct messages shard 0 hears."""
        await self._tell(int(interaction.get("guild_id", 0)), "INTERACTION_CREATE", interaction)

    async def drop(self, *, forget: bool = False, code: int = 4000) -> None:
        """Close every connection with `code`; a session that is forgotten cannot be resumed."""
        sockets = [session.socket for session in self._sessions.values()]
        if forget:
            self._sessions.clear()
        for socket in sockets:
            await socket.close(code=code)
