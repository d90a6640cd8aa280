"""The command line's frame: its options for every command, and how it ends."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from typer.core import TyperGroup

from bot.about import read_version
from bot.env_file import EnvFileUnusable
from bot.json_logs import log_last_words
from bot.layouts.terminal_setup import (
    NOBODY_TO_ASK,
    NOTHING_CHANGED,
    describe_unknown_setting,
    describe_unreadable_line,
)
from bot.settings import find_unknown_settings, find_unreadable_settings, use_settings_file

# The help lists the commands as they are needed, from the first day on.
_ORDER = (
    "init",
    "run",
    "invite",
    "doctor",
    "health",
    "backup",
    "restore",
    "move",
    "backfill",
    "preview",
    "brand",
    "demo",
)


class _Commands(TyperGroup):
    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        return sorted(super().list_commands(ctx), key=_ORDER.index)


app = typer.Typer(
    cls=_Commands,
    help="Paperboy brings the day's best AI papers to a Discord server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, which may contain a token
)

MOVE_TO = "PAPERBOY_MOVE_TO"  # the one name in the environment that is no setting: it is meant for one command
USAGE = 2  # the exit code for problems that whoever runs the bot has to fix


# They read no settings, or say themselves what is wrong with them, or are there to put it right; of `health`, monitors
# read the one line, each minute.
_WARN_BY_THEMSELVES = {"demo", "doctor", "health", "init", "run"}


def exit_with(message: str, code: int) -> NoReturn:
    if not log_last_words(message):
        print_note(message)
    sys.exit(code)


def print_note(message: str) -> None:
    """Say something that is not the command's result, on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)


def confirm(question: str) -> None:
    """Ask whether to go on. Without a yes, the command ends; without a terminal, it says how to give one."""
    try:
        is_wanted = typer.confirm(question)
    except typer.Abort:  # Ctrl-C, or no more input
        if sys.stdin.isatty():
            raise
        exit_with(f"\n{NOBODY_TO_ASK}", USAGE)
    if not is_wanted:
        exit_with(NOTHING_CHANGED, 1)


def find_warnings() -> list[str]:
    """A line for each thing in the settings that has no effect."""
    try:
        return [
            *map(describe_unreadable_line, find_unreadable_settings()),
            *(describe_unknown_setting(each) for each in find_unknown_settings() if each.name != MOVE_TO),
        ]
    except EnvFileUnusable:
        return []  # whichever command needs the file says so


def put_env_file_first(words: Sequence[str]) -> list[str]:
    """The words of a command line with `--env-file FILE` before the command, wherever it was typed."""
    for place, word in enumerate(words):
        size = 1 if word.startswith("--env-file=") else 2
        if (size == 1 or word == "--env-file") and place + size <= len(words):
            return [*words[place : place + size], *words[:place], *words[place + size :]]
    return [*words]


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"paperboy {read_version()}")
        raise typer.Exit


@app.callback()
def read_global_options(
    context: typer.Context,
    env_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Read settings from this file, not from .env in the working folder. The environment takes precedence.",
        ),
    ] = None,
    version: Annotated[  # noqa: ARG001  # its callback acts on it
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The options of all commands."""
    if env_file:
        use_settings_file(env_file, may_be_missing=context.invoked_subcommand == "init")
    if context.invoked_subcommand not in _WARN_BY_THEMSELVES:
        for warning in find_warnings():
            print_note(warning)
