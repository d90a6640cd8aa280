"""Checks of the settings and of the machine: disk, clock and time zones."""

import asyncio
import os
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp

from bot.app import find_index_folder
from bot.channels.discord_clock import parse_date_header
from bot.database_address import PostgresAddress
from bot.doctor.backups import find_existing, find_folder
from bot.doctor.case import REQUEST_LIMIT, CannotCheck, Case, run_in_thread
from bot.env_file import EnvFileUnusable
from bot.findings import Finding, Kind, find
from bot.layouts.terminal_setup import describe_settings_problem, describe_unknown_setting, describe_unreadable_line
from bot.settings import find_unknown_settings, find_unreadable_settings, get_settings_file
from bot.storage import DatabaseUnusable
from bot.storage.examination import examine_server
from bot.subscription.timezones import read_timezone_version

ENOUGH = 256 * 2**20  # free bytes; with less, what grows in a month may fill the disk
ALMOST_NONE = 32 * 2**20  # free bytes, with which a night's maintenance may fail already
WRONG = timedelta(seconds=30)
FAR_OFF = timedelta(minutes=5)  # digests come so much too early or late
YEARS_OLD = 2  # years; governments change their clocks every year


async def check_settings(case: Case) -> AsyncIterator[Finding]:
    """Whether the settings can be read, and by nobody else, and each has an effect."""
    findings = list(_find_settings_problems(case))
    if await run_in_thread(lambda: _is_exposed(get_settings_file())):
        findings.append(find(Kind.ENV_FILE_EXPOSED, path=get_settings_file()))
    for each in findings or [find(Kind.SETTINGS_READ)]:
        yield each


def _find_settings_problems(case: Case) -> Iterator[Finding]:
    problem = case.settings_problem
    if problem:
        for line in describe_settings_problem(problem).splitlines():
            yield find(Kind.SETTINGS_INVALID, detail=line)
    if isinstance(problem, EnvFileUnusable):
        return
    for unreadable in find_unreadable_settings():
        yield find(Kind.SETTING_UNKNOWN, detail=describe_unreadable_line(unreadable))
    for unknown in find_unknown_settings():
        yield find(Kind.SETTING_UNKNOWN, detail=describe_unknown_setting(unknown))


def _is_exposed(file: Path) -> bool:
    return os.name == "posix" and file.is_file() and bool(file.stat().st_mode & stat.S_IROTH)


def _get_size(path: Path) -> int:
    """0 if there is no file, or none that can be seen."""
    with suppress(OSError):
        if path.is_file():
            return path.stat().st_size
    return 0


async def check_disk(case: Case) -> AsyncIterator[Finding]:
    """Whether there is room for the database to be copied: by a backup, an update, or its nightly rewriting.

    Where PostgreSQL has it elsewhere, whether there is room for the search index.
    """
    settings = case.settings
    if isinstance(settings.database, PostgresAddress):
        needed, folders = ENOUGH, {find_index_folder(settings).absolute().parent}
    else:
        path = settings.database.absolute()
        size = await run_in_thread(lambda: _get_size(path))
        needed, folders = max(2 * size, ENOUGH), {path.parent, find_folder(path, settings.backup_folder)}
    is_fine, free = True, 0
    checked = set()
    for folder in sorted(folders):
        existing = find_existing(folder)
        device = existing.stat().st_dev
        if device in checked:
            continue
        checked.add(device)
        free = await run_in_thread(lambda place=existing: shutil.disk_usage(place).free)  # type: ignore[misc]
        if free < ALMOST_NONE:
            is_fine = False
            yield find(Kind.DISK_FULL, path=existing, free=free)
        elif free < needed:
            is_fine = False
            yield find(Kind.DISK_TIGHT, path=existing, free=free, size=needed)
    if is_fine:
        yield find(Kind.DISK_FINE, free=free)


async def check_clock(case: Case) -> AsyncIterator[Finding]:
    """Whether the clock agrees with Discord's and the papers API's."""
    papers_offset = await _ask_papers_clock(case)
    with suppress(CannotCheck):
        await case.get_client()  # its answers tell the time
    offsets = {
        "Discord": case.discord_offset,
        "Hugging Face": papers_offset,
        "PostgreSQL": await _ask_database_clock(case),
    }
    known = {source: offset for source, offset in offsets.items() if offset is not None}
    if not known:
        raise CannotCheck("papers")
    wrong = {source: offset for source, offset in known.items() if abs(offset) >= WRONG}
    for source, offset in wrong.items():
        kind = Kind.CLOCK_FAR_OFF if abs(offset) >= FAR_OFF else Kind.CLOCK_WRONG
        yield find(kind, source=source, offset=offset)
    if not wrong:
        yield find(Kind.CLOCK_FINE, sources=list(known))


async def _ask_papers_clock(case: Case) -> timedelta | None:
    """By how much our clock is ahead; None if it does not answer, which another check tells."""
    address = f"{str(case.settings.papers_url).rstrip('/')}/api/daily_papers"
    try:
        async with (
            asyncio.timeout(REQUEST_LIMIT),
            aiohttp.ClientSession(proxy=case.settings.proxy) as session,
            session.get(address, params={"limit": "1"}) as answer,
        ):
            told, age = parse_date_header(answer.headers.get("Date", "")), answer.headers.get("Age", "0")
    except (aiohttp.ClientError, OSError):
        return None
    # What a cache answers has the date on which it came there.
    return case.clock() - told - timedelta(seconds=int(age) if age.isdecimal() else 0) if told else None


async def _ask_database_clock(case: Case) -> timedelta | None:
    """By how much our clock is ahead; None if there is no server, or if it does not answer."""
    database = case.settings.database
    if isinstance(database, PostgresAddress):
        with suppress(DatabaseUnusable):
            return (await run_in_thread(lambda: examine_server(database))).offset
    return None


async def check_timezones(case: Case) -> AsyncIterator[Finding]:
    """Whether the time zones are those of today."""
    version = read_timezone_version()
    kind = Kind.TIMEZONES_OLD if are_timezones_old(version, case.clock()) else Kind.TIMEZONES_FINE
    yield find(kind, version=version)


def are_timezones_old(version: str, now: datetime) -> bool:
    """Whether the tz database, whose versions are named like `2025b`, is from years ago."""
    return not version[:4].isdecimal() or now.year - int(version[:4]) >= YEARS_OLD
