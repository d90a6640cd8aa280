"""Writes what is written from the code: `docs/commands.md` and `.env.example`. Run it with `make docs`."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from discord import AppCommandType, app_commands

from bot.app import open_services
from bot.client import COGS, PaperBot
from bot.papers.api import PapersAPI
from bot.settings import render_env_example
from tests.support.paths import ROOT

COMMANDS, SETTINGS = ROOT / "docs" / "commands.md", ROOT / ".env.example"

MENU_COMMANDS = {
    "Papers in this message": (
        "In the menu of any message, under **Apps**: see the papers that it refers to, by links, DOIs or arXiv IDs. "
        "One paper comes as its card, several as a page. It works in servers, in direct messages, and anywhere for "
        "people who install the bot for themselves."
    )
}
HEAD = """# Commands

Only you see the answers you get, except digests and pages that someone shares. `/digest` is for members with
**Manage Server**, or [who was given it](admins.md#who-may), inside a server. `/paper`, `/top`, `/help` and `/privacy`
also work in direct messages, and anywhere for people who install the bot for themselves. How to write a query:
[search.md](search.md).
"""


async def commands() -> str:
    """The command reference, from the commands that the bot registers."""
    with TemporaryDirectory() as folder:
        async with PapersAPI("http://127.0.0.1") as api, open_services(Path(folder) / "paperboy.db", api) as services:
            bot = PaperBot(services, shard_count=1)
            for name in COGS:
                await bot.load_extension(f"cogs.{name}")
            listed = [each for each in bot.tree.walk_commands() if isinstance(each, app_commands.Command)]
            menu = bot.tree.get_commands(type=AppCommandType.message)
    sections = ["\n".join(_section(each)) for each in sorted(listed, key=lambda command: command.qualified_name)]
    return "\n".join([HEAD, *sections, *("\n".join(_menu_section(each.name)) for each in menu)])


def _menu_section(name: str) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{MENU_COMMANDS[name]}\n"


def _section(command: app_commands.Command) -> Iterator[str]:  # type: ignore[type-arg]
    yield f"## /{command.qualified_name}\n"
    yield f"{command.description}.\n"
    if command.parameters:
        yield "| option | | meaning |\n|---|---|---|"
        for option in command.parameters:
            required = "required" if option.required else ""
            choices = f": {', '.join(f'`{each.name}`' for each in option.choices)}" if option.choices else ""
            yield f"| `{option.display_name}` | {required} | {option.description}{choices} |"
        yield ""


if __name__ == "__main__":
    COMMANDS.write_text(asyncio.run(commands()), encoding="utf-8")
    SETTINGS.write_text(render_env_example(), encoding="utf-8")
