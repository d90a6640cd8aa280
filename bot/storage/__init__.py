"""The memory: all SQL, and nothing but frozen values across its border."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.storage.changes import Action, Change, Changes
from bot.storage.commands import Commands, Registered
from bot.storage.database import (
    Database,
    DatabaseBusy,
    DatabaseProblem,
    DatabaseRefused,
    DiskFull,
    LookupTooSlow,
    is_current,
    reading_for,
)
from bot.storage.deliveries import Deliveries, Delivery, DeliveryState, Form, Message, RefusedPaper, Standing
from bot.storage.drafts import Draft, Drafts
from bot.storage.embeddings import Embeddings
from bot.storage.guilds import KEPT_FOR, Guilds
from bot.storage.notices import Notices
from bot.storage.papers import Papers
from bot.storage.posts import Post, Posts
from bot.storage.snapshots import Snapshots
from bot.storage.subscriptions import (
    PER_GUILD,
    ChangedMeanwhile,
    SameDigest,
    Subscription,
    Subscriptions,
    SubscriptionState,
    TooManySubscriptions,
)

__all__ = [
    "KEPT_FOR",
    "PER_GUILD",
    "Action",
    "Change",
    "ChangedMeanwhile",
    "DatabaseBusy",
    "DatabaseProblem",
    "DatabaseRefused",
    "Delivery",
    "DeliveryState",
    "DiskFull",
    "Draft",
    "Form",
    "LookupTooSlow",
    "Message",
    "Post",
    "RefusedPaper",
    "Registered",
    "SameDigest",
    "Standing",
    "Storage",
    "Subscription",
    "SubscriptionState",
    "TooManySubscriptions",
    "is_current",
    "open_storage",
    "reading_for",
]


@dataclass(frozen=True, slots=True)
class Storage:
    """The archive's papers and their embeddings; the servers, their subscriptions, and what was delivered to them.

    All of it is in one file, the database.
    """

    database: Database
    papers: Papers
    snapshots: Snapshots
    embeddings: Embeddings
    guilds: Guilds
    notices: Notices
    subscriptions: Subscriptions
    drafts: Drafts
    changes: Changes
    deliveries: Deliveries
    posts: Posts
    commands: Commands


@asynccontextmanager
async def open_storage(path: Path) -> AsyncIterator[Storage]:
    """The storage in the SQLite file at `path`, made or migrated as needed; raises `DatabaseRefused`."""
    async with Database(path) as database:
        yield Storage(
            database,
            Papers(database),
            Snapshots(database),
            Embeddings(database),
            Guilds(database),
            Notices(database),
            Subscriptions(database),
            Drafts(database),
            Changes(database),
            Deliveries(database),
            Posts(database),
            Commands(database),
        )
