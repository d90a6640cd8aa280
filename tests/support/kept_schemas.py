"""Database files that were kept from each schema; `tests/storage/schemas/README.md` says how they were made."""

import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import simcord

from tests.support.builders import query

FOLDER = Path(__file__).parents[1] / "storage" / "schemas"
VERSIONS = {int(each.name[:2]): each for each in sorted(FOLDER.glob("*.db.xz"))}
NEVER_MADE = {17, 25, 26}  # their migrations came to the project together with the next ones
# Subscriptions: the channel of DOOMED was deleted, READER is a person's. Number 3 is quiet, 5 paused and 6 removed.
FIRST, SECOND, DOOMED, CARDS, WEEKLY, FORUM, READER = 1, 2, 4, 7, 8, 9, 10
RENAMED = {
    "changes": "audit_log",
    "wishes": "digest_settings",
    "past": "past_runs",
    "refused_papers": "rejected_papers",
}


@dataclass(frozen=True)
class Kept:
    """An unpacked file of the schema `version`, which a bot of its time has left in the middle of a delivery."""

    version: int
    path: Path

    def count_rows(self) -> dict[str, int]:
        """How many rows each table has, by today's name."""
        names = query(self.path, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        return {RENAMED.get(name, name): query(self.path, f"SELECT count(*) FROM {name}")[0][0] for (name,) in names}

    def list_channels(self) -> dict[int, int]:
        """The channel of each subscription of the server."""
        rows = "SELECT id, channel_id FROM subscriptions WHERE guild_id IS NOT NULL"
        return dict(query(self.path, rows))


def unpack(version: int, folder: Path) -> Kept:
    path = folder / "paperboy.db"
    path.write_bytes(lzma.decompress(VERSIONS[version].read_bytes()))
    return Kept(version, path)


def build_channels(env: simcord.Env, guild: simcord.GuildHandle, kept: Kept) -> dict[int, simcord.ChannelHandle]:
    """The channels that the subscriptions of the file post in, under the ids that they had."""
    channels = {}
    for known, channel_id in kept.list_channels().items():
        if known != DOOMED:
            with _give_id(env, channel_id):
                make = guild.create_forum_channel if known == FORUM else guild.create_text_channel
                channels[known] = make(f"kept-{known}")
    return channels


def add_reader(env: simcord.Env, kept: Kept) -> simcord.UserHandle | None:
    """The person who followed something, if the file knows one."""
    readers = query(kept.path, "SELECT DISTINCT user_id FROM followed_queries")
    if not readers:
        return None
    ((user_id,),) = readers
    with _give_id(env, user_id):
        return env.create_user("grace")


@contextmanager
def _give_id(env: simcord.Env, wanted: int) -> Iterator[None]:
    """What the simulated Discord makes next has this id: it has no other way to make something that existed before."""
    with patch.object(env.backend, "snowflake", lambda: wanted):
        yield
