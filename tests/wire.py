"""A small Discord on loopback, for what happens on the wire: lost answers, rate limits, dropped gateways.

It is as strict as Discord where the bot depends on it: a nonce gives back the first message only while it
lives, a history without its permission is empty, a 429 of Discord itself carries `Via`, and JSON is
`application/json` to the letter. Tests fill its queues of faults. Beside it stands a papers API that may be down.
"""

import asyncio
import json
import re
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import discord
from aiohttp import WSMsgType, web

from bot.demo.papers_server import PapersServer

TOKEN = "the-token.of-this-bot.which-nobody-may-read"
BOT_ID = 77
NONCE_LIVES = timedelta(minutes=2)  # "the past few minutes", says Discord; no more is to be relied on
EVERYBODY_MAY = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
BOT_USER = {"id": str(BOT_ID), "username": "paperboy", "discriminator": "0", "avatar": None, "bot": True}
SOMEBODY = {"id": "88", "username": "grace", "discriminator": "0", "avatar": None}
EPHEMERAL = 1 << 6

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FrailPapers(PapersServer):
    """The papers API, which may be `down`, or unable to serve some days; `meanwhile` runs before each answer."""

    down = False
    unservable: frozenset[date] = frozenset()
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.meanwhile:
            await self.meanwhile()
        failing = self.down or date.fromisoformat(request.query["date"]) in self.unservable
        return _down() if failing else await super().answer(request)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        return _down() if self.down else await super().answer_paper(request)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        return _down() if self.down else await super().answer_search(request)


def _down() -> web.Response:
    return web.json_response({"error": "down"}, status=503)


@dataclass
class Fault:
    """What becomes of one request: `status` is answered, or, without one, the connection is cut.

    A message is made all the same where `created`; `meanwhile` runs after that and before the answer.
    A status of 200 is no fault: the request is answered as usual, after `meanwhile`.
    """

    status: int | None = None
    code: int = 0
    created: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    known: dict[str, Any] = field(default_factory=dict)
    meanwhile: Callable[[], Awaitable[object]] | None = None

    def answer(self, request: web.Request) -> web.Response:
        if self.status is None:
            assert request.transport
            request.transport.close()
        return _json({"message": "a fault", "code": self.code} | self.known, self.status or 500, self.headers)


def rate_limit(seconds: float, *, via: bool = True) -> Fault:
    """A 429 of Discord; without `via` one of the proxy before it, as after a ban."""
    headers = {
        "Retry-After": str(seconds),
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": str(seconds),
        "X-RateLimit-Bucket": "messages",
    }
    known = {"message": "You are being rate limited.", "retry_after": seconds, "global": False}
    return Fault(429, headers=headers | {"Via": "1.1 google"} if via else {}, known=known)


