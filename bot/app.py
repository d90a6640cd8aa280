"""The services: everything the bot works with, opened in one place. `bot/client.py` adds what needs Discord."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.archive import Archive
from bot.backups import Backups, get_backup_folder
from bot.claims import Claims, SoleClaims
from bot.clock import Clock, system_clock
from bot.composing.composer import Composer
from bot.composing.explainer import Explainer
from bot.composing.outlook import Outlook
from bot.composing.paper_filter import PaperFilter
from bot.database_address import DatabaseAddress
from bot.database_lock import lock_database
from bot.dates import read_date
from bot.following.at_once import AtOnce
from bot.following.composer import PersonalComposer
from bot.following.explainer import PersonalExplainer
from bot.following.follower import Follower
from bot.following.listed import Listed
from bot.following.matching import FollowedMatches
from bot.following.preview import Previewer
from bot.lookups.completer import Completer
from bot.lookups.finder import Finder
from bot.papers.api import PapersAPI
from bot.search import MODEL, Encoder, Meaning, SearchIndex, invalidate_index
from bot.settings import KEEP_DETAILS_DAYS, ArchiveSettings
from bot.share import WHOLE, Share
from bot.storage import (
    DatabaseProblem,
    DatabaseUnusable,
    Storage,
    Watch,
    find_usable_backup,
    has_current_schema,
    is_backup,
    open_storage,
    prepare_file,
    restore,
)
from bot.vitals import Vitals


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the bot works with that needs no connection to Discord."""

    storage: Storage
    share: Share
    claims: Claims
    search: SearchIndex
    archive: Archive
    composer: Composer
    explainer: Explainer
    outlook: Outlook
    finder: Finder
    completer: Completer
    follower: Follower
    personal_composer: PersonalComposer
    at_once: AtOnce
    personal_explainer: PersonalExplainer
    scheduler: AsyncIOScheduler
    backups: Backups
    backfill_days: int
    keep_details_days: int
    clock: Clock
    vitals: Vitals


def build_services(
    storage: Storage,
    search: SearchIndex,
    api: PapersAPI,
    *,
    backups: Backups | None = None,
    backfill_days: int = 0,
    keep_details_days: int = KEEP_DETAILS_DAYS,
    clock: Clock = system_clock,
    vitals: Vitals | None = None,
    share: Share = WHOLE,
    claims: Claims | None = None,
) -> Services:
    """The services for a storage, an index and an API that are already open."""
    archive = Archive(api, storage, search)
    filter_ = PaperFilter(storage, archive, search)
    explainer = Explainer(storage, filter_)
    listed = Listed(storage, FollowedMatches(search, filter_), filter_)
    return Services(
        storage,
        share,
        claims or SoleClaims(),
        search,
        archive,
        Composer(storage, archive, filter_),
        explainer,
        Outlook(storage, filter_),
        Finder(storage, archive, search),
        Completer(storage, search),
        Follower(storage, Previewer(storage, listed, filter_)),
        PersonalComposer(storage, archive, listed),
        AtOnce(storage, share, listed),
        PersonalExplainer(storage, search, filter_, explainer),
        new_scheduler(),
        backups or Backups(storage.database.path, get_backup_folder(storage.database.path, None), keep=0),
        backfill_days,
        keep_details_days,
        clock,
        vitals or Vitals(),
    )


