"""The command line: run · demo · preview · backfill · brand."""

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import aiohttp
import discord
import typer
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.about import read_links, read_version
from bot.app import get_index_path, open_services, open_storage_alongside
from bot.archive import Archive
from bot.brand import Part
from bot.branding import Branding, log_in
from bot.client import PaperBot, connect_to_discord_at
from bot.clock import system_clock
from bot.clock_watch import ClockWatch
from bot.demo import DemoUnavailable, Scene
from bot.digest import Candidate, choose_highlights, get_latest_closed_day
from bot.layouts import terminal
from bot.logs import set_up_logging
from bot.papers.api import PapersAPI, PapersUnavailable
from bot.search import IndexUnusable, invalidate_index, load_encoder
from bot.settings import ArchiveSettings, BotSettings, InvalidSettings, read_settings
from bot.storage import DatabaseUnusable
from bot.subscription.settings import Selection
from bot.subscription.timezones import use_newest_timezones

app = typer.Typer(
    help="Paperboy brings the day's best AI papers to a Discord server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, which may contain a token
)

_USAGE = 2  # the exit code for problems that whoever runs the bot has to fix


def main() -> None:
    """Run the command line. A problem that you have to fix is explained in one line, with exit code 2."""
    try:
        app()
    except InvalidSettings as error:
        exit_with(str(error), _USAGE)
    except DatabaseUnusable as error:
        exit_with(terminal.describe_database_problem(error), _USAGE)
    except IndexUnusable as error:
        exit_with(terminal.describe_index_problem(error), _USAGE)
    except (discord.LoginFailure, discord.ConnectionClosed, discord.PrivilegedIntentsRequired) as error:
        exit_with(terminal.describe_close_code(get_close_code(error)), _USAGE)
    except (aiohttp.ClientError, discord.DiscordServerError) as error:
        exit_with(terminal.describe_discord_unreachable(error), 1)
    except PapersUnavailable as error:
        exit_with(terminal.describe_papers_unavailable(error), 1)


def get_close_code(error: discord.DiscordException) -> int:
    """The gateway's close code behind `error`: discord.py has errors of its own for two of them."""
    match error:
        case discord.LoginFailure():
            return 4004
        case discord.PrivilegedIntentsRequired():
            return 4014
        case discord.ConnectionClosed():
            return error.code
    raise error


def exit_with(message: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)
    sys.exit(code)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"paperboy {read_version()}")
        raise typer.Exit


