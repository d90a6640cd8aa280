"""A wish as columns of a row, or as JSON."""

import json
import sqlite3
from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from bot.storage.database import fetched
from bot.subscription.schedule import Cadence, Timetable
from bot.subscription.settings import Discussion, Layout, Posting, Taste, Wish

# What a delivery was planned by, as JSON.
DELIVERED_WISH = (
    "(SELECT wish FROM wishes WHERE wishes.subscription_id = deliveries.subscription_id"
    " AND wishes.number = deliveries.wish)"
)


def wish_row(wish: Wish) -> dict[str, str | int | None]:
    """The wish by column name; what `read_wish` reads back."""
    timetable, taste, posting = wish.timetable, wish.taste, wish.posting
    return {
        "channel_id": wish.channel_id,
        "at": timetable.at.isoformat(timespec="minutes"),
        "zone": timetable.zone.key,
        "weekdays": "".join(str(number) for number in sorted(timetable.weekdays)),
        "cadence": timetable.cadence.value,
        "size": taste.size,
        "min_upvotes": taste.min_upvotes,
        "risers": taste.risers,
        "query": taste.query,
        "repeats": int(taste.repeats),
        "layout": posting.layout.value,
        "discussion": posting.discussion.value,
        "archive_after": posting.archive_after,
        "publish": int(posting.publish),
        "ping_role_id": posting.ping_role_id,
        "ping_upvotes": posting.ping_upvotes,
        "silent": int(posting.silent),
        "quiet_line": int(posting.quiet_line),
    }


def read_wish(row: Mapping[str, Any]) -> Wish:
    """Raises `ValueError` or `KeyError` for what is no wish, such as a zone that this machine does not know."""
    return Wish(
        channel_id=row["channel_id"],
        timetable=_timetable(row["at"], row["zone"], row["weekdays"], row["cadence"]),
        taste=Taste(row["size"], row["min_upvotes"], row["risers"], row["query"], repeats=bool(row.get("repeats"))),
        posting=Posting(
            layout=Layout(row["layout"]),
            discussion=Discussion(row["discussion"]),
            archive_after=row["archive_after"],
            publish=bool(row["publish"]),
            ping_role_id=row["ping_role_id"],
            ping_upvotes=row["ping_upvotes"],
            silent=bool(row["silent"]),
            quiet_line=bool(row["quiet_line"]),
        ),
    )


@lru_cache(maxsize=1024)  # thousands of subscriptions have a few hundred between them, and a zone may be a file to read
def _timetable(at: str, zone: str, weekdays: str, cadence: str) -> Timetable:
    days = frozenset(int(number) for number in weekdays)
    return Timetable(time.fromisoformat(at), ZoneInfo(zone), days, cadence=Cadence(cadence))


def wish_json(wish: Wish) -> str:
    return json.dumps(wish_row(wish), ensure_ascii=False)


def wish_number(connection: sqlite3.Connection, subscription_id: int, wish: Wish) -> int:
    """Within a transaction: which of its subscription's wishes it is; a new one is written down."""
    wanted = wish_json(wish)
    known = fetched(
        connection, "SELECT number FROM wishes WHERE subscription_id = ? AND wish = ?", (subscription_id, wanted)
    )
    if not known:
        known = fetched(
            connection,
            "INSERT INTO wishes SELECT ?, coalesce(max(number), 0) + 1, ? FROM wishes WHERE subscription_id = ?"
            " RETURNING number",
            (subscription_id, wanted, subscription_id),
        )
    ((number,),) = known
    return int(number)


def difference(before: Wish, after: Wish) -> dict[str, list[str | int | None]]:
    """The columns in which two wishes differ, each as before and after."""
    old, new = wish_row(before), wish_row(after)
    return {name: [old[name], new[name]] for name in new if old[name] != new[name]}
