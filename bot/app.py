"""What the bot works with, opened and wired in one place; what needs a connection to Discord too is the client's."""

import asyncio
import errno
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from filelock import FileLock, Timeout

from bot.archive import Archive
from bot.clock import Clock, system_clock
from bot.composing.composer import Composer
from bot.composing.explainer import Explainer
from bot.composing.paper_filter import PaperFilter
from bot.lookups.completer import Completer
from bot.lookups.finder import Finder
from bot.papers.api import PapersAPI
from bot.search import MODEL, Encoder, Meaning, SearchIndex
from bot.settings import KEEP_DETAILS_DAYS
from bot.storage import DatabaseProblem, DatabaseUnusable, Storage, is_current, open_storage


@dataclass(frozen=True, slots=True)
class Services:
    """What the bot works with, connected to Discord or not."""

    storage: Storage
    search: SearchIndex
    archive: Archive
    composer: Composer
    explainer: Explainer
    finder: Finder
    completer: Completer
    scheduler: AsyncIOScheduler
    backfill_days: int
    keep_details_days: int
    clock: Clock


def build_services(
    storage: Storage,
    search: SearchIndex,
    api: PapersAPI,
    *,
    backfill_days: int = 0,
    keep_details_days: int = KEEP_DETAILS_DAYS,
    clock: Clock = system_clock,
) -> Services:
    """The services over what is open already."""
    archive = Archive(api, storage, search)
    filter_ = PaperFilter(storage, archive, search)
    return Services(
        storage,
        search,
        archive,
        Composer(storage, archive, filter_),
        Explainer(storage, filter_),
        Finder(storage, archive, search),
        Completer(storage, search),
        new_scheduler(),
        backfill_days,
        keep_details_days,
        clock,
    )


@asynccontextmanager
async def open_services(
    database: Path,
    api: PapersAPI,
    *,
    backfill_days: int = 0,
    keep_details_days: int = KEEP_DETAILS_DAYS,
    clock: Clock = system_clock,
    encoder: Encoder | None = None,
) -> AsyncIterator[Services]:
    """The services over the SQLite file `database` and the index beside it, for one process at a time.

    With `encoder`, the extra `semantic`, papers are also found by what they mean.
    Raises `DatabaseUnusable` and `IndexUnusable`.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(_lock_database(database))  # before a newer version migrates what an older one works with
        storage = await stack.enter_async_context(open_storage(database))
        identity, last_change = await storage.papers.get_archive_id(), await storage.papers.get_last_change()
        meaning = await _load_meaning(encoder, storage) if encoder else None
        search = await asyncio.to_thread(SearchIndex, get_index_path(database), identity, last_change, meaning)
        stack.push_async_callback(asyncio.to_thread, search.close)
        yield build_services(
            storage, search, api, backfill_days=backfill_days, keep_details_days=keep_details_days, clock=clock
        )


async def _load_meaning(encoder: Encoder, storage: Storage) -> Meaning:
    meaning = Meaning(encoder)
    async for vectors in storage.embeddings.read_all(MODEL):
        meaning.add_vectors(vectors)
    return meaning


@contextmanager
def _lock_database(database: Path) -> Iterator[None]:
    """Two bots on one database would both take up what is under way; the lock ends with the process.

    It is the file that is locked, whatever it is called by.
    """
    with ExitStack() as locks:
        try:
            file = database.resolve()
            if not file.is_dir() and file.parent.is_dir():  # else opening it will say what is wrong
                locks.enter_context(FileLock(file.with_name(f"{file.name}.lock"), timeout=0))
            if sys.platform == "linux" and file.is_file():
                _lock_inode(file, locks.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)))
        except Timeout as error:
            raise DatabaseUnusable(DatabaseProblem.IN_USE, database) from error
        except (OSError, RuntimeError) as error:  # the latter for links that go round in a circle
            in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            problem = DatabaseProblem.IN_USE if in_use else DatabaseProblem.UNUSABLE
            raise DatabaseUnusable(problem, database, str(error)) from error
        yield


def _lock_inode(file: Path, holder: socket.socket) -> None:
    """A hard link has another lock beside it, but the same number, of which a name on this machine is made.

    To lock the file itself would do away with SQLite's locks as soon as it is closed.
    """
    known = file.stat()
    holder.bind(f"\0paperboy:{known.st_dev}:{known.st_ino}")


@asynccontextmanager
async def open_storage_alongside(database: Path) -> AsyncIterator[Storage]:
    """The storage, maybe beside a running bot: what that one works with is not migrated. Raises `DatabaseUnusable`."""
    if not is_current(database):
        await _migrate_if_unused(database)
    async with open_storage(database) as storage:
        yield storage


async def _migrate_if_unused(database: Path) -> None:
    try:
        with _lock_database(database):
            async with open_storage(database):
                pass
    except DatabaseUnusable as error:
        if error.problem is DatabaseProblem.IN_USE:
            raise DatabaseUnusable(DatabaseProblem.OLDER, database) from error
        raise


def get_index_path(database: Path) -> Path:
    """The folder of the search index over `database`."""
    return database.with_name(f"{database.name}.index")


def new_scheduler() -> AsyncIOScheduler:
    """A scheduler that drops no late job and piles none up; whoever makes it starts it."""
    return AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
