"""The database: all SQL is here, and only frozen values leave it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.claims import Fence
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.storage.audit_log import DELETED_PERSON, Action, AuditEntry, AuditLog
from bot.storage.backlog import Backlog, Backlogs
from bot.storage.backup import (
    Backup,
    BackupFailed,
    BackupKind,
    BackupProblem,
    BackupStopped,
    Watch,
    back_up,
    find_usable_backup,
    list_backups,
    name_backup,
)
from bot.storage.brand import GivenBrand
from bot.storage.commands import Commands, RegisteredCommands
from bot.storage.database import (
    CANNOT_STORE,
    ClaimLost,
    Database,
    DatabaseAway,
    DatabaseBusy,
    DatabaseProblem,
    DatabaseUnusable,
    DiskFull,
    ReadTooSlow,
    answering_user,
    explaining_missing_driver,
)
from bot.storage.deliveries import (
    Deliveries,
    Delivery,
    DeliveryState,
    DigestInputs,
    Message,
    MessageForm,
    RejectedPaper,
)
from bot.storage.drafts import Draft, Drafts
from bot.storage.embeddings import Embeddings
from bot.storage.followed_queries import (
    INBOX,
    MAX_FOLLOWED,
    MAX_MUTED,
    FollowedQueries,
    FollowedQuery,
    Following,
    How,
    Muted,
    MutedKind,
)
from bot.storage.found_runs import FoundMessage, OwnMessage, ShownPaper
from bot.storage.guilds import KEPT_FOR, Guilds
from bot.storage.moved_files import check_file_source
from bot.storage.moved_tables import MoveFailed, MoveProblem
from bot.storage.moving import Moved, check_different, move
from bot.storage.notices import Notices
from bot.storage.owner_notices import OwnerNotice, OwnerNotices
from bot.storage.papers import Papers
from bot.storage.people import PERSON_KEPT_FOR, SENT_KEPT_FOR, People
from bot.storage.person_data import PersonData
from bot.storage.personal_digests import AtOnceInputs, PersonalDigests, PersonalInputs
from bot.storage.posted_papers import PostedMessage, PostedPapers
from bot.storage.restored import Restored, RestoredSearch, SearchedChannel
from bot.storage.restoring import check_backup, is_backup, prepare_file, restore
from bot.storage.saved_papers import (
    MAX_NOTE,
    MAX_OWN_TAG,
    MAX_OWN_TAGS,
    MAX_SAVED,
    REMOVED_KEPT_FOR,
    OwnTexts,
    SavedOverview,
    SavedPaper,
    SavedPapers,
)
from bot.storage.server_feeds import ServerFeed, ServerFeeds
from bot.storage.snapshots import Snapshots
from bot.storage.sqlite import (
    SQLiteDatabase,
    build_unusable_error,
    has_current_schema,
    migrate_file,
)
from bot.storage.stored_queries import (
    MAX_INLINE_QUERY,
    QUERIES_KEPT_FOR,
    StoredQueries,
    get_query_key,
    has_to_be_stored,
)
from bot.storage.subscriptions import (
    MAX_PER_SERVER,
    ChangedMeanwhile,
    DuplicateDigest,
    Subscription,
    Subscriptions,
    SubscriptionState,
    TooManySubscriptions,
)

__all__ = [
    "CANNOT_STORE",
    "DELETED_PERSON",
    "INBOX",
    "KEPT_FOR",
    "MAX_FOLLOWED",
    "MAX_INLINE_QUERY",
    "MAX_MUTED",
    "MAX_NOTE",
    "MAX_OWN_TAG",
    "MAX_OWN_TAGS",
    "MAX_PER_SERVER",
    "MAX_SAVED",
    "PERSON_KEPT_FOR",
    "QUERIES_KEPT_FOR",
    "REMOVED_KEPT_FOR",
    "SENT_KEPT_FOR",
    "Action",
    "AtOnceInputs",
    "AuditEntry",
    "Backlog",
    "Backup",
    "BackupFailed",
    "BackupKind",
    "BackupProblem",
    "BackupStopped",
    "ChangedMeanwhile",
    "ClaimLost",
    "DatabaseAway",
    "DatabaseBusy",
    "DatabaseProblem",
    "DatabaseUnusable",
    "Delivery",
    "DeliveryState",
    "DigestInputs",
    "DiskFull",
    "Draft",
    "DuplicateDigest",
    "FollowedQuery",
    "Following",
    "FoundMessage",
    "How",
    "Message",
    "MessageForm",
    "MoveFailed",
    "MoveProblem",
    "Moved",
    "Muted",
    "MutedKind",
    "OwnMessage",
    "OwnTexts",
    "OwnerNotice",
    "PersonData",
    "PersonalInputs",
    "PostedMessage",
    "ReadTooSlow",
    "RegisteredCommands",
    "RejectedPaper",
    "RestoredSearch",
    "SavedOverview",
    "SavedPaper",
    "SearchedChannel",
    "ServerFeed",
    "ShownPaper",
    "Storage",
    "Subscription",
    "SubscriptionState",
    "TooManySubscriptions",
    "Watch",
    "answering_user",
    "back_up",
    "build_unusable_error",
    "check_backup",
    "check_different",
    "check_file_source",
    "explaining_missing_driver",
    "find_usable_backup",
    "get_query_key",
    "has_current_schema",
    "has_to_be_stored",
    "is_backup",
    "list_backups",
    "migrate_file",
    "move",
    "name_backup",
    "open_scratch",
    "open_storage",
    "prepare_file",
    "restore",
]


@dataclass(frozen=True, slots=True)
class Storage:
    """What is in the database: papers and their embeddings, servers, subscriptions and deliveries."""

    database: Database
    papers: Papers
    snapshots: Snapshots
    embeddings: Embeddings
    guilds: Guilds
    notices: Notices
    subscriptions: Subscriptions
    drafts: Drafts
    audit_log: AuditLog
    followed_queries: FollowedQueries
    saved_papers: SavedPapers
    people: People
    personal_digests: PersonalDigests
    deliveries: Deliveries
    posted_papers: PostedPapers
    stored_queries: StoredQueries
    server_feeds: ServerFeeds
    commands: Commands
    owner_notices: OwnerNotices
    brand: GivenBrand
    backlog: Backlogs
    restored: Restored


@asynccontextmanager
async def open_storage(address: DatabaseAddress, fence: Fence | None = None) -> AsyncIterator[Storage]:
    """The storage in a SQLite file or PostgreSQL, created or migrated as needed. Raises `DatabaseUnusable`.

    With a `fence`, every write raises `ClaimLost` once another process has taken shards of this one.
    """
    async with _choose_engine(address, fence) as database:
        yield Storage(
            database,
            Papers(database),
            Snapshots(database),
            Embeddings(database),
            Guilds(database),
            Notices(database),
            Subscriptions(database),
            Drafts(database),
            AuditLog(database),
            FollowedQueries(database),
            SavedPapers(database),
            People(database),
            PersonalDigests(database),
            Deliveries(database),
            PostedPapers(database),
            StoredQueries(database),
            ServerFeeds(database),
            Commands(database),
            OwnerNotices(database),
            GivenBrand(database),
            Backlogs(database),
            Restored(database),
        )


@contextmanager
def open_scratch(address: PostgresAddress) -> Iterator[PostgresAddress]:
    """A part of a database that is deleted again at the end. Raises `DatabaseUnusable`."""
    with explaining_missing_driver(address):
        from bot.storage.postgres.scratch import make_scratch  # noqa: PLC0415  # it needs an extra that few have
    with make_scratch(address) as scratch:
        yield scratch


def _choose_engine(address: DatabaseAddress, fence: Fence | None) -> Database:
    if isinstance(address, Path):
        return SQLiteDatabase(address)
    with explaining_missing_driver(address):
        from bot.storage.postgres import PostgresDatabase  # noqa: PLC0415  # it needs an extra that few have
    return PostgresDatabase(address, fence)
