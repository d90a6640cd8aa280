"""A small Discord on loopback, for what happens on the wire: lost answers, rate limits, dropped gateways.

It is as strict as Discord where the bot depends on it: its answers tell its own time, a nonce gives back the first
message only while it lives, a forum knows no nonce, a history without its permission is empty, a message is given
one thread and is published once, ten of a channel in an hour, a 429 of Discord itself carries `Via`, and JSON is
`application/json` to the letter. Tests fill its queues of faults.
"""

import asyncio
import json
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.utils import format_datetime

from aiohttp import web

from tests.support.gateway import TOKEN, Gateway
from tests.support.wire_application import Application
from tests.support.wire_channels import (
    BOT_ID,
    BOT_USER,
    SOMEBODY,
    Channel,
    Fault,
    Guild,
    Kind,
    Person,
    Posted,
    Refused,
    Thread,
    as_json,
    rate_limit,
)
from tests.support.wire_interactions import Payload
from tests.support.wire_rates import Rates

__all__ = ["TOKEN", "Channel", "Fault", "Guild", "Kind", "Payload", "Person", "Posted", "Thread", "Wire", "rate_limit"]

NONCE_LIVES = timedelta(minutes=2)  # "the past few minutes", says Discord; no more is to be relied on
PUBLISHED_AN_HOUR = 10
MAX_REQUEST = 25 * 2**20  # bytes
HOUR = timedelta(hours=1)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Wire(Application):
    """REST and gateway. `clock` is Discord's own: it dates messages and ends the lives of nonces."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.guilds: dict[int, Guild] = {}
        self.people: dict[int, Person] = {}
        self.direct_messages: dict[int, Channel] = {}
        super().__init__(clock, Gateway(self.guilds))
        self.overrides: dict[tuple[int, int], list[Payload]] = {}  # by server, and command or application
        self.override_faults: deque[Fault] = deque()  # what becomes of the next requests to read them
        self.post_faults: deque[Fault] = deque()  # what becomes of the next requests to make a message, or a post
        self.thread_faults: deque[Fault] = deque()  # … to open a thread on a message
        self.publish_faults: deque[Fault] = deque()
        self.delete_faults: deque[Fault] = deque()
        self.opening_faults: deque[Fault] = deque()  # … to open direct messages
        self.history_faults: deque[Fault] = deque()  # … to read messages, or to list threads
        self.bodies: list[Payload] = []  # of every request to make a message, or a post
        self.requests: list[str] = []  # "POST /channels/1/messages", as they came
        self.authorizations: Counter[str] = Counter()
        self.rates: Rates | None = None  # that it keeps to
        self.slowness = 0.0  # seconds before a message, or a post, is made
        self.repeats = 0  # messages that a nonce gave back
        self._nonces: dict[tuple[int, str], Posted] = {}

    def add_guild(self, kind: Kind = Kind.TEXT, number: int | None = None) -> Guild:
        """A server whose channel `papers` is of this kind, or a person, perhaps with this id."""
        if kind is Kind.PERSON:
            return self.add_person(number)
        number = number or 1000 * next(self._numbers)
        general, papers = Channel(number + 1, number, "general"), Channel(number + 2, number, "papers", kind)
        self.guilds[number] = Guild(number, general, papers)
        return self.guilds[number]

    def add_person(self, number: int | None = None) -> Person:
        """A person with whom the bot has direct messages."""
        number = number or 1000 * next(self._numbers)
        papers = Channel(number + 1, number, "", Kind.PERSON)
        self.people[number] = person = Person(number, papers, papers)
        self.direct_messages[papers.id] = papers
        return person

    def move(self, person: Person) -> Channel:
        """The direct messages are in another channel from now on. Discord has forgotten the old one."""
        del self.direct_messages[person.papers.id]
        person.papers = Channel(person.papers.id + 1, person.id, "", Kind.PERSON)
        self.direct_messages[person.papers.id] = person.papers
        return person.papers

    def chat(self, place: Channel | Thread, text: str) -> None:
        """Somebody says something."""
        place.messages.append(self._posted(place, SOMEBODY, {"content": text}))

    def post(self, forum: Channel, name: str, owner: Payload = SOMEBODY) -> Thread:
        """Somebody makes a post in a forum, or the bot does, of another kind than a digest."""
        body = {"name": name, "auto_archive_duration": 60, "message": {"content": name}}
        return self._create_post(forum, body, owner)

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
        rest.on_response_prepare.append(self._date)
        self._add_application_routes(rest.router)
        rest.router.add_get("/applications/{id}/guilds/{guild}/commands/{command}/permissions", self._overrides)
        rest.router.add_post("/users/@me/channels", self._open_direct_messages)
        rest.router.add_get("/users/@me/guilds", self._own_guilds)
        rest.router.add_get("/guilds/{guild}", self._guild)
        rest.router.add_get("/guilds/{guild}/members/{member}", self._member)
        rest.router.add_delete("/users/@me/guilds/{guild}", self._leave)
        rest.router.add_get("/guilds/{guild}/threads/active", self._active_threads)
        rest.router.add_get("/channels/{id}", self._describe)
        rest.router.add_delete("/channels/{id}", self._delete_thread)
        rest.router.add_post("/channels/{id}/threads", self._make_post)
        rest.router.add_get("/channels/{id}/threads/archived/public", self._archived_threads)
        rest.router.add_get("/channels/{id}/messages", self._history)
        rest.router.add_post("/channels/{id}/messages", self._post)
        rest.router.add_get("/channels/{id}/messages/{message}", self._show)
        rest.router.add_delete("/channels/{id}/messages/{message}", self._delete_message)
        rest.router.add_post("/channels/{id}/messages/{message}/threads", self._open_thread)
        rest.router.add_post("/channels/{id}/messages/{message}/crosspost", self._publish)
        rest.router.add_post("/interactions/{id}/{token}/callback", self._hear)
        rest.router.add_post("/webhooks/{id}/{token}", self._hear_more)
        rest.router.add_patch("/webhooks/{id}/{token}/messages/@original", self._hear_more)
        rest.router.add_delete("/webhooks/{id}/{token}/messages/@original", self._forget_announcement)
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_get("/gateway", self.gateway.talk)
        app.add_subapp("/api/v10", rest)
        return app

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_datetime(self.clock(), usegmt=True)

    @web.middleware
    async def _known(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every request is counted, and answered only to the bot, in the channels it may see."""
        authorization = request.headers.get("Authorization", "")
        self.authorizations[authorization] += 1
        self.requests.append(f"{request.method} {request.path.removeprefix('/api/v10')}")
        has_own_token = "/interactions/" in request.path or "/webhooks/" in request.path
        if authorization != f"Bot {TOKEN}" and not has_own_token:
            return as_json({"message": "401: Unauthorized", "code": 0}, 401)
        try:
            if self.rates:
                self.rates.check(request)
            if "/channels/" in request.path and "id" in request.match_info:
                self._check_access(request)
                await self._wait_before(request)
            return await handler(request)
        except Refused as refused:
            return refused.fault.answer(request)

    def _check_access(self, request: web.Request) -> None:
        place = self._place(request)
        if place.refusal:
            raise Refused(place.refusal)
        if place.denied.view_channel:
            raise Refused(Fault(403, 50001))
        if request.method == "POST" and place.denied.send_messages:
            raise Refused(Fault(403, 50013))

    async def _wait_before(self, request: web.Request) -> None:
        place = self._place(request)
        if isinstance(place, Channel) and place.before:
            await place.before()

    def _place(self, request: web.Request) -> Channel | Thread:
        wanted = int(request.match_info["id"])
        if wanted in self.direct_messages:
            return self.direct_messages[wanted]
        for guild in self.guilds.values():
            for place in guild.places:
                if place.id == wanted:
                    return place
        raise Refused(Fault(404, 10003))

    def _channel(self, request: web.Request, *kinds: Kind) -> Channel:
        place = self._place(request)
        if isinstance(place, Channel) and (not kinds or place.kind in kinds):
            return place
        raise Refused(Fault(400, 50024))

    def _message(self, request: web.Request) -> Posted:
        wanted = int(request.match_info["message"])
        for message in self._place(request).messages:
            if message.id == wanted:
                return message
        raise Refused(Fault(404, 10008))

    async def _own_guilds(self, request: web.Request) -> web.Response:
        """All servers of the bot, whatever shard they are in."""
        after, limit = int(request.query.get("after", 0)), int(request.query["limit"])
        found = [self.guilds[each].payload() for each in sorted(self.guilds) if each > after]
        return as_json([each | {"channels": [], "members": []} for each in found[:limit]])

    async def _guild(self, request: web.Request) -> web.Response:
        return as_json(self._find_guild(request).payload() | {"channels": [], "members": []})

    async def _member(self, request: web.Request) -> web.Response:
        (me,) = self._find_guild(request).payload()["members"]
        return as_json(me)

    def _find_guild(self, request: web.Request) -> Guild:
        guild = self.guilds.get(int(request.match_info["guild"]))
        if guild is None:
            raise Refused(Fault(404, 10004))
        return guild

    async def override(self, guild: Guild, target_id: int, *entries: Payload, told: bool = True) -> None:
        """An admin decides who may use a command, or all commands of the application, and where; the bot is `told`."""
        self.overrides[guild.id, target_id] = list(entries)
        if told:
            await self.gateway.announce_overrides(guild, target_id, list(entries))

    async def _overrides(self, request: web.Request) -> web.Response:
        fault = await self._faulty(request, self.override_faults)
        if fault:
            return fault
        guild_id, target_id = int(request.match_info["guild"]), int(request.match_info["command"])
        if (guild_id, target_id) not in self.overrides:
            raise Refused(Fault(404, 10066))
        known = {"id": str(target_id), "application_id": str(BOT_ID), "guild_id": str(guild_id)}
        return as_json(known | {"permissions": self.overrides[guild_id, target_id]})

    async def _open_direct_messages(self, request: web.Request) -> web.Response:
        """The direct messages with a person, which are always the same channel."""
        fault = await self._faulty(request, self.opening_faults)
        if fault:
            return fault
        person = self.people.get(int((await request.json())["recipient_id"]))
        if person is None:
            raise Refused(Fault(404, 10013))
        person.opened += 1
        return as_json(person.papers.payload())

    async def _leave(self, request: web.Request) -> web.Response:
        del self.guilds[int(request.match_info["guild"])]
        return web.Response(status=204)

    async def _describe(self, request: web.Request) -> web.Response:
        return as_json(self._place(request).payload())

    async def _history(self, request: web.Request) -> web.Response:
        """A page of at most a hundred messages, latest first; those next to `after` where it is given."""
        place, limit = self._place(request), int(request.query.get("limit", 50))
        assert 1 <= limit <= 100
        fault = await self._faulty(request, self.history_faults)
        if fault:
            return fault
        if place.denied.read_message_history:
            return as_json([])
        after, before = (int(request.query.get(name, border)) for name, border in (("after", 0), ("before", 2**63)))
        found = [message for message in place.messages if after < message.id < before]
        page = found[:limit] if after else found[-limit:]
        return as_json([message.payload() for message in reversed(page)])

    async def _show(self, request: web.Request) -> web.Response:
        fault = await self._faulty(request, self.history_faults)
        return fault or as_json(self._message(request).payload())

    async def _active_threads(self, request: web.Request) -> web.Response:
        """All of a server that the bot can see, of all channels."""
        fault = await self._faulty(request, self.history_faults)
        if fault:
            return fault
        channels = self.guilds[int(request.match_info["guild"])].channels
        threads = [each for channel in channels if not channel.denied.view_channel for each in channel.threads]
        return as_json({"threads": [each.payload() for each in threads if not each.archived_at], "members": []})

    async def _archived_threads(self, request: web.Request) -> web.Response:
        """A page of at most a hundred threads, those archived latest first, archived before `before`."""
        channel, limit = self._channel(request), int(request.query.get("limit", 50))
        assert 2 <= limit <= 100
        fault = await self._faulty(request, self.history_faults)
        if fault:
            return fault
        if channel.denied.read_message_history:
            raise Refused(Fault(403, 50013))
        before = datetime.fromisoformat(request.query.get("before", "9999-01-01T00:00:00+00:00"))
        dated = [(each.archived_at, each) for each in channel.threads if each.archived_at and each.archived_at < before]
        found = [each.payload() for _, each in sorted(dated, key=lambda pair: pair[0], reverse=True)]
        return as_json({"threads": found[:limit], "members": [], "has_more": len(found) > limit})

    async def _post(self, request: web.Request) -> web.Response:
        place, body = self._place(request), await request.json()
        self.bodies.append(body)
        if isinstance(place, Channel) and place.kind is Kind.FORUM:
            raise Refused(Fault(400, 50008))
        if place.guild_id in self.people and (closed := self.people[place.guild_id].closed):
            raise Refused(closed)
        _judge(place, body)
        return await self._done(request, self.post_faults, lambda: self._create(place, body).payload())

    async def _make_post(self, request: web.Request) -> web.Response:
        """A post in a forum, with its first message: whatever its nonce, it is another one every time."""
        forum, body = self._channel(request, Kind.FORUM), await request.json()
        self.bodies.append(body)
        if forum.requires_tag and not body.get("applied_tags"):
            raise Refused(Fault(400, 40067))
        assert set(body.get("applied_tags", [])) <= {tag["id"] for tag in forum.payload()["available_tags"]}
        assert 1 <= len(body["name"]) <= 100
        _judge(forum, body)

        def create() -> Payload:
            post = self._create_post(forum, body)
            return post.payload() | {"message": post.messages[0].payload()}

        return await self._done(request, self.post_faults, create)

    async def _open_thread(self, request: web.Request) -> web.Response:
        channel, body = self._channel(request, Kind.TEXT, Kind.NEWS), await request.json()
        if channel.denied.create_public_threads:
            raise Refused(Fault(403, 50013))
        assert 1 <= len(body["name"]) <= 100

        def create() -> Payload:
            message = self._message(request)
            if any(thread.id == message.id for thread in channel.threads):
                raise Refused(Fault(400, 160004))
            channel.threads.append(Thread(message.id, channel, body, self.clock()))
            return channel.threads[-1].payload()

        return await self._done(request, self.thread_faults, create)

    async def _publish(self, request: web.Request) -> web.Response:
        channel = self._channel(request, Kind.NEWS)
        channel.crossposts.append(self.clock())
        recent = [at for at in channel.crossposts if self.clock() - at < HOUR]
        if len(recent) > PUBLISHED_AN_HOUR:
            raise Refused(rate_limit((recent[0] + HOUR - self.clock()).total_seconds(), bucket="crossposts"))

        def publish() -> Payload:
            message = self._message(request)
            if message.crossposted:
                raise Refused(Fault(400, 40033))
            message.crossposted = True
            return message.payload()

        return await self._done(request, self.publish_faults, publish)

    async def _delete_message(self, request: web.Request) -> web.Response:
        """Deletes the message; a thread on it stays."""
        place = self._place(request)

        def delete() -> Payload:
            place.messages.remove(self._message(request))
            return {}

        answer = await self._done(request, self.delete_faults, delete)
        return web.Response(status=204) if answer.status == 200 else answer

    async def _delete_thread(self, request: web.Request) -> web.Response:
        thread = self._place(request)
        assert isinstance(thread, Thread)
        if thread.denied.manage_threads:
            raise Refused(Fault(403, 50013))

        def delete() -> Payload:
            thread.parent.threads.remove(thread)
            return thread.payload()

        return await self._done(request, self.delete_faults, delete)

    async def _done(self, request: web.Request, faults: deque[Fault], work: Callable[[], Payload]) -> web.Response:
        """Do what is asked for and answer it, unless the next fault would have it otherwise."""
        fault = faults.popleft() if faults else Fault(200, created=True)
        if self.slowness and faults is self.post_faults:
            await asyncio.sleep(self.slowness)
        made = work() if fault.created else None
        if fault.meanwhile:
            await fault.meanwhile()
        return as_json(made) if made is not None and fault.status == 200 else fault.answer(request)

    def _create(self, place: Channel | Thread, body: Payload) -> Posted:
        """A message, or the one its nonce has made before."""
        nonce = (place.id, body.get("nonce", ""))
        known = self._nonces.get(nonce)
        if known and body.get("enforce_nonce") and self.clock() - known.at <= NONCE_LIVES:
            self.repeats += 1
            return known
        self._nonces[nonce] = message = self._posted(place, BOT_USER, body)
        place.messages.append(message)
        return message

    def _create_post(self, forum: Channel, body: Payload, owner: Payload = BOT_USER) -> Thread:
        number, now = self._snowflake(), self.clock()
        first = Posted(number, number, now, owner, body["message"])
        forum.threads.append(Thread(number, forum, body, now, [first], owner=owner))
        return forum.threads[-1]


def _judge(place: Channel | Thread, body: Payload) -> None:
    """Refuse what the channel does not take."""
    if isinstance(place, Channel) and place.judge and (fault := place.judge(json.dumps(body, ensure_ascii=False))):
        raise Refused(fault)
