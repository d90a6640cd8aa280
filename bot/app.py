"""The services: everything the bot works with, opened in one place. `bot/client.py` adds what needs Discord."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, repeat
from pathlib import Path

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.archive import Archive
from bot.backups import Backups, NoBackups, get_backup_folder
from bot.claims import Claims, SoleClaims
from bot.clock import Clock, system_clock
from bot.composing.composer import Composer
from bot.composing.explainer import Explainer
from bot.composing.outlook import Outlook
from bot.composing.paper_filter import PaperFilter
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.database_lock import lock_database, lock_index
from bot.dates import read_date
from bot.following.at_once import AtOnce
from bot.following.composer import PersonalComposer
from bot.following.explainer import PersonalExplainer
from bot.following.follower import Follower
from bot.following.listed import Listed
from bot.following.matching import FollowedMatches
from bot.following.preview import Previewer
from bot.layouts.operator import WAITING_FOR_DATABASE
from bot.layouts.terminal import describe_waiting_for_database
from bot.lookups.completer import Completer
from bot.lookups.finder import Finder
from bot.lookups.saved_finder import SavedFinder
from bot.papers.api import PapersAPI
from bot.search import Encoder, Meaning, SearchIndex, invalidate_index
from bot.settings import KEEP_DETAILS_DAYS, ArchiveSettings
from bot.share import WHOLE, Share
from bot.storage import (
    DatabaseProblem,
    DatabaseUnusable,
    Moved,
    Storage,
    Watch,
    check_different,
    check_file_source,
    find_usable_backup,
    has_current_schema,
    is_backup,
    migrate_file,
    move,
    open_storage,
    prepare_file,
    restore,
)
from bot.storage.examination import examine_schema
from bot.storage.sqlite import get_current_schema
from bot.vitals import Vitals

log = logging.getLogger(__name__)

WAITS = (1.0, 2.0, 5.0, 10.0)  # seconds between looks for a database that does not answer


@dataclass(frozen=True, slots=True)
class Services:
    """Everything the bot works with that needs no connection to Discord."""

    storage: Storage
    claims: Claims
    search: SearchIndex
    archive: Archive
    composer: Composer
    explainer: Explainer
    outlook: Outlook
    finder: Finder
    saved_finder: SavedFinder
    completer: Completer
    follower: Follower
    personal_composer: PersonalComposer
    at_once: AtOnce
    personal_explainer: PersonalExplainer
    scheduler: AsyncIOScheduler
    backups: Backups | NoBackups
    backfill_days: int
    keep_details_days: int
    clock: Clock
    vitals: Vitals

    @property
    def share(self) -> Share:
        """Which servers and people this process is responsible for."""
        return self.claims.share


def build_services(
    storage: Storage,
    search: SearchIndex,
    api: PapersAPI,
    *,
    backups: Backups | NoBackups | None = None,
    backfill_days: int = 0,
    keep_details_days: int = KEEP_DETAILS_DAYS,
    clock: Clock = system_clock,
    vitals: Vitals | None = None,
    claims: Claims | None = None,
) -> Services:
    """The services for a storage, an index and an API that are already open."""
    claims = claims or SoleClaims()
    archive = Archive(api, storage, search)
    filter_ = PaperFilter(storage, archive, search)
    explainer = Explainer(storage, filter_)
    listed = Listed(storage, FollowedMatches(search, filter_), filter_)
    finder = Finder(storage, archive, search)
    return Services(
        storage,
        claims,
        search,
        archive,
        Composer(storage, archive, filter_),
        explainer,
        Outlook(storage, filter_),
        finder,
        SavedFinder(storage, search, finder),
        Completer(storage, search),
        Follower(storage, Previewer(storage, listed, filter_)),
        PersonalComposer(storage, archive, listed),
        AtOnce(storage, claims.share, listed),
        PersonalExplainer(storage, search, filter_, explainer),
        new_scheduler(),
        backups or build_backups(storage.database.address),
        backfill_days,
        keep_details_days,
        clock,
        vitals or Vitals(),
    )


def build_backups(database: DatabaseAddress, folder: Path | None = None, keep: int = 0) -> Backups | NoBackups:
    """The backups of a file; those of PostgreSQL are made by its own tools."""
    if isinstance(database, PostgresAddress):
        return NoBackups()
    return Backups(database, get_backup_folder(database, folder), keep)


async def wait_for_database(address: DatabaseAddress, report: Callable[[str], object]) -> None:
    """Wait until a PostgreSQL can be used, unless a person has to fix something. `report` hears that we wait.

    Raises `DatabaseUnusable`. Of a file, nothing is expected to pass by itself.
    """
    if isinstance(address, Path):
        return
    told: DatabaseProblem | None = None
    for pause in chain(WAITS, repeat(WAITS[-1])):
        try:
            await asyncio.to_thread(examine_schema, address)
        except DatabaseUnusable as error:
            if not error.may_pass:
                raise
            if error.problem is not told:
                log.warning("%s", describe_waiting_for_database(error))
                report(WAITING_FOR_DATABASE)
            told = error.problem
        else:
            break
        await asyncio.sleep(pause)
    if told:
        log.warning("the database answers: the start continues")


@asynccontextmanager
async def open_services(
    database: DatabaseAddress,
    api: PapersAPI,
    *,
    index: Path | None = None,
    backup_folder: Path | None = None,
    keep_backups: int = 0,
    backfill_days: int = 0,
    keep_details_days: int = KEEP_DETAILS_DAYS,
    clock: Clock = system_clock,
    encoder: Encoder | None = None,
    vitals: Vitals | None = None,
    claims: Claims | None = None,
) -> AsyncIterator[Services]:
    """The services for a database and an index, by default the one beside the file.

    A file, or an index, may be used by one process at a time. With an `encoder`, from the extra `semantic`, papers are
    also found by their meaning. Raises `DatabaseUnusable` and `IndexUnusable`.
    """
    async with AsyncExitStack() as stack:
        index = index or get_index_path(database)
        if isinstance(database, Path):
            # First, so as not to migrate a file that an older bot uses.
            stack.enter_context(lock_database(database, creates=True))
            folder = get_backup_folder(database, backup_folder)
            await asyncio.to_thread(_prepare_database, database, folder, clock(), index)
        else:
            stack.enter_context(lock_index(index))
        storage = await stack.enter_async_context(open_storage(database, claims.fence if claims else None))
        if isinstance(database, PostgresAddress):
            await storage.restored.mark_if_replaced(clock())
        archive_id, last_change = await storage.papers.get_archive_id(), await storage.papers.get_last_change()
        meaning = Meaning(encoder) if encoder else None
        if meaning is not None:  # one without vectors is false
            async for vectors in storage.embeddings.read_all(meaning.model):
                meaning.add_vectors(vectors)
        search = await asyncio.to_thread(SearchIndex, index, archive_id, last_change, meaning)
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
            claims=claims,
            backups=build_backups(database, backup_folder, keep_backups),
        )


def _prepare_database(database: Path, backup_folder: Path, now: datetime, index: Path) -> None:
    """`prepare_file` for the locked database, whose index is made again if it is a backup."""
    with _naming_backup(database, backup_folder):
        prepare_file(database, backup_folder, now, lambda: invalidate_index(index))


@contextmanager
def _naming_backup(database: Path, folder: Path) -> Iterator[None]:
    """If a newer version wrote the database, the error that says so names the backup that this one can restore."""
    try:
        yield
    except DatabaseUnusable as error:
        if error.problem is DatabaseProblem.NEWER:
            error.backup = find_usable_backup(database, folder)
        raise


def restore_database(database: Path, file: Path, now: datetime, watch: Watch, index: Path | None = None) -> Path | None:
    """`restore`, if no bot runs; the index, which knows the old database, is made again at the next start."""
    with lock_database(database):
        return restore(database, file, now, watch, lambda: invalidate_index(index or get_index_path(database)))


def move_database(
    source: DatabaseAddress,
    target: DatabaseAddress,
    now: datetime,
    watch: Watch,
    pause: Callable[[float], object] = time.sleep,
    *,
    index: Path,
    backup_folder: Path | None = None,
) -> Moved:
    """`move`, if no bot runs, after what is done before a bot starts on the source, whose `index` it would use.

    Raises `MoveFailed` and `DatabaseUnusable`.
    """

    def prepare() -> None:
        if isinstance(source, Path):
            _prepare_database(source, get_backup_folder(source, backup_folder), now, index)
            migrate_file(source)

    check_different(source, target)
    with ExitStack() as stack:
        for each in (source, target):
            if isinstance(each, Path):
                stack.enter_context(lock_database(each))
        if isinstance(source, Path):
            check_file_source(source)
        moved = move(source, target, prepare, watch, pause)
        if isinstance(target, Path):
            invalidate_index(get_index_path(target))  # one that is left there may be another database's
        return moved


@asynccontextmanager
async def open_storage_alongside(
    database: DatabaseAddress, backup_folder: Path | None = None, index: Path | None = None
) -> AsyncIterator[Storage]:
    """The storage, possibly beside a running bot, whose database is never migrated. Raises `DatabaseUnusable`."""
    if isinstance(database, Path):
        folder = get_backup_folder(database, backup_folder)
        await _prepare_alongside(database, folder, index or get_index_path(database))
    else:
        await _refuse_older_schema(database)
    async with open_storage(database) as storage:
        yield storage


async def _refuse_older_schema(address: PostgresAddress) -> None:
    """Other processes may be running on it, so only a start of the bot migrates it. Raises `DatabaseUnusable`."""
    schema = await asyncio.to_thread(examine_schema, address)
    if 0 < schema < get_current_schema():
        detail = f"schema {schema}, not {get_current_schema()}"
        raise DatabaseUnusable(DatabaseProblem.OLDER, address, detail)


async def _prepare_alongside(database: Path, folder: Path, index: Path) -> None:
    with _naming_backup(database, folder):
        has_to_be_prepared = is_backup(database) or not has_current_schema(database)
    if not has_to_be_prepared:
        return
    try:
        with lock_database(database):
            _prepare_database(database, folder, system_clock(), index)
            async with open_storage(database):
                pass  # opening migrates
    except DatabaseUnusable as error:
        if error.problem is DatabaseProblem.IN_USE:
            raise DatabaseUnusable(DatabaseProblem.OLDER, database) from error
        raise


def open_papers_api(settings: ArchiveSettings) -> PapersAPI:
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    return PapersAPI(str(settings.papers_url), token, proxy=settings.proxy)


def find_index_folder(settings: ArchiveSettings) -> Path:
    """The folder of the search index, which each process has for itself."""
    return settings.index or get_index_path(settings.database, settings.shards)


def find_model_folder(settings: ArchiveSettings) -> Path:
    """The folder of fetched models: beside the search index."""
    return find_index_folder(settings).parent / "models"


def get_index_path(database: DatabaseAddress, share: Share = WHOLE) -> Path:
    """The folder of the search index of `database`, unless the settings name another one."""
    if isinstance(database, Path):
        return database.parent / f"{database.name}.index"  # also of what is no file, which opening it tells
    return Path("paperboy.index" if share.is_whole else f"paperboy.index-{str(share).replace('/', '-of-')}")


def new_scheduler() -> AsyncIOScheduler:
    """A scheduler, not started yet. A late job still runs, but only once, however often it was missed."""
    return AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
