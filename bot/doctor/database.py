"""Checks of the database and of the index beside it."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from bot.app import find_index_folder
from bot.database_address import PostgresAddress
from bot.doctor.backups import measure_growth
from bot.doctor.case import CannotCheck, Case, run_in_thread
from bot.doctor.postgres import check_postgres
from bot.findings import Finding, Kind, find
from bot.search import IndexUnusable, inspect_index
from bot.storage import DatabaseProblem, DatabaseUnusable
from bot.storage.examination import Contents, check_every_page, examine_schema, measure_file
from bot.storage.sqlite import get_current_schema

LARGE_WAL = 256 * 2**20  # bytes; the bot empties it long before
STALE = timedelta(hours=6)  # after which a running bot should have read a list: it does so every quarter of an hour
MAX_BEHIND = 1000  # changes of papers; while it catches up an index may be behind
MAX_NAMES = 10
_NETWORK_SYSTEMS = {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "lustre", "nfs", "nfs4", "smb3", "smbfs"}
_MOUNTS = Path("/proc/self/mounts")
_PROBLEMS: Mapping[DatabaseProblem, Kind] = {
    DatabaseProblem.IS_FOLDER: Kind.DATABASE_IS_FOLDER,
    DatabaseProblem.FOREIGN: Kind.DATABASE_FOREIGN,
    DatabaseProblem.NEWER: Kind.DATABASE_NEWER,
    DatabaseProblem.DAMAGED: Kind.DATABASE_DAMAGED,
}


async def check_database(case: Case) -> AsyncIterator[Finding]:
    """Whether it can be used and written to, of which version it is, and how large."""
    database = case.settings.database
    found = (
        check_postgres(case, database)
        if isinstance(database, PostgresAddress)
        else _check_file(case, database.absolute())
    )
    async for each in found:
        yield each


async def _check_file(case: Case, path: Path) -> AsyncIterator[Finding]:
    try:
        version = await run_in_thread(lambda: examine_schema(path))
    except DatabaseUnusable as error:
        yield _describe_problem(error)
        return
    except FileNotFoundError:
        kind = Kind.DATABASE_NEW if path.parent.is_dir() else Kind.DATABASE_FOLDER_MISSING
        yield find(kind, path=path)
        return
    except OSError as error:
        yield find(Kind.DATABASE_UNUSABLE, path=path, detail=error.strerror or type(error).__name__)
        return
    problems = [each async for each in _find_file_problems(path)]
    for each in problems:
        yield each
    if version < get_current_schema():
        yield find(Kind.DATABASE_OLDER, path=path, schema=version, needed=get_current_schema())
        return
    try:
        contents = await case.read_contents()
    except DatabaseUnusable as error:
        yield _describe_problem(error)
        return
    if not problems:
        size = await run_in_thread(lambda: measure_file(path))
        measured = await run_in_thread(lambda: measure_growth(case.settings))
        yield find(
            Kind.DATABASE_FINE,
            path=path,
            size=size.database,
            wal_size=size.wal,
            papers=contents.papers,
            subscriptions=contents.active,
            growth=contents.estimate_growth(size.database) if measured is None else measured,
        )


def _describe_problem(error: DatabaseUnusable) -> Finding:
    kind = _PROBLEMS.get(error.problem, Kind.DATABASE_UNUSABLE)
    return find(kind, path=error.path, detail=error.detail)


async def _find_file_problems(path: Path) -> AsyncIterator[Finding]:
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        yield find(Kind.DATABASE_UNWRITABLE, path=path)
    with suppress(OSError):  # another system than Linux
        system = await run_in_thread(lambda: find_network_system(path.resolve(), _MOUNTS.read_text(encoding="utf-8")))
        if system:
            yield find(Kind.DATABASE_ON_NETWORK, path=path, system=system)
    size = await run_in_thread(lambda: measure_file(path))
    if size.wal > max(LARGE_WAL, size.database):
        yield find(Kind.WAL_LARGE, path=path, wal_size=size.wal)


def find_network_system(path: Path, mounts: str) -> str | None:
    """The kind of network file system that `path` is on, by the lines of `/proc/self/mounts`; None if it is local."""
    kinds = {}
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        kinds[Path(place.replace("\\040", " "))] = kind
    nearest = next((kinds[each] for each in (path, *path.parents) if each in kinds), "")
    return nearest if nearest in _NETWORK_SYSTEMS else None


async def check_integrity(case: Case) -> AsyncIterator[Finding]:
    """Whether every page, index and reference in the file is sound."""
    database = case.settings.database
    if isinstance(database, PostgresAddress):
        yield find(Kind.INTEGRITY_ELSEWHERE)
        return
    path = database.absolute()
    try:
        await run_in_thread(lambda: examine_schema(path))
    except (DatabaseUnusable, OSError) as error:
        raise CannotCheck("database") from error
    try:
        await run_in_thread(lambda: check_every_page(path))
    except DatabaseUnusable as error:
        yield _describe_problem(error)
    else:
        yield find(Kind.INTEGRITY_FINE)


async def check_work(case: Case) -> AsyncIterator[Finding]:
    """Whether the bot does what is due, and can read every subscription."""
    contents, is_running = await case.get_contents(), await case.is_running()
    findings = list(_find_undone_work(case, contents, is_running=is_running))
    for each in findings:
        yield each
    if not findings:
        yield find(Kind.RUNNING_FINE if is_running else Kind.NOT_RUNNING)


def _find_undone_work(case: Case, contents: Contents, *, is_running: bool) -> Iterator[Finding]:
    if contents.overdue:
        kind = Kind.RUNS_OVERDUE if is_running else Kind.RUNS_WAITING
        yield find(kind, number=contents.overdue, since=contents.overdue_since)
    if contents.unreadable:
        names = [str(each) for each in contents.unreadable[:MAX_NAMES]]
        yield find(Kind.SUBSCRIPTIONS_UNREADABLE, number=len(contents.unreadable), names=names)
    if is_running and contents.latest_capture:
        age = case.clock() - contents.latest_capture
        if age > STALE:
            yield find(Kind.ARCHIVE_BEHIND, age=age)


async def check_index(case: Case) -> AsyncIterator[Finding]:
    """Whether the index is there, whole, and made from this database."""
    contents = await case.get_contents()
    path = find_index_folder(case.settings).absolute()
    try:
        state = await run_in_thread(lambda: inspect_index(path))
    except FileNotFoundError:
        yield find(Kind.INDEX_MISSING, path=path)
        return
    except IndexUnusable as error:
        yield find(Kind.INDEX_DAMAGED, path=path, detail=error.detail)
        return
    if state.archive != contents.archive_id or state.change > contents.last_change:
        yield find(Kind.INDEX_FOREIGN, path=path)
    elif not state.is_current:
        yield find(Kind.INDEX_OUTDATED, path=path)
    elif contents.last_change - state.change > MAX_BEHIND:
        yield find(Kind.INDEX_BEHIND, number=contents.last_change - state.change)
    else:
        size = await run_in_thread(lambda: sum(each.stat().st_size for each in path.iterdir()))
        yield find(Kind.INDEX_FINE, size=size, papers=state.papers)