@dataclass(frozen=True)
class Posted:
    """A message in a channel, with the body it was made from."""

    id: int
    channel_id: int
    at: datetime
    author: dict[str, Any]
    body: dict[str, Any]

    @property
    def papers(self) -> list[str]:
        """The ids of the papers it highlights, in order."""
        return re.findall(r'"details:([\d.]+):', json.dumps(self.body))

    def payload(self) -> dict[str, Any]:
        empty: dict[str, Any] = {name: [] for name in ("mentions", "mention_roles", "attachments", "embeds")}
        return empty | {
            "id": str(self.id),
            "channel_id": str(self.channel_id),
            "author": self.author,
            "content": self.body.get("content") or "",
            "components": self.body.get("components", []),
            "flags": self.body.get("flags", 0),
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
    """A text channel; `denied` is what the bot may not do, `refusal` what every request to it is answered."""

    id: int
    guild_id: int
    name: str
    denied: discord.Permissions = field(default_factory=discord.Permissions.none)
    refusal: Fault | None = None
    messages: list[Posted] = field(default_factory=list)

    @property
    def digests(self) -> list[Posted]:
        return [message for message in self.messages if message.papers]

    def payload(self) -> dict[str, Any]:
        denied = {"id": str(self.guild_id), "type": 0, "allow": "0", "deny": str(self.denied.value)}
        known = {"id": str(self.id), "guild_id": str(self.guild_id), "name": self.name, "type": 0, "position": 0}
        return known | {"permission_overwrites": [denied], "nsfw": False, "parent_id": None, "topic": None}


@dataclass
class Guild:
    """A server with the bot, its system channel `general` and a channel `papers`."""

    id: int
    general: Channel
    papers: Channel
    available: bool = True

    def payload(self) -> dict[str, Any]:
        everyone = {"id": str(self.id), "name": "@everyone", "permissions": str(EVERYBODY_MAY.value), "position": 0}
        me = {"user": BOT_USER, "roles": [], "joined_at": "2026-01-01T00:00:00+00:00", "deaf": False, "mute": False}
        return {
            "id": str(self.id),
            "name": f"Server {self.id}",
            "owner_id": SOMEBODY["id"],
            "member_count": 2,
            "unavailable": False,
            "system_channel_id": str(self.general.id),
            "roles": [everyone],
            "channels": [self.general.payload(), self.papers.payload()],
            "members": [me | {"flags": 0}],
        }


class Gateway:
    """The websocket: sessions that can be taken up again, and connections that tests drop."""

    def __init__(self, guilds: dict[int, Guild]) -> None:
        self.guilds = guilds
        self.url = ""
        self.open = True
        self.refused = asyncio.Event()  # somebody knocked while it was not open
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

    async def interact(self, interaction: dict[str, Any]) -> None:
        """Tell the bot what somebody did."""
        for session in self._sessions:
            await self._dispatch(session, "INTERACTION_CREATE", interaction)

    async def drop(self, *, forget: bool = False) -> None:
        """Close every connection; a session that is forgotten cannot be resumed."""
        sockets = list(self._sockets.values())
        if forget:
            self._sessions.clear()
            self._sockets.clear()
        for socket in sockets:
            await socket.close(code=4000)


class Wire:
    """REST and gateway. `clock` is Discord's own: it dates messages and ends the lives of nonces."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.guilds: dict[int, Guild] = {}
        self.gateway = Gateway(self.guilds)
        self.post_faults: deque[Fault] = deque()  # what becomes of the next requests to make a message
        self.history_faults: deque[Fault] = deque()
        self.login_faults: deque[Fault] = deque()
        self.bodies: list[dict[str, Any]] = []  # of every request to make a message
        self.requests: list[str] = []  # "POST /channels/1/messages", as they came
        self.authorizations: Counter[str] = Counter()
        self._nonces: dict[tuple[int, str], Posted] = {}
        self._asking: dict[str, asyncio.Future[dict[str, Any]]] = {}  # by the interaction's token
        self._numbers = count(1)

    def add_guild(self) -> Guild:
        number = 1000 * next(self._numbers)
        general, papers = Channel(number + 1, number, "general"), Channel(number + 2, number, "papers")
        self.guilds[number] = Guild(number, general, papers)
        return self.guilds[number]

    def chat(self, channel: Channel, text: str) -> None:
        """Somebody says something."""
        channel.messages.append(self._posted(channel, SOMEBODY, {"content": text}))

    async def command(self, channel: Channel, name: str, **options: str) -> dict[str, Any]:
        """Somebody uses a command of a group, such as "paper search"; gives the body of the bot's answer."""
        group, command = name.split()
        given = [{"name": option, "type": 3, "value": value} for option, value in options.items()]
        data = {"id": "1", "name": group, "type": 1, "options": [{"name": command, "type": 1, "options": given}]}
        return await self._interact(channel, 2, data)

    async def press(self, channel: Channel, answer: dict[str, Any], custom_id: str) -> dict[str, Any]:
        """Somebody presses a button below an answer that only they see; gives the body of the bot's answer."""
        message = self._posted(channel, BOT_USER, answer["data"]).payload()
        data = {"custom_id": custom_id, "component_type": 2}
        return await self._interact(channel, 3, data, message=message)

    async def _interact(self, channel: Channel, kind: int, data: dict[str, Any], **known: Any) -> dict[str, Any]:
        number = str(next(self._numbers))
        token = f"token-{number}"
        self._asking[token] = asyncio.get_running_loop().create_future()
        interaction = {
            "id": number,
            "application_id": str(BOT_ID),
            "type": kind,
            "token": token,
            "version": 1,
            "data": data,
            "guild_id": str(channel.guild_id),
            "channel": channel.payload(),
            "member": {"user": SOMEBODY, "roles": [], "flags": 0, "permissions": str(EVERYBODY_MAY.value)},
            "authorizing_integration_owners": {"0": str(channel.guild_id)},
            "attachment_size_limit": 0,
            "context": 0,
        }
        await self.gateway.interact(interaction | known)
        return await self._asking[token]

    @property
    def histories(self) -> int:
        """How often a channel's history was asked for."""
        return sum(request.startswith("GET") and request.endswith("/messages") for request in self.requests)

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[None]:
        """Serve on a free port of the loopback interface; `api_url` and `gateway.url` say where."""
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            place = f"127.0.0.1:{runner.addresses[0][1]}"
            self.api_url, self.gateway.url = f"http://{place}/api/v10", f"ws://{place}/gateway"
            yield
        finally:
            await self.gateway.drop()
            await runner.cleanup()

    def _app(self) -> web.Application:
        rest = web.Application(middlewares=[self._known])
        rest.router.add_get("/users/@me", self._me)
        rest.router.add_get("/oauth2/applications/@me", self._application)
        rest.router.add_put("/applications/{id}/commands", self._commands)
        rest.router.add_get("/gateway/bot", self._gateway)
        rest.router.add_get("/channels/{id}", self._describe)
        rest.router.add_get("/channels/{id}/messages", self._history)
        rest.router.add_post("/channels/{id}/messages", self._post)
        rest.router.add_post("/interactions/{id}/{token}/callback", self._hear)
        app = web.Application()
        app.router.add_get("/gateway", self.gateway.talk)
        app.add_subapp("/api/v10", rest)
        return app

    @web.middleware
    async def _known(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request is counted, and answered only to the bot, in the channels it may see."""
        authorization = request.headers.get("Authorization", "")
        self.authorizations[authorization] += 1
        self.requests.append(f"{request.method} {request.path.removeprefix('/api/v10')}")
        if authorization != f"Bot {TOKEN}" and "/interactions/" not in request.path:  # these have tokens of their own
            return _json({"message": "401: Unauthorized", "code": 0}, 401)
        if "/channels/" in request.path:
            refusal = self._refusal(request)
            if refusal:
                return refusal.answer(request)
        return await handler(request)

    def _refusal(self, request: web.Request) -> Fault | None:
        channel = self._channel(request)
        if channel is None:
            return Fault(404, 10003)
        if channel.refusal:
            return channel.refusal
        if channel.denied.view_channel:
            return Fault(403, 50001)
        return Fault(403, 50013) if request.method == "POST" and channel.denied.send_messages else None

    def _channel(self, request: web.Request) -> Channel | None:
        channels = (channel for guild in self.guilds.values() for channel in (guild.general, guild.papers))
        return next((channel for channel in channels if channel.id == int(request.match_info["id"])), None)

    async def _me(self, request: web.Request) -> web.Response:
        return await self._faulty(request, self.login_faults) or _json(BOT_USER)

    async def _application(self, request: web.Request) -> web.Response:
        known = {"id": str(BOT_ID), "name": "Paperboy", "description": "", "icon": None, "verify_key": ""}
        return _json(known | {"bot_public": True, "bot_require_code_grant": False, "owner": SOMEBODY})

    async def _commands(self, request: web.Request) -> web.Response:
        known = {"application_id": str(BOT_ID), "version": "1", "description": ""}
        commands = enumerate(await request.json(), 1)
        return _json([known | command | {"id": str(number)} for number, command in commands])

    async def _gateway(self, request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 999, "reset_after": 1000, "max_concurrency": 1}
        return _json({"url": self.gateway.url, "shards": 1, "session_start_limit": limit})

    async def _describe(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        assert channel
        return _json(channel.payload())

    async def _history(self, request: web.Request) -> web.Response:
        """A page of at most a hundred messages, latest first; those next to `after` where it is given."""
        channel, limit = self._channel(request), int(request.query.get("limit", 50))
        assert channel
        assert 1 <= limit <= 100
        fault = await self._faulty(request, self.history_faults)
        if fault:
            return fault
        if channel.denied.read_message_history:
            return _json([])
        after, before = (int(request.query.get(name, border)) for name, border in (("after", 0), ("before", 2**63)))
        found = [message for message in channel.messages if after < message.id < before]
        page = found[:limit] if after else found[-limit:]
        return _json([message.payload() for message in reversed(page)])

    async def _post(self, request: web.Request) -> web.Response:
        channel, body = self._channel(request), await request.json()
        assert channel
        self.bodies.append(body)
        fault = self.post_faults.popleft() if self.post_faults else Fault(200, created=True)
        message = self._create(channel, body) if fault.created else None
        if fault.meanwhile:
            await fault.meanwhile()
        return _json(message.payload()) if message and fault.status == 200 else fault.answer(request)

    async def _hear(self, request: web.Request) -> web.Response:
        """The bot's answer to an interaction; one that is only announced is waited for no longer."""
        number, token, body = request.match_info["id"], request.match_info["token"], await request.json()
        asking = self._asking.get(token)
        if asking is None or asking.done():
            return _json({"message": "Unknown interaction", "code": 10062}, 404)
        asking.set_result(body)
        return _json({"interaction": {"id": number, "type": 2}, "resource": {"type": body["type"]}})

    def _create(self, channel: Channel, body: dict[str, Any]) -> Posted:
        """A message, or the one its nonce has made before."""
        nonce = (channel.id, body.get("nonce", ""))
        known = self._nonces.get(nonce)
        if known and body.get("enforce_nonce") and self.clock() - known.at <= NONCE_LIVES:
            return known
        self._nonces[nonce] = message = self._posted(channel, BOT_USER, body)
        channel.messages.append(message)
        return message

    def _posted(self, channel: Channel, author: dict[str, Any], body: dict[str, Any]) -> Posted:
        now = self.clock()
        return Posted(discord.utils.time_snowflake(now) + next(self._numbers), channel.id, now, author, body)

    async def _faulty(self, request: web.Request, faults: deque[Fault]) -> web.Response | None:
        """The answer of the next of these faults, if there is one and it is a fault."""
        if not faults:
            return None
        fault = faults.popleft()
        if fault.meanwhile:
            await fault.meanwhile()
        return None if fault.status == 200 else fault.answer(request)


def _json(known: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    # discord.py reads JSON only where the content type names no charset
    body = json.dumps(known).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
