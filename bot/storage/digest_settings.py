"""A subscription's settings as columns of a row, or as JSON."""

import json
from collections.abc import Mapping
from datetime import time
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from bot.storage.connection import Connection, fetch_all
from bot.subscription.schedule import Cadence, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads

# The settings that a delivery was planned with, as JSON.
DELIVERED_SETTINGS = (
    "(SELECT settings FROM digest_settings WHERE digest_settings.subscription_id = deliveries.subscription_id"
    " AND digest_settings.version = deliveries.settings_version)"
)


def settings_to_columns(settings: DigestSettings) -> dict[str, str | int | None]:
    """The settings by column name, as `settings_from_columns` reads them."""
    schedule, selection, posting = settings.schedule, settings.selection, settings.posting
    return {
        "channel_id": settings.channel_id,
        "time": schedule.time.isoformat(timespec="minutes"),
        "timezone": schedule.timezone.key,
        "weekdays": "".join(str(number) for number in sorted(schedule.weekdays)),
        "cadence": schedule.cadence.value,
        "size": selection.size,
        "min_upvotes": selection.min_upvotes,
        "risers": selection.risers,
        "filter": selection.filter,
        "allow_repeats": int(selection.allow_repeats),
        "layout": posting.layout.value,
        "threads": posting.threads.value,
        "archive_after": posting.archive_after,
        "publish": int(posting.publish),
        "ping_role_id": posting.ping_role_id,
        "ping_upvotes": posting.ping_upvotes,
        "silent": int(posting.silent),
        "quiet_line": int(posting.quiet_line),
    }


def settings_from_columns(row: Mapping[str, Any]) -> DigestSettings:
    """The settings in a row. Raises `ValueError` or `KeyError`, for example if this machine lacks the time zone."""
    return DigestSettings(
        channel_id=row["channel_id"],
        schedule=_build_schedule(row["time"], row["timezone"], row["weekdays"], row["cadence"]),
        selection=Selection(
            row["size"], row["min_upvotes"], row["risers"], row["filter"], allow_repeats=bool(row.get("allow_repeats"))
        ),
        posting=PostingOptions(
            layout=DigestLayout(row["layout"]),
            threads=Threads(row["threads"]),
            archive_after=row["archive_after"],
            publish=bool(row["publish"]),
            ping_role_id=row["ping_role_id"],
            ping_upvotes=row["ping_upvotes"],
            silent=bool(row["silent"]),
            quiet_line=bool(row["quiet_line"]),
        ),
    )


# Thousands of subscriptions share a few hundred schedules, and a time zone may have to be read from a file.
@lru_cache(maxsize=1024)
def _build_schedule(at: str, timezone: str, weekdays: str, cadence: str) -> Schedule:
    days = frozenset(int(number) for number in weekdays)
    return Schedule(time.fromisoformat(at), ZoneInfo(timezone), days, cadence=Cadence(cadence))


def dump_settings(settings: DigestSettings) -> str:
    return json.dumps(settings_to_columns(settings), ensure_ascii=False)


def save_settings_version(connection: Connection, subscription_id: int, settings: DigestSettings) -> int:
    """Within a transaction: the version number of these settings, which are stored if they are new."""
    dumped = dump_settings(settings)
    versions = fetch_all(
        connection,
        "SELECT version FROM digest_settings WHERE subscription_id = ? AND settings = ?",
        (subscription_id, dumped),
    )
    if not versions:
        versions = fetch_all(
            connection,
            "INSERT INTO digest_settings SELECT ?, coalesce(max(version), 0) + 1, ? FROM digest_settings"
            " WHERE subscription_id = ? RETURNING version",
            (subscription_id, dumped, subscription_id),
        )
    ((version,),) = versions
    return int(version)


def diff_settings(before: DigestSettings, after: DigestSettings) -> dict[str, list[str | int | None]]:
    """The columns that differ: [before, after], by column name."""
    old, new = settings_to_columns(before), settings_to_columns(after)
    return {name: [old[name], new[name]] for name in new if old[name] != new[name]}
