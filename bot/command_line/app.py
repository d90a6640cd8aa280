"""The command line's frame: its options for every command, and how it ends."""

import sys
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from bot.about import read_version

app = typer.Typer(
    help="Paperboy brings the day's best AI papers to a Discord server.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its tracebacks show local variables, which may contain a token
)

USAGE = 2  # the exit code for problems that whoever runs the bot has to fix


def exit_with(message: str, code: int) -> NoReturn:
    Console(stderr=True, highlight=False, soft_wrap=True).print(message, markup=False)
    sys.exit(code)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"paperboy {read_version()}")
        raise typer.Exit


@app.callback()
def read_global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """The options that need no command; each has a callback that acts on it."""
