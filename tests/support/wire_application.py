"""The bot's own user, application and commands on the loopback Discord: what they are, and how they are changed."""

import base64
import hashlib
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from tests.support.gateway import Gateway
from tests.support.wire_channels import BOT_ID, BOT_USER, SOMEBODY, Fault, Refused, as_json
from tests.support.wire_interactions import Interactions, Payload

_PICTURE = "data:image/png;base64,"
_LIMITS = {"username": 32, "description": 400}
_MAX_TAGS, _MAX_TAG = 5, 20


class Application(Interactions):
    """Keeps what it is sent, and calls a picture by a hash of its own."""

    def __init__(self, clock: Callable[[], datetime], gateway: Gateway) -> None:
        super().__init__(clock, gateway)
        self.user: Payload = BOT_USER | {"banner": None}
        self.application: Payload = {"id": str(BOT_ID), "name": "Paperboy", "description": "", "icon": None, "tags": []}
        self.owner_id, self.team_owner_id = 88, 0  # of the application; a team has an owner too
        self.login_faults: deque[Fault] = deque()
        self.change_faults: deque[Fault] = deque()  # what becomes of the next requests to change them
        self.commands: list[Payload] = []  # as they are registered
        self.commands_refusal: Fault | None = None  # what every registration of commands is answered
        self.list_faults: deque[Fault] = deque()  # what becomes of the next requests to list them
        self.session_starts = 999  # that are left today
        self.changes: list[Payload] = []  # as they were sent, also those that were refused

    def _add_application_routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/users/@me", self._me)
        router.add_patch("/users/@me", self._change_user)
        router.add_get("/oauth2/applications/@me", self._application)
        router.add_patch("/applications/@me", self._change_application)
        router.add_put("/applications/{id}/commands", self._commands)
        router.add_get("/applications/{id}/commands", self._list_commands)
        router.add_get("/gateway/bot", self._gateway)

    async def _me(self, request: web.Request) -> web.Response:
        return await self._faulty(request, self.login_faults) or as_json(self.user)

    async def _application(self, _: web.Request) -> web.Response:
        owner = SOMEBODY | {"id": str(self.owner_id)}
        known = {"verify_key": "", "bot_public": True, "bot_require_code_grant": False, "owner": owner}
        team: Payload = {
            "id": "5",
            "name": "Team",
            "icon": None,
            "owner_user_id": str(self.team_owner_id),
            "members": [],
        }
        return as_json(known | self.application | ({"team": team} if self.team_owner_id else {}))

    async def _commands(self, request: web.Request) -> web.Response:
        if self.commands_refusal:
            return self.commands_refusal.answer(request)
        known = {"application_id": str(BOT_ID), "version": "1", "description": ""}
        commands = enumerate(await request.json(), 1)
        self.commands = [known | command | {"id": str(number)} for number, command in commands]
        return as_json(self.commands)

    async def _list_commands(self, request: web.Request) -> web.Response:
        return await self._faulty(request, self.list_faults) or as_json(self.commands)

    async def _gateway(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": self.session_starts, "reset_after": 1000}
        limit |= {"max_concurrency": self.gateway.max_concurrency}
        return as_json({"url": self.gateway.url, "shards": self.gateway.shards, "session_start_limit": limit})

    async def _change_user(self, request: web.Request) -> web.Response:
        return await self._change(request, self.user, {"username", "avatar", "banner"})

    async def _change_application(self, request: web.Request) -> web.Response:
        changed = await self._change(request, self.application, {"description", "icon", "tags"})
        return changed if changed.status != 200 else await self._application(request)

    async def _change(self, request: web.Request, known: Payload, names: set[str]) -> web.Response:
        body = await request.json()
        self.changes.append(body)
        if fault := await self._faulty(request, self.change_faults):
            return fault
        assert body.keys() <= names, body
        for name, value in body.items():
            known[name] = _take(name, value)
        return as_json(known)


def too_fast(name: str) -> Fault:
    """A name or a picture was changed a moment ago, as Discord says it."""
    error = {
        "code": f"{name.upper()}_RATE_LIMIT",
        "message": f"You are changing your {name} too fast. Try again later.",
    }
    return Fault(400, 50035, known={"message": "Invalid Form Body", "errors": {name: {"_errors": [error]}}})


def _take(name: str, value: Any) -> Any:
    """A value as Discord has it from then on. It refuses what breaks its limits."""
    if name in {"avatar", "banner", "icon"}:
        if not value.startswith(_PICTURE):
            raise Refused(Fault(400, 50035))
        return hashlib.sha256(base64.b64decode(value.removeprefix(_PICTURE))).hexdigest()[:32]
    if name == "tags" and (len(value) > _MAX_TAGS or any(len(each) > _MAX_TAG for each in value)):
        raise Refused(Fault(400, 50035))
    if len(value) > _LIMITS.get(name, 4000):
        raise Refused(Fault(400, 50035))
    return value
