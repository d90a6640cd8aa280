"""`paperboy doctor`."""

import asyncio
import json
import os
import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from bot.about import read_version
from bot.client import connect_to_discord_at
from bot.command_line.app import app
from bot.doctor import Case, examine, find_worst, read_what_is_readable
from bot.findings import Examined
from bot.layouts import doctor as words
from bot.settings import BotSettings
from bot.subscription.timezones import use_newest_timezones


@app.command(name="doctor")
def examine_bot(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look for what is wrong with the bot's set-up, and say how to fix it. Changes nothing; the bot may be running."""
    use_newest_timezones()
    asyncio.run(_examine_and_end(as_json=as_json))


async def _examine_and_end(*, as_json: bool) -> NoReturn:
    """End at once: asyncio would wait for whatever still hangs, such as the look-up of a name that nobody answers."""
    examined = await _examine()
    if as_json:
        known = {"version": read_version(), "worst": find_worst(examined).name.lower()}
        typer.echo(json.dumps(known | {"findings": words.list_for_json(examined)}, ensure_ascii=False, indent=2))
    else:
        console = Console(highlight=False, soft_wrap=True)
        for each in examined:
            console.print(words.describe_examined(each), markup=False)
        console.print(words.describe_verdict(examined), markup=False)
    sys.stdout.flush()
    os._exit(int(find_worst(examined)))


async def _examine() -> tuple[Examined, ...]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(words.EXAMINING, total=None)

        def report(number: int, total: int) -> None:
            progress.update(bar, completed=number, total=total, description=words.ASKING_FOR_CHANNELS)

        settings, problem = read_what_is_readable()
        if isinstance(settings, BotSettings):
            connect_to_discord_at(*settings.discord_urls)
        async with Case(settings, problem, report_progress=report) as case:
            return await examine(case)
