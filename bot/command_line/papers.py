"""`paperboy backfill` and `paperboy preview`, which read the papers API."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.app import find_index_folder, open_papers_api, open_storage_alongside
from bot.archive import Archive
from bot.clock import system_clock
from bot.command_line.app import app, exit_with
from bot.digest import Candidate, choose_highlights, get_latest_closed_day
from bot.layouts import terminal
from bot.papers.api import PapersUnavailable
from bot.search import invalidate_index
from bot.settings import ArchiveSettings, read_settings
from bot.subscription.settings import Selection


def _read_day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise typer.BadParameter(terminal.describe_unreadable_day(text)) from None


@app.command(name="backfill")
def backfill_archive(
    since: Annotated[date, typer.Option(parser=_read_day, metavar="DAY", help="The first day to read, as 2026-01-31.")],
    until: Annotated[
        date | None, typer.Option(parser=_read_day, metavar="DAY", help="The last day to read (today if left out).")
    ] = None,
) -> None:
    """Read past daily lists into the archive. You can stop it at any time: the next run continues from there."""
    settings = read_settings(ArchiveSettings)
    today = system_clock().date()
    first, last = since, min(until or today, today)
    if first > last:
        raise typer.BadParameter(terminal.describe_reversed_days(first, last), param_hint="--since")
    asyncio.run(_backfill(settings, first, last))


async def _backfill(settings: ArchiveSettings, first: date, last: date) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with (
        open_storage_alongside(settings.database, settings.backup_folder, find_index_folder(settings)) as storage,
        open_papers_api(settings) as api,
    ):
        # The index follows change numbers, and a restored backup may use the same numbers for other papers.
        invalidate_index(find_index_folder(settings))
        archive = Archive(api, storage)
        days = await archive.find_missing_days(first, last)
        failures: list[PapersUnavailable] = []
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bar = progress.add_task("Reading days", total=len(days))
            async for day, failure in archive.refresh_lists_one_by_one(days, system_clock):
                if failure:
                    failures.append(failure)
                progress.update(bar, advance=1, description=f"Reading {day}")
    Console().print(terminal.describe_days_read(len(days) - len(failures)))
    if failures:
        exit_with(terminal.describe_days_unread(failures), 1)


@app.command(name="preview")
def preview_digest(
    day: Annotated[
        date | None,
        typer.Option(
            "--date",
            parser=_read_day,
            metavar="DAY",
            help="The day to show, as 2026-01-31 (else the latest closed list).",
        ),
    ] = None,
    size: Annotated[int, typer.Option(min=1, max=10, help="How many papers.")] = 5,
) -> None:
    """Print a day's digest in the terminal, from the papers API, without touching Discord or the database."""
    settings = read_settings(ArchiveSettings)
    Console().print(asyncio.run(_preview(settings, day, size)))


async def _preview(settings: ArchiveSettings, day: date | None, size: int) -> Panel:
    """The digest of `day`, or of the latest closed day that had papers."""
    latest = get_latest_closed_day(system_clock())
    days = [day] if day else [latest - timedelta(days=earlier) for earlier in range(7)]
    async with open_papers_api(settings) as api:
        for each in days:
            papers = (await api.fetch_list(each)).papers
            if papers:
                break
        else:
            each = days[0]
    candidates = [Candidate(paper, frozenset({each})) for paper in papers]
    return terminal.render_digest_panel(choose_highlights(candidates, (each,), each, Selection(size, risers=0)), each)
