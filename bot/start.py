"""The program `paperboy`.

A health check comes every half a minute, and loading all commands takes a second of processor time. So the check is
started without the others.
"""

import sys

from bot.command_line import health
from bot.command_line.app import USAGE, app, exit_with
from bot.env_file import EnvFileUnusable
from bot.layouts.terminal_setup import describe_settings_problem
from bot.settings import InvalidSettings


def main() -> None:
    """Run the command line."""
    if sys.argv[1:2] == [health.NAME]:
        try:
            app()
        except (InvalidSettings, EnvFileUnusable) as error:
            exit_with(describe_settings_problem(error), USAGE)
    else:
        from bot.__main__ import main as run_any_command  # noqa: PLC0415  # it loads all of them

        run_any_command()


if __name__ == "__main__":
    main()
