"""Writes what is written from the code: `docs/commands.md` and `.env.example`. Run it with `make docs`."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from discord import app_commands

from bot.archive import Archive
from bot.client import COGS, House, PaperBot, new_scheduler
from bot.papers.api import PapersAPI
from bot.search import Search
from bot.settings import env_example
from bot.storage import open_storage

ROOT = Path(__file__).parents[1]
COMMANDS, SETTINGS = ROOT / "docs" / "commands.md", ROOT / ".env.example"

HEAD = """# Commands

Every answer is for the one who asked alone, except the digest itself. `/digest` is for members with **Manage
Server**, inside a server.
"""


async def commands() -> str:
    """The command reference, from the commands that the bot registers."""
    with TemporaryDirectory() as folder:
        async with open_storage(Path(folder) / "paperboy.db") as storage, PapersAPI("http://127.0.0.1") as api:
            search = Search(Path(folder) / "paperboy.index", "reference", last_change=0)
            house = House(storage, search, Archive(api, storage, search), new_scheduler(), backfill_days=0)
            bot = PaperBot(house, shard_count=1)
            for name in COGS:
                await bot.load_extension(f"cogs.{name}")
            listed = [each for each in bot.tree.walk_commands() if isinstance(each, app_commands.Command)]
            search.close()
    return "\n".join([HEAD, *("\n".join(_section(each)) for each in sorted(listed, key=lambda c: c.qualified_name))])


def _section(command: app_commands.Command) -> Iterator[str]:  # type: ignore[type-arg]
    yield f"## /{command.qualified_name}\n"
    yield f"{command.description}.\n"
    if command.parameters:
        yield "| option | | meaning |\n|---|---|---|"
        for option in command.parameters:
            yield f"| `{option.display_name}` | {'required' if option.required else ''} | {option.description} |"
        yield ""


if __name__ == "__main__":
    COMMANDS.write_text(asyncio.run(commands()), encoding="utf-8")
    SETTINGS.write_text(env_example(), encoding="utf-8")
