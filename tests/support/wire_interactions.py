"""People who use the bot on the loopback Discord: their commands, buttons, modals and options, and its answers."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from datetime import datetime
from itertools import count
from typing import Any

import discord
from aiohttp import BodyPartReader, web

from tests.support.discord_limits import walk
from tests.support.gateway import Gateway
from tests.support.wire_channels import (
    BOT_ID,
    BOT_USER,
    EVERYBODY_MAY,
    SOMEBODY,
    Channel,
    Fault,
    Kind,
    Posted,
    Refused,
    Thread,
    as_json,
)

MODAL_SUBMIT = 5  # a type of interaction
MAX_FILE = 10 * 2**20  # bytes that Discord takes as an attachment
MODAL = 9  # a type of answer
ANNOUNCING = {5, 6}  # of the types of answers: of a new message, and of a change of an old one

Payload = dict[str, Any]


class Interactions:
    """What people do with the bot, and the requests by which it answers. `clock` is Discord's own."""

    def __init__(self, clock: Callable[[], datetime], gateway: Gateway) -> None:
        self.clock = clock
        self.gateway = gateway
        self.answer_faults: deque[Fault] = deque()  # what becomes of the next first answers to an interaction
        self.first_answers: list[Payload] = []  # to interactions, and what only announces one
        self.announced = asyncio.Event()
        self.member: Payload = {}  # how whoever acts next differs from the owner of every server, who has no role
        self.owners: Payload | None = None  # of the installation that they use, if it is not the server's
        self.uploads: list[tuple[str, bytes]] = []  # the files that came with answers: name and content
        self._asking: dict[str, tuple[Channel, asyncio.Future[Payload]]] = {}  # by the interaction's token
        self._acknowledged: set[str] = set()
        self._modal_tokens: set[str] = set()  # of interactions that are submitted modals
        self._numbers = count(1)

    async def command(self, channel: Channel, name: str, **options: str) -> Payload:
        """Somebody uses a command, such as "top" or "paper search"; gives the body of the bot's answer.

        Neither here nor below does what only announces an answer count as one.
        """
        given = [{"name": option, "type": 3, "value": value} for option, value in options.items()]
        return await self._interact(channel, 2, _called(name, given))

    async def use_on_message(self, channel: Channel, name: str, message: Payload) -> Payload:
        """Somebody uses a command in the *Apps* menu of a message, which comes along as Discord describes it.

        `message` has what differs from an empty one, such as its content. Gives the body of the bot's answer.
        """
        described = self._posted(channel, SOMEBODY, {}).payload() | message
        data = {
            "id": "1",
            "name": name,
            "type": 3,
            "target_id": described["id"],
            "resolved": {"messages": {described["id"]: described}},
        }
        return await self._interact(channel, 2, data)

    async def type(self, channel: Channel, name: str, option: str, text: str) -> Payload:
        """Somebody is typing into an option of a command; gives the body with what the bot offers."""
        return await self._interact(
            channel, 4, _called(name, [{"name": option, "type": 3, "value": text, "focused": True}])
        )

    async def submit(self, channel: Channel, custom_id: str, answer: Payload | None = None, **typed: str) -> Payload:
        """Somebody sends off a modal with what they typed; gives the body of the bot's answer.

        With `answer`, the modal was opened by a button below that answer.
        """
        entries: list[Payload] = [
            {"type": 4, "id": number, "custom_id": field, "value": text}
            for number, (field, text) in enumerate(typed.items(), 1)
        ]
        labels = [{"type": 18, "id": 100 + each["id"], "component": each} for each in entries]
        known = {"message": self._posted(channel, BOT_USER, answer["data"]).payload()} if answer else {}
        return await self._interact(channel, MODAL_SUBMIT, {"custom_id": custom_id, "components": labels}, **known)

    async def press(self, channel: Channel, answer: Payload, custom_id: str) -> Payload:
        """Somebody presses a button below an answer that only they see; gives the body of the bot's answer."""
        message = self._posted(channel, BOT_USER, answer["data"]).payload()
        data = {"custom_id": custom_id, "component_type": 2}
        return await self._interact(channel, 3, data, message=message)

    async def pick(self, channel: Channel, message: Posted, value: str) -> Payload:
        """Somebody picks an option in the first select of a message; gives the body of the bot's answer."""
        select = next(each for each in walk(message.body["components"]) if each["type"] == 3)
        data = {"custom_id": select["custom_id"], "component_type": 3, "values": [value]}
        return await self._interact(channel, 3, data, message=message.payload())

    async def pick_in_answer(self, channel: Channel, answer: Payload, start: str, value: str) -> Payload:
        """Somebody picks an option in the select of an answer whose custom_id begins like this, as in `pick`."""
        custom_ids = [each.get("custom_id", "") for each in walk(answer["data"]["components"])]
        data = {
            "custom_id": next(each for each in custom_ids if each.startswith(start)),
            "component_type": 3,
            "values": [value],
        }
        message = self._posted(channel, BOT_USER, answer["data"]).payload()
        return await self._interact(channel, 3, data, message=message)

    async def _interact(self, channel: Channel, kind: int, data: Payload, **known: Any) -> Payload:
        number = str(next(self._numbers))
        token = f"token-{number}"
        self._asking[token] = (channel, asyncio.get_running_loop().create_future())
        if kind == MODAL_SUBMIT:
            self._modal_tokens.add(token)
        interaction = {
            "id": number,
            "application_id": str(BOT_ID),
            "type": kind,
            "token": token,
            "version": 1,
            "data": data,
            "channel": channel.payload(),
            "attachment_size_limit": MAX_FILE,
            "app_permissions": str(discord.Permissions(attach_files=True).value),
        }
        await self.gateway.interact(interaction | self._tell_place(channel) | known)
        return await self._asking[token][1]

    def _tell_place(self, channel: Channel) -> Payload:
        """Where it happens, and who does it: in direct messages nobody is a member."""
        if channel.kind is Kind.PERSON:
            owner = {"1": str(channel.guild_id)}
            return {"user": channel.reader, "authorizing_integration_owners": self.owners or owner, "context": 1}
        member = {"user": SOMEBODY, "roles": [], "flags": 0, "permissions": str(EVERYBODY_MAY.value)} | self.member
        owner = {"0": str(channel.guild_id)}
        known = {"authorizing_integration_owners": self.owners or owner, "context": 0}
        return known | {"guild_id": str(channel.guild_id), "member": member}

    async def _hear(self, request: web.Request) -> web.Response:
        """The bot's first answer to an interaction; nobody waits any more for one that is lost."""
        number, token, body = request.match_info["id"], request.match_info["token"], await self._read_answer(request)
        if token not in self._asking:
            raise Refused(Fault(404, 10062))
        if token in self._acknowledged:
            raise Refused(Fault(400, 40060))
        if body["type"] == MODAL and token in self._modal_tokens:
            raise Refused(Fault(400, 50035))  # Discord opens no modal in answer to a modal
        self.first_answers.append(body)
        fault = await self._faulty(request, self.answer_faults)
        if fault is None:
            self._acknowledged.add(token)
        if body["type"] in ANNOUNCING:
            self.announced.set()
        if (fault or body["type"] not in ANNOUNCING) and not self._asking[token][1].done():
            self._asking[token][1].set_result(body)
        return fault or as_json({"interaction": {"id": number, "type": 2}, "resource": {"type": body["type"]}})

    async def _hear_more(self, request: web.Request) -> web.Response:
        """An answer that was announced, or one that follows another."""
        (channel, asking), body = self._asking[request.match_info["token"]], await self._read_answer(request)
        assert request.match_info["token"] in self._acknowledged
        if not asking.done():
            asking.set_result({"data": body})
        return as_json(self._posted(channel, BOT_USER, body).payload())

    async def _read_answer(self, request: web.Request) -> Payload:
        """The JSON of an answer. One with files comes in parts, and its JSON says how each is called."""
        if not request.content_type.startswith("multipart/"):
            body: Payload = await request.json()
            return body
        body, files = {}, {}
        async for part in await request.multipart():
            assert isinstance(part, BodyPartReader)
            content = bytes(await part.read())
            if part.name == "payload_json":
                body = json.loads(content)
            else:
                files[part.name] = (part.filename or "", content)
        described = body.get("data", body).get("attachments", [])
        assert files.keys() == {f"files[{each['id']}]" for each in described}
        assert [each["filename"] for each in described] == [name for name, _ in files.values()]
        if any(len(content) > MAX_FILE for _, content in files.values()):
            raise Refused(Fault(413, 40005))
        self.uploads += files.values()
        return body

    async def _forget_announcement(self, request: web.Request) -> web.Response:
        assert request.match_info["token"] in self._acknowledged
        return web.Response(status=204)

    def _posted(self, place: Channel | Thread, author: Payload, body: Payload) -> Posted:
        return Posted(self._snowflake(), place.id, self.clock(), author, body)

    def _snowflake(self) -> int:
        return discord.utils.time_snowflake(self.clock()) + next(self._numbers)

    async def _faulty(self, request: web.Request, faults: deque[Fault]) -> web.Response | None:
        """The answer of the next of these faults, if there is one and it is a fault."""
        if not faults:
            return None
        fault = faults.popleft()
        if fault.meanwhile:
            await fault.meanwhile()
        return None if fault.status == 200 else fault.answer(request)


def _called(name: str, given: list[Payload]) -> Payload:
    """What Discord says of a use of a command, or of one of a group."""
    group, _, command = name.partition(" ")
    if not command:
        return {"id": "1", "name": group, "type": 1, "options": given}
    return {"id": "1", "name": group, "type": 1, "options": [{"name": command, "type": 1, "options": given}]}
