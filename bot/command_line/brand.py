"""`paperboy brand`."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console

from bot.app import find_index_folder, open_storage_alongside
from bot.brand import Part
from bot.branding import Branding
from bot.client import connect_to_discord_at
from bot.command_line.app import app, confirm, exit_with
from bot.identity import log_in
from bot.layouts import terminal
from bot.settings import BotSettings, read_settings


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
    connect_to_discord_at(*settings.discord_urls)
    asyncio.run(_give_brand(settings, only or list(Part), is_confirmed=yes))


async def _give_brand(settings: BotSettings, wanted: Sequence[Part], *, is_confirmed: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    token = settings.discord_token.get_secret_value()
    async with (
        open_storage_alongside(settings.database, settings.backup_folder, find_index_folder(settings)) as storage,
        log_in(token, settings.proxy) as client,
    ):
        branding = Branding(client, storage)
        missing = [part for part in await branding.list_missing() if part in wanted]
        if not missing:
            console.print(terminal.NOTHING_MISSING, markup=False)
            return
        for part in missing:
            console.print(terminal.describe_missing_part(part, branding.read_look()), markup=False)
        if not is_confirmed:
            confirm(terminal.CHANGE_BRAND)
        rejected = await branding.give(
            missing, lambda part: console.print(terminal.describe_given_part(part), markup=False)
        )
    if rejected:
        exit_with("\n".join(map(terminal.describe_rejected_part, rejected)), 1)