@app.callback()
def read_global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The options that need no command; each has a callback that acts on it."""


@app.command(name="run")
def run_bot() -> None:
    """Run the bot until you stop it."""
    settings = read_settings(BotSettings)
    set_up_logging(settings.log_level)
    use_newest_timezones()
    asyncio.run(_run(settings))


async def _run(settings: BotSettings) -> None:
    connect_to_discord_at(str(settings.discord_api_url), str(settings.discord_gateway_url))
    encoder = await asyncio.to_thread(load_encoder)
    urls = (settings.docs_url, settings.source_url, settings.privacy_url)
    links = read_links(*(str(each) if each else None for each in urls))
    async with (
        _papers_api(settings) as api,
        open_services(
            settings.database,
            api,
            backfill_days=settings.backfill_days,
            keep_details_days=settings.keep_details_days,
            encoder=encoder,
        ) as services,
        PaperBot(services, links=links, gives_brand=settings.brand) as bot,
    ):
        gc.freeze()  # what stays until the end need not be visited again, which stops everything for 50 ms
        stopped = asyncio.Event()
        for each in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(each, stopped.set)
        connection = asyncio.create_task(bot.start(settings.discord_token.get_secret_value()))
        services.scheduler.start()
        watch = asyncio.create_task(ClockWatch(services.scheduler).watch_forever())
        stop = asyncio.create_task(stopped.wait())
        damaged = asyncio.create_task(services.storage.database.wait_for_damage())
        await asyncio.wait({connection, stop, damaged}, return_when=asyncio.FIRST_COMPLETED)
        watch.cancel()
        services.scheduler.pause()  # no more ticks; closing the bot waits for the deliveries under way
        connection.cancel()  # else it would wait for a Discord that does not answer; if it has failed, nothing changes
        stop.cancel()
        damaged.cancel()
        await bot.close()
        services.scheduler.shutdown(wait=False)
        with suppress(asyncio.CancelledError):
            await connection
        services.storage.database.raise_if_damaged()


def _papers_api(settings: ArchiveSettings) -> PapersAPI:
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    return PapersAPI(str(settings.papers_url), token)


@app.command(name="demo")
def show_demo(
    screenshot: Annotated[
        Path | None, typer.Option(help="Save a screenshot of the demo, taken with an installed Chromium, and exit.")
    ] = None,
    scene: Annotated[Scene, typer.Option(help="The scene to start with.")] = Scene.TOUR,
    pictures: Annotated[
        Path | None, typer.Option(help="Take all pictures of the docs into this folder in the same way, and exit.")
    ] = None,
) -> None:
    """Show the real bot in a simulated Discord, in your browser. It needs no token and no network."""
    use_newest_timezones()  # before the first time zone is loaded
    try:
        from bot.demo import show  # noqa: PLC0415  # needs an extra that may not be installed
    except ImportError as error:
        raise typer.BadParameter(terminal.describe_missing_extra(error)) from None
    try:
        if pictures:
            asyncio.run(show.take_pictures(pictures))
        else:
            asyncio.run(show.show_demo(screenshot and screenshot.absolute(), scene))
    except DemoUnavailable as error:
        exit_with(str(error), 1)


@app.command(name="brand")
def give_brand(
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask before changing anything.")] = False,
    only: Annotated[
        list[Part] | None,
        typer.Option(help=f"Change only this: {', '.join(Part)}. May be given several times.", metavar="PART"),
    ] = None,
) -> None:
    """Give the bot its name, pictures, description, tags and status on Discord. Shows what will change, and asks."""
    settings = read_settings(BotSettings)
    connect_to_discord_at(str(settings.discord_api_url), str(settings.discord_gateway_url))
    asyncio.run(_give_brand(settings, only or list(Part), is_confirmed=yes))


async def _give_brand(settings: BotSettings, wanted: Sequence[Part], *, is_confirmed: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    token = settings.discord_token.get_secret_value()
    async with open_storage_alongside(settings.database) as storage, log_in(token) as client:
        branding = Branding(client, storage)
        missing = [part for part in await branding.list_missing() if part in wanted]
        if not missing:
            console.print(terminal.NOTHING_MISSING, markup=False)
            return
        for part in missing:
            console.print(terminal.describe_missing_part(part, branding.read_look()), markup=False)
        if not is_confirmed:
            typer.confirm(terminal.CHANGE_BRAND, abort=True)
        rejected = await branding.give(
            missing, lambda part: console.print(terminal.describe_given_part(part), markup=False)
        )
    if rejected:
        exit_with("\n".join(map(terminal.describe_rejected_part, rejected)), 1)


@app.command(name="backfill")
def backfill_archive(
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The first day to read.")],
    until: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The last day to read (today if left out)."),
    ] = None,
) -> None:
    """Read past daily lists into the archive. You can stop it at any time: the next run continues from there."""
    settings = read_settings(ArchiveSettings)
    today = system_clock().date()
    first, last = since.date(), min(until.date() if until else today, today)
    if first > last:
        raise typer.BadParameter(terminal.describe_reversed_days(first, last), param_hint="--since")
    asyncio.run(_backfill(settings, first, last))


async def _backfill(settings: ArchiveSettings, first: date, last: date) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with open_storage_alongside(settings.database) as storage, _papers_api(settings) as api:
        # The index follows change numbers, and a restored backup may use the same numbers for other papers.
        invalidate_index(get_index_path(settings.database))
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
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], metavar="DAY", help="The day to show (the latest closed list if left out)."),
    ] = None,
    size: Annotated[int, typer.Option(min=1, max=10, help="How many papers.")] = 5,
) -> None:
    """Print a day's digest in the terminal, from the papers API, without touching Discord or the database."""
    settings = read_settings(ArchiveSettings)
    day = date.date() if date else None
    Console().print(asyncio.run(_preview(settings, day, size)))


async def _preview(settings: ArchiveSettings, day: date | None, size: int) -> Panel:
    """The digest of `day`, or of the latest closed day that had papers."""
    latest = get_latest_closed_day(system_clock())
    days = [day] if day else [latest - timedelta(days=earlier) for earlier in range(7)]
    async with _papers_api(settings) as api:
        for each in days:
            papers = (await api.fetch_list(each)).papers
            if papers:
                break
        else:
            each = days[0]
    candidates = [Candidate(paper, frozenset({each})) for paper in papers]
    return terminal.render_digest_panel(choose_highlights(candidates, (each,), each, Selection(size, risers=0)), each)


if __name__ == "__main__":
    main()
