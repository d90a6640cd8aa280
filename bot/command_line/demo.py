"""`paperboy demo`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.command_line.app import app, exit_with
from bot.database_address import BadAddress, PostgresAddress, read_address
from bot.demo import DemoUnavailable, Scene
from bot.layouts import terminal
from bot.layouts.terminal_setup import NOT_A_SERVER, describe_bad_server
from bot.subscription.timezones import use_newest_timezones


def _read_server(text: str) -> PostgresAddress:
    try:
        address = read_address(text)
    except BadAddress as error:
        raise typer.BadParameter(describe_bad_server(error)) from None
    if isinstance(address, PostgresAddress):
        return address
    raise typer.BadParameter(NOT_A_SERVER)


@app.command(name="demo")
def show_demo(
    screenshot: Annotated[
        Path | None, typer.Option(help="Save a screenshot of the demo, taken with an installed Chromium, and exit.")
    ] = None,
    scene: Annotated[Scene, typer.Option(help="The scene to start with.")] = Scene.TOUR,
    pictures: Annotated[
        Path | None, typer.Option(help="Take all pictures of the docs into this folder in the same way, and exit.")
    ] = None,
    database: Annotated[
        PostgresAddress | None,
        typer.Option(
            parser=_read_server,
            metavar="URL",
            help="Keep the demo's data in this PostgreSQL database, beside what is there, and delete it at the end.",
        ),
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
            asyncio.run(show.show_demo(screenshot and screenshot.absolute(), scene, database))
    except DemoUnavailable as error:
        exit_with(str(error), 1)
