"""The gateway of the little Discord on loopback."""

import asyncio
import json
from typing import Any

from aiohttp import WSMsgType, web

from tests.support.wire_channels import BOT_ID, BOT_USER, Channel, Guild

TOKEN = "the-token.of-this-bot.which-nobody-may-read"


class Gateway:
    """The websocket: sessions that can be taken up again, and connections that tests drop."""

    def __init__(self, guilds: dict[int, Guild]) -> None:
        self.guilds = guilds
        self.url = ""
        self.open = True
        self.final_code: int | None = None  # with which it closes, for good, on whoever identifies
        self.refused = asyncio.Event()  # somebody knocked while it was not open
        self.presences: list[Any] = []  # what the bot shows of itself in each new session
        self.arrivals: asyncio.Queue[str] = asyncio.Queue()  # "identify" and "resume", as they came
        self._sessions: dict[str, list[dict[str, Any]]] = {}  # what each was sent, to be replayed
        self._sockets: dict[str, web.WebSocketResponse] = {}

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
        self.presences.append(said.get("presence"))
        session = f"session-{len(self._sessions)}"
        self._sessions[session], self._sockets[session] = [], socket
        ready = {
            "v": 10,
            "user": BOT_USER,
            "guilds": [{"id": str(guild), "unavailable": True} for guild in self.guilds],
            "session_id": session,
            "resume_gateway_url": self.url,
            "shard": said["shard"],
            "application": {"id": str(BOT_ID), "flags": 0},
        }
        await self._dispatch(session, "READY", ready)
        for guild in self.guilds.values():
            if guild.available:
                await self._dispatch(session, "GUILD_CREATE", guild.payload())
        self.arrivals.put_nowait("identify")

    async def _resumed(self, socket: web.WebSocketResponse, said: dict[str, Any]) -> None:
        session = said["session_id"]
        if session not in self._sessions:
            await socket.send_json({"op": 9, "d": False})
            return
        self._sockets[session] = socket
        for event in self._sessions[session][said["seq"] :]:
            await socket.send_json(event)
        await self._dispatch(session, "RESUMED", {})
        self.arrivals.put_nowait("resume")

    async def _dispatch(self, session: str, name: str, known: dict[str, Any]) -> None:
        events = self._sessions[session]
        events.append({"op": 0, "t": name, "s": len(events) + 1, "d": known})
        if not self._sockets[session].closed:
            await self._sockets[session].send_json(events[-1])

    async def announce(self, news: Channel | Guild) -> None:
        """Tell the bot how a channel is by now, or that a server is available."""
        name = "CHANNEL_UPDATE" if isinstance(news, Channel) else "GUILD_CREATE"
        for session in self._sessions:
            await self._dispatch(session, name, news.payload())

    async def announce_overrides(self, guild: Guild, target_id: int, entries: list[dict[str, Any]]) -> None:
        """Tell the bot who may use a command by now."""
        known = {"id": str(target_id), "application_id": str(BOT_ID), "guild_id": str(guild.id), "permissions": entries}
        for session in self._sessions:
            await self._dispatch(session, "APPLICATION_COMMAND_PERMISSIONS_UPDATE", known)

    async def interact(self, interaction: dict[str, Any]) -> None:
        """Tell the bot what somebody did."""
        for session in self._sessions:
            await self._dispatch(session, "INTERACTION_CREATE", interaction)

    async def drop(self, *, forget: bool = False, code: int = 4000) -> None:
        """Close every connection with `code`; a session that is forgotten cannot be resumed."""
        sockets = list(self._sockets.values())
        if forget:
            self._sessions.clear()
            self._sockets.clear()
        for socket in sockets:
            await socket.close(code=code)
