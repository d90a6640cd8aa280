"""What is stored of the search for what was posted after a backup."""

import json

from bot.storage import Storage, Subscription
from bot.storage.database import to_iso
from tests.support.builders import DAY, MORNING


async def store_search(storage: Storage, of: Subscription) -> None:
    """The subscription is searched for, and one of its messages has been found."""
    now, channel_id = to_iso(MORNING), of.settings.channel_id if of.user_id else 900_000 + of.id
    await storage.database.execute(
        "INSERT INTO restored_subscriptions VALUES (?, ?, ?, ?, ?)", of.id, channel_id, now, now, channel_id + 1
    )
    await storage.database.execute(
        "INSERT INTO found_messages VALUES (?, ?, ?, ?, ?, ?, 0, 1, ?, 1, 0, 0)",
        *(of.id, channel_id + 1, channel_id, now, f"nonce of {of.id}", DAY.isoformat()),
        json.dumps([["2601.00001", "Paper", 1]]),
    )
