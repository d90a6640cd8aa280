"""Starts the command line, and explains in one line what ended it."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import discord

from bot.command_line import backups, brand, demo, doctor, health, move, papers, run, setup  # noqa: F401  # each adds its commands
from bot.command_line.app import USAGE, app, exit_with, put_env_file_first
from bot.database_address import BadAddress
from bot.env_file import EnvFileUnusable
from bot.identity import DiscordUnreachable
from bot.layouts import terminal, terminal_setup
from bot.layouts.backups import describe_backup_problem
from bot.layouts.health import describe_port_problem
from bot.layouts.terminal_moving import describe_move_problem
from bot.papers.api import PapersUnavailable
from bot.search import IndexUnusable
from bot.settings import InvalidSettings
from bot.storage import BackupFailed, ClaimLost, DatabaseAway, DatabaseUnusable, MoveFailed
from bot.web.port import PortUnusable


def main() -> None:
    """Run the command line. A problem that you have to fix is explained in one line, with exit code 2."""
    try:
        app(put_env_file_first(sys.argv[1:]))
    except tuple(_PROBLEMS) as error:
        describe, code = next(_PROBLEMS[kind] for kind in type(error).__mro__ if kind in _PROBLEMS)
        is_temporary = isinstance(error, DatabaseUnusable) and error.may_pass
        exit_with(describe(error), 1 if is_temporary else code)


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


def _describe_closed_connection(error: discord.DiscordException) -> str:
    return terminal.describe_close_code(get_close_code(error))


# What may end a command, how that is explained, and the exit code.
_PROBLEMS: Mapping[type[Exception], tuple[Callable[[Any], str], int]] = {
    BadAddress: (terminal_setup.describe_bad_address, USAGE),
    InvalidSettings: (terminal_setup.describe_settings_problem, USAGE),
    EnvFileUnusable: (terminal_setup.describe_settings_problem, USAGE),
    DatabaseUnusable: (terminal.describe_database_problem, USAGE),
    DatabaseAway: (lambda _: terminal.DATABASE_AWAY, 1),
    ClaimLost: (lambda _: terminal.CLAIM_LOST, 1),
    BackupFailed: (describe_backup_problem, USAGE),
    MoveFailed: (describe_move_problem, USAGE),
    IndexUnusable: (terminal.describe_index_problem, USAGE),
    PortUnusable: (lambda error: describe_port_problem(error.host, error.port, error.detail), USAGE),
    discord.LoginFailure: (_describe_closed_connection, USAGE),
    discord.ConnectionClosed: (_describe_closed_connection, USAGE),
    discord.PrivilegedIntentsRequired: (_describe_closed_connection, USAGE),
    DiscordUnreachable: (terminal.describe_discord_unreachable, 1),
    aiohttp.ClientError: (terminal.describe_discord_unreachable, 1),
    discord.DiscordServerError: (terminal.describe_discord_unreachable, 1),
    PapersUnavailable: (terminal.describe_papers_unavailable, 1),
}


if __name__ == "__main__":
    main()