@asynccontextmanager
async def open_services(
    database: Path,
    api: PapersAPI,
    *,
    backup_folder: Path | None = None,
    keep_backups: int = 0,
    backfill_days: int = 0,
    keep_details_days: int = KEEP_DETAILS_DAYS,
    clock: Clock = system_clock,
    encoder: Encoder | None = None,
    vitals: Vitals | None = None,
    share: Share = WHOLE,
) -> AsyncIterator[Services]:
    """The services for the SQLite file `database` and the index beside it, which one process may use at a time.

    With an `encoder`, from the extra `semantic`, papers are also found by their meaning.
    Raises `DatabaseUnusable` and `IndexUnusable`.
    """
    async with AsyncExitStack() as stack:
        # First, so as not to migrate a file that an older bot uses.
        stack.enter_context(lock_database(database, creates=True))
        folder = get_backup_folder(database, backup_folder)
        await asyncio.to_thread(_prepare_database, database, folder, clock())
        storage = await stack.enter_async_context(open_storage(database))
        archive_id, last_change = await storage.papers.get_archive_id(), await storage.papers.get_last_change()
        meaning = Meaning(encoder) if encoder else None
        if meaning:
            async for vectors in storage.embeddings.read_all(MODEL):
                meaning.add_vectors(vectors)
        search = await asyncio.to_thread(SearchIndex, get_index_path(database), archive_id, last_change, meaning)
        stack.push_async_callback(asyncio.to_thread, search.close)
        await asyncio.to_thread(read_date, "1 May", clock().date())  # loads what it knows before anybody waits for it
        yield build_services(
            storage,
            search,
            api,
            backfill_days=backfill_days,
            keep_details_days=keep_details_days,
            clock=clock,
            vitals=vitals,
            share=share,
            backups=Backups(database, folder, keep_backups),
        )


def _prepare_database(database: Path, backup_folder: Path, now: datetime) -> None:
    """`prepare_file` for the locked database, whose index is made again if it is a backup."""
    with _naming_backup(database, backup_folder):
        prepare_file(database, backup_folder, now, lambda: invalidate_index(get_index_path(database)))


@contextmanager
def _naming_backup(database: Path, folder: Path) -> Iterator[None]:
    """If a newer version wrote the database, the error that says so names the backup that this one can restore."""
    try:
        yield
    except DatabaseUnusable as error:
        if error.problem is DatabaseProblem.NEWER:
            error.backup = find_usable_backup(database, folder)
        raise


def restore_database(database: Path, file: Path, now: datetime, watch: Watch) -> Path | None:
    """`restore`, if no bot runs; the index, which knows the old database, is made again at the next start."""
    with lock_database(database):
        return restore(database, file, now, watch, lambda: invalidate_index(get_index_path(database)))


@asynccontextmanager
async def open_storage_alongside(database: Path, backup_folder: Path | None = None) -> AsyncIterator[Storage]:
    """The storage, possibly beside a running bot, whose file is never migrated. Raises `DatabaseUnusable`."""
    folder = get_backup_folder(database, backup_folder)
    with _naming_backup(database, folder):
        has_to_be_prepared = is_backup(database) or not has_current_schema(database)
    if has_to_be_prepared:
        try:
            with lock_database(database):
                _prepare_database(database, folder, system_clock())
                async with open_storage(database):
                    pass  # opening migrates
        except DatabaseUnusable as error:
            if error.problem is DatabaseProblem.IN_USE:
                raise DatabaseUnusable(DatabaseProblem.OLDER, database) from error
            raise
    async with open_storage(database) as storage:
        yield storage


def open_papers_api(settings: ArchiveSettings) -> PapersAPI:
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    return PapersAPI(str(settings.papers_url), token, proxy=settings.proxy)


def find_index_folder(settings: ArchiveSettings) -> Path:
    """The folder of the search index, which each process has for itself."""
    return settings.index or get_index_path(settings.database, settings.shards)


def get_index_path(database: DatabaseAddress, share: Share = WHOLE) -> Path:
    """The folder of the search index of `database`, unless the settings name another one."""
    if isinstance(database, Path):
        return database.with_name(f"{database.name}.index")
    return Path("paperboy.index" if share.is_whole else f"paperboy.index-{str(share).replace('/', '-of-')}")


def new_scheduler() -> AsyncIOScheduler:
    """A scheduler, not started yet. A late job still runs, but only once, however often it was missed."""
    return AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
