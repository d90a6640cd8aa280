"""The panel of `/digest setup`, as an admin uses it in the simulated Discord."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import simcord

from bot.storage import Draft
from bot.subscription.settings import DigestSettings
from tests.support.messages import custom_ids, read_texts
from tests.support.server import Server

TEXT_INPUT = 4  # the type of a modal's component
NEW_YORK = "America/New_York"
MAIN_PARTS = [
    *("channel_id", "preset", "cadence", "weekdays", "size", "layout", "timezone", "time", "selection", "more"),
    *("preview", "save", "cancel"),
]
ALL_PARTS = [  # of both pages, as their controls' custom_ids end after something was picked
    *(
        "channel_id:1",
        "preset:everything",
        "cadence:weekly",
        "weekdays:0:1",
        "timezone:UTC",
        "size:3",
        "layout:cards",
        "time",
        "selection",
    ),
    *("more", "preview", "save", "cancel", "threads:digest", "archive_after:60", "ping_role_id", "ping_role_id:5"),
    *("silent:on", "quiet_line:on", "allow_repeats:on", "publish:on", "pings", "back", "correct:time", "dismiss"),
]


@dataclass
class Panel:
    """A panel that an admin has before them."""

    server: Server
    message: simcord.ResponseMessage
    actor: simcord.MemberActor

    @property
    def text(self) -> str:
        return read_texts(self.message.message)

    @property
    def draft_id(self) -> str:
        return custom_ids(self.message)[0].split(":")[1]

    @property
    def parts(self) -> list[str]:
        return [each.split(":", 2)[2] for each in custom_ids(self.message)]

    async def draft(self) -> Draft:
        draft = await self.server.bot.services.storage.drafts.get(self.draft_id)
        assert draft
        return draft

    async def settings(self) -> DigestSettings:
        return (await self.draft()).settings

    def id_of(self, part: str) -> str:
        return f"panel:{self.draft_id}:{part}"

    async def pick(self, field: str, *values: Any) -> simcord.InteractionResult:
        return await self.actor.select(self.message, values, custom_id=self.id_of(field))

    async def click(self, label: str) -> simcord.InteractionResult:
        return await self.actor.click(self.message, label=label)

    async def type_in(self, label: str, **typed: str) -> simcord.InteractionResult:
        return await self.actor.submit_modal(await self.click(label), typed)

    async def correct(self, label: str = "Correct it", **typed: str) -> simcord.InteractionResult:
        """Correct what was mistyped; what is not named here is sent as it is in the modal."""
        shown = await self.click(label)
        return await self.actor.submit_modal(shown, read_modal(shown) | typed)

    def select(self, field: str) -> dict[str, Any]:
        """A select as Discord has it."""
        return next(each for each in _walk(self.message.components) if each.get("custom_id") == self.id_of(field))

    def defaults(self, field: str) -> list[str]:
        """What a select shows as chosen."""
        select = self.select(field)
        chosen = [each["value"] for each in select.get("options", []) if each.get("default")]
        return chosen + [str(each["id"]) for each in select.get("default_values", [])]


def _walk(components: Sequence[Any]) -> list[dict[str, Any]]:
    return [each for one in components for each in [one, *_walk(one.get("components", []))]]


def read_modal(shown: simcord.InteractionResult) -> dict[str, str]:
    """What the text fields of a modal hold when it opens."""
    assert shown.modal
    fields = [each["component"] for each in shown.modal["components"]]
    return {each["custom_id"]: each.get("value", "") for each in fields if each["type"] == TEXT_INPUT}


async def open_panel(server: Server, subscription: str | None = None) -> Panel:
    wanted = {"subscription": subscription} if subscription else {}
    result = await server.admin.slash(server.general, "digest setup", **wanted)
    assert result.response
    assert result.response.ephemeral
    return Panel(server, result.response, server.admin)
