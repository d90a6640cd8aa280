"""`paperboy backup` and `paperboy restore`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from bot.app import find_index_folder, restore_database
from bot.clock import system_clock
from bot.command_line.app import USAGE, app, confirm, exit_with
from bot.database_address import PostgresAddress
from bot.database_lock import check_not_running
from bot.layouts import backups as layouts
from bot.settings import ArchiveSettings, read_settings
from bot.storage import BackupKind, BackupStopped, back_up, check_backup, name_backup


@app.command(name="backup")
def make_backup(
    file: Annotated[Path, typer.Argument(help="The new file, or its folder.", show_default=False)],
) -> None:
    """Copy the database to a new file and check the copy. The bot may be running."""
    database, now = read_settings(ArchiveSettings).database, system_clock()
    if isinstance(database, PostgresAddress):
        exit_with(layouts.describe_postgres_backup(database, file), USAGE)
    database, file = database.absolute(), file.absolute()
    is_folder = False
    with suppress(OSError):  # in a folder that is closed to us: making the backup says so
        is_folder = file.is_dir()
    target = file / name_backup(database, BackupKind.BY_HAND, now) if is_folder else file
    with _show_progress(layouts.MAKING) as watch:
        back_up(database, target, BackupKind.BY_HAND, now, watch)
    _print(layouts.describe_made_backup(target))


@app.command(name="restore")
def restore_backup(
    file: Annotated[Path, typer.Argument(help="The backup.", show_default=False, readable=False)],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Put a backup in the place of the database, which is kept under another name. The bot must not be running."""
    settings = read_settings(ArchiveSettings)
    database = settings.database
    if isinstance(database, PostgresAddress):
        exit_with(layouts.describe_postgres_restoring(database, file), USAGE)
    database, file = database.absolute(), file.absolute()
    backup = check_backup(database, file)
    check_not_running(database)
    _print(layouts.describe_restoring(backup, database))
    if not yes:
        confirm(layouts.RESTORE)
    with _show_progress(layouts.RESTORING) as watch:
        replaced = restore_database(database, file, system_clock(), watch, find_index_folder(settings))
    _print(layouts.describe_restored(database, replaced))


@contextmanager
def _show_progress(description: str) -> Iterator[Callable[[float], None]]:
    """A bar that the function that this gives moves on. Ctrl-C stops the work."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    try:
        console = Console(stderr=True)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            bar = progress.add_task(description, total=1)
            yield lambda share: progress.update(bar, completed=share)
            progress.update(bar, completed=1)
    except BackupStopped:
        exit_with(layouts.STOPPED, 1)


def _print(text: str) -> None:
    Console(highlight=False, soft_wrap=True).print(text, markup=False)
