"""The memory: all SQL, and nothing but frozen values across its border."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.storage.database import Database, DatabaseRefused
from bot.storage.deliveries import Deliveries, Delivery, DeliveryState, Post
from bot.storage.embeddings import Embeddings
from bot.storage.papers import Papers
from bot.storage.subscriptions import PER_GUILD, Subscription, Subscriptions, SubscriptionState, TooManySubscriptions

__all__ = [
    "PER_GUILD",
    "DatabaseRefused",
    "Delivery",
    "DeliveryState",
    "Post",
    "Storage",
    "Subscription",
    "SubscriptionState",
    "TooManySubscriptions",
    "open_storage",
]


@dataclass(frozen=True, slots=True)
class Storage:
    """The archive's papers and their embeddings, the subscriptions, and what was delivered to them."""

    papers: Papers
    embeddings: Embeddings
    subscriptions: Subscriptions
    deliveries: Deliveries


@asynccontextmanager
async def open_storage(path: Path) -> AsyncIterator[Storage]:
    """The storage in the SQLite file at `path`, made or migrated as needed; raises `DatabaseRefused`."""
    async with Database(path) as database:
        yield Storage(Papers(database), Embeddings(database), Subscriptions(database), Deliveries(database))
