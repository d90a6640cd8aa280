"""`paperboy demo`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bot.command_line.app import app, exit_with
from bot.demo import DemoUnavailable, Scene
from bot.layouts import terminal
from bot.subscription.timezones import use_newest_timezones


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
