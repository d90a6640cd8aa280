"""Starts the command line, and explains in one line what ended it."""

import aiohttp
import discord

from bot.command_line import brand, demo, doctor, health, papers, run, setup  # noqa: F401  # each adds its commands
from bot.command_line.app import USAGE, app, exit_with
from bot.env_file import EnvFileUnusable
from bot.identity import DiscordUnreachable
from bot.layouts import terminal, terminal_setup
from bot.layouts.health import describe_port_problem
from bot.papers.api import PapersUnavailable
from bot.search import IndexUnusable
from bot.settings import InvalidSettings
from bot.storage import DatabaseUnusable
from bot.web.port import PortUnusable


def main() -> None:
    """Run the command line. A problem that you have to fix is explained in one line, with exit code 2."""
    try:
        app()
    except (InvalidSettings, EnvFileUnusable) as error:
        exit_with(terminal_setup.describe_settings_problem(error), USAGE)
    except DatabaseUnusable as error:
        exit_with(terminal.describe_database_problem(error), USAGE)
    except IndexUnusable as error:
        exit_with(terminal.describe_index_problem(error), USAGE)
    except PortUnusable as error:
        exit_with(describe_port_problem(error.host, error.port, error.detail), USAGE)
    except (discord.LoginFailure, discord.ConnectionClosed, discord.PrivilegedIntentsRequired) as error:
        exit_with(terminal.describe_close_code(get_close_code(error)), USAGE)
    except (DiscordUnreachable, aiohttp.ClientError, discord.DiscordServerError) as error:
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


if __name__ == "__main__":
    main()
