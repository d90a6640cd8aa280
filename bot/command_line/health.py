"""`paperboy health`."""

import sys
from typing import Annotated

import typer

from bot.command_line.app import USAGE, app, exit_with, put_env_file_first
from bot.env_file import EnvFileUnusable
from bot.layouts import health as words
from bot.layouts.terminal_setup import describe_settings_problem
from bot.readiness import ForeignAnswer, PortSilent, StandingBy, ask_whether_ready, build_address
from bot.settings import InvalidSettings, PortSettings, read_settings

UNHEALTHY = 1


@app.command(name="health")
def check_health(
    timeout: Annotated[float, typer.Option(min=0.1, max=300, help="How many seconds to wait for the answer.")] = 10,
) -> None:
    """Ask the running bot whether it is well, through the port that PAPERBOY_HTTP_PORT opens."""
    settings = read_settings(PortSettings)
    if settings.http_port is None:
        exit_with(words.NO_PORT, USAGE)
    host, port = settings.http_host, settings.http_port
    try:
        problems = ask_whether_ready(host, port, timeout)
    except PortSilent as error:
        exit_with(words.describe_no_answer(build_address(host, port), str(error)), UNHEALTHY)
    except StandingBy as standby:  # a container that waits is well, and must not be started again for it
        typer.echo(words.describe_standby(str(standby)))
        return
    except ForeignAnswer:
        exit_with(words.describe_foreign_answer(build_address(host, port)), UNHEALTHY)
    if problems:
        exit_with(words.describe_not_ready(problems), UNHEALTHY)
    typer.echo(words.READY)


def run_alone() -> None:
    """Run the command line with no other command."""
    try:
        app(put_env_file_first(sys.argv[1:]))
    except (InvalidSettings, EnvFileUnusable) as error:
        exit_with(describe_settings_problem(error), USAGE)
