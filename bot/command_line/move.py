"""`paperboy move`."""

import getpass
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.app import find_index_folder, move_database
from bot.clock import system_clock
from bot.command_line.app import MOVE_TO, USAGE, app, exit_with, print_note
from bot.database_address import DatabaseAddress, read_address
from bot.layouts import terminal_moving as layouts
from bot.settings import ArchiveSettings, get_settings_file, read_settings
from bot.storage import DatabaseUnusable


@app.command(name="move")
def move(
    to: Annotated[
        str | None,
        typer.Option(
            metavar="URL|FILE",
            help="An empty PostgreSQL database, or a file that does not exist yet. Others can see a password in a "
            f"command: leave this out to be asked, or set {MOVE_TO} in the environment.",
        ),
    ] = None,
) -> None:
    """Copy the database, from SQLite to PostgreSQL or back: all of it, or nothing. The bot must not be running."""
    settings = read_settings(ArchiveSettings)
    source, target = _resolve(settings.database), _resolve(read_address(to or os.environ.get(MOVE_TO) or _ask()))
    index = find_index_folder(settings).absolute()
    try:
        with _show_progress() as watch:
            moved = move_database(
                source, target, system_clock(), watch, _pause, index=index, backup_folder=settings.backup_folder
            )
    except KeyboardInterrupt:
        exit_with(layouts.STOPPED, 1)
    except DatabaseUnusable as error:
        if error.path != target:
            raise
        exit_with(layouts.describe_target_problem(error), 1 if error.may_pass else USAGE)
    text = layouts.describe_moved(source, target, moved, get_settings_file(), index if index.is_dir() else None)
    Console(highlight=False, soft_wrap=True).print(text, markup=False)


def _pause(seconds: float) -> None:
    if seconds:
        print_note(layouts.describe_pause(seconds))
        time.sleep(seconds)


def _resolve(address: DatabaseAddress) -> DatabaseAddress:
    return address.resolve() if isinstance(address, Path) else address


def _ask() -> str:
    """Ask without showing what is typed."""
    if not sys.stdin.isatty():
        exit_with(layouts.NO_TARGET, USAGE)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)  # else it would ask although typing is shown
            answer = getpass.getpass(layouts.PROMPT).strip()
    except getpass.GetPassWarning:
        exit_with(layouts.NO_HIDDEN_TYPING, USAGE)
    except EOFError:
        raise typer.Abort from None
    return answer or exit_with(layouts.NO_TARGET, USAGE)


@contextmanager
def _show_progress() -> Iterator[Callable[[float], None]]:
    """A bar that the function that this gives moves on."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(layouts.MOVING, total=1)
        yield lambda share: progress.update(bar, completed=share)
