"""`paperboy health`."""

import http.client
import json
from typing import Annotated

import typer

from bot.command_line.app import USAGE, app, exit_with
from bot.env_file import EnvFileUnusable
from bot.layouts import health as words
from bot.layouts.terminal_setup import describe_settings_problem
from bot.settings import InvalidSettings, PortSettings, read_settings

UNHEALTHY = 1
READY, NOT_READY = 200, 503
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # where a port on all addresses answers


@app.command(name="health")
def check_health(
    timeout: Annotated[float, typer.Option(min=0.1, max=300, help="How many seconds to wait for the answer.")] = 10,
) -> None:
    """Ask the running bot whether it is well, through the port that PAPERBOY_HTTP_PORT opens."""
    settings = read_settings(PortSettings)
    if settings.http_port is None:
        exit_with(words.NO_PORT, USAGE)
    host = _EVERYWHERE.get(settings.http_host, settings.http_host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.http_port}/readyz"
    try:
        status, body = _ask(host, settings.http_port, timeout)
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        exit_with(words.describe_no_answer(url, detail), UNHEALTHY)
    problems = _read_problems(body)
    if problems is None or status not in {READY, NOT_READY}:
        exit_with(words.describe_foreign_answer(url), UNHEALTHY)
    if status == NOT_READY:
        exit_with(words.describe_not_ready(problems), UNHEALTHY)
    typer.echo(words.READY)


def run_alone() -> None:
    """Run the command line with no other command."""
    try:
        app()
    except (InvalidSettings, EnvFileUnusable) as error:
        exit_with(describe_settings_problem(error), USAGE)


def _ask(host: str, port: int, timeout: float) -> tuple[int, bytes]:
    """The status and the body of the answer."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        return response.status, response.read(2**20)
    finally:
        connection.close()


def _read_problems(body: bytes) -> list[str] | None:
    """The texts of the problems in an answer of ours; None if it is no such answer."""
    try:
        return [str(each["text"]) for each in json.loads(body)["problems"]]
    except (ValueError, TypeError, LookupError):
        return None
