"""Whom the operator shuts out: servers and people, as the bot's settings name them."""

from dataclasses import dataclass
from datetime import datetime

from bot.share import Share
from bot.storage import Storage


@dataclass(frozen=True, slots=True)
class Blocklist:
    """The ids of blocked servers and people."""

    servers: frozenset[int] = frozenset()
    people: frozenset[int] = frozenset()

    async def apply(self, storage: Storage, share: Share, now: datetime) -> None:
        """Before anything is sent: stop what goes to whom is blocked now, and resume what stopped for that alone."""
        await storage.guilds.leave_blocked(share, self.servers, now)
        await storage.subscriptions.suspend_blocked(share, self.people)
