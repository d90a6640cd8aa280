"""`paperboy init` and `paperboy invite`."""

import asyncio
import getpass
import os
import sys
import warnings
from pathlib import Path
from typing import Annotated

import typer

from bot.bot_token import NAME, TokenProblem, TokenRejected, read_token
from bot.client import connect_to_discord_at
from bot.command_line.app import USAGE, app, exit_with, print_note
from bot.env_file import check_writable, parse_values, set_value, write_env_file
from bot.identity import Identity, ask_identity
from bot.layouts import terminal_setup
from bot.settings import (
    DiscordSettings,
    LoginSettings,
    get_settings_file,
    read_settings,
    read_settings_file,
    render_env_example,
)

STANDARD_INPUT = "-"
MAX_INPUT = 100_000  # characters


@app.command(name="init")
def init_settings(
    token_file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Read the token from this file, or from standard input if it is -, instead of asking."
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Replace a token that is there without asking.")] = False,
) -> None:
    """Ask for the bot's token, check it with Discord, and write it to .env, which only you can read."""
    file = get_settings_file()
    check_writable(file)
    known = parse_values(read_settings_file()).get(NAME)
    settings = read_settings(DiscordSettings)
    connect_to_discord_at(*settings.discord_urls)
    if token_file is None and sys.stdin.isatty():
        if known and not yes and not typer.confirm(terminal_setup.describe_known_token(file), err=True):
            _show_next_steps(_check_token(known, settings.proxy), file)
            return
        token, identity = _ask_for_token(settings.proxy)
    else:
        token = _read_given_token(token_file)
        if known and known != token and not yes:
            exit_with(terminal_setup.describe_token_kept(file), USAGE)
        identity = _check_token(token, settings.proxy)
    text = read_settings_file()  # somebody may have edited it meanwhile
    write_env_file(file, set_value(text or render_env_example(), NAME, token))
    typer.echo(terminal_setup.describe_written_token(identity.name, file))
    _show_next_steps(identity, file)
    if os.environ.get(NAME, token) != token:
        print_note(terminal_setup.OVERRIDDEN)


def _show_next_steps(identity: Identity, file: Path) -> None:
    is_named = file != Path(".env").absolute()
    typer.echo(terminal_setup.describe_next_steps(identity.invite, file if is_named else None))
    if not identity.is_public:
        print_note(terminal_setup.NOT_PUBLIC)


def _ask_for_token(proxy: str | None) -> tuple[str, Identity]:
    """Ask until Discord knows the token. Typing it shows nothing."""
    print_note(terminal_setup.WHERE_IT_IS)
    while True:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", getpass.GetPassWarning)  # else it would ask although typing is shown
                token = read_token(getpass.getpass(terminal_setup.PROMPT))
            return token, asyncio.run(ask_identity(token, proxy))
        except TokenRejected as error:
            print_note(terminal_setup.describe_rejected_token(error.problem))
        except getpass.GetPassWarning:
            exit_with(terminal_setup.NO_HIDDEN_TYPING, USAGE)
        except EOFError:
            raise typer.Abort from None


def _read_given_token(token_file: str | None) -> str:
    """The token from the file, or else from standard input, where a script or a pipe puts it."""
    try:
        if token_file in {None, STANDARD_INPUT}:
            text = sys.stdin.read(MAX_INPUT)
        else:
            with Path(str(token_file)).open(encoding="utf-8-sig") as given:
                text = given.read(MAX_INPUT)
        return read_token(text)
    except (OSError, UnicodeDecodeError) as error:
        exit_with(terminal_setup.describe_unreadable_token_file(token_file or STANDARD_INPUT, error), USAGE)
    except TokenRejected as error:
        if token_file is None and error.problem is TokenProblem.EMPTY:
            exit_with(terminal_setup.NO_TERMINAL, USAGE)
        exit_with(terminal_setup.describe_rejected_token(error.problem), USAGE)


def _check_token(token: str, proxy: str | None) -> Identity:
    try:
        return asyncio.run(ask_identity(token, proxy))
    except TokenRejected as error:
        exit_with(terminal_setup.describe_rejected_token(error.problem), USAGE)


@app.command(name="invite")
def print_invite() -> None:
    """Print the link with which a server's admins add the bot."""
    settings = read_settings(LoginSettings)
    connect_to_discord_at(*settings.discord_urls)
    identity = _check_token(settings.discord_token.get_secret_value(), settings.proxy)
    typer.echo(identity.invite)
    if not identity.is_public:
        print_note(terminal_setup.NOT_PUBLIC)
