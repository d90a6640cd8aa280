"""The stage: a simulated server whose admin sets Paperboy up, on the morning the sample knows."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import discord
import simcord
from playwright.async_api import async_playwright
from rich.console import Console

from bot.archive import Archive, days_between
from bot.client import House, PaperBot, new_scheduler
from bot.demo import sample_lists
from bot.demo.papers_server import PapersServer
from bot.papers import PapersAPI
from bot.search import Search
from bot.storage import open_storage

MORNING = datetime(2026, 5, 29, 6, 59, tzinfo=UTC)  # a Friday; Thursday's list has closed
BEAT_SECONDS = 2
WIDTH, HEIGHT = 900, 1180
_SETTLE_SECONDS = 60
_CHROMIUM = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


class Stage:
    """A simulated Discord in which the real bot has posted its first digest."""

    def __init__(self, env: simcord.Env, bot: PaperBot) -> None:
        self.env = env
        self.bot = bot
        self.guild = env.create_guild("Paper Club")
        self.general = self.guild.create_text_channel("general")
        self.channel = self.guild.create_text_channel("daily-papers")
        admins = self.guild.create_role("Admins", permissions=discord.Permissions(manage_guild=True))
        self.admin = self.guild.add_member(env.create_user("ada"), roles=[admins])
        self.reader = self.guild.add_member(env.create_user("grace"))

    async def open(self) -> None:
        """An admin subscribes a minute before nine in Berlin; at nine the digest arrives."""
        await self.admin.slash(self.general, "digest add", channel=self.channel, time="9:00", timezone="Europe/Berlin")
        await self.env.advance_time(60)
        await self.bot.courier.tick(self.bot.house.clock())
        await self.env.settle()


@asynccontextmanager
async def raised_stage(folder: Path, say: Console) -> AsyncIterator[Stage]:
    """The stage over a database and an index in `folder`, with the sample read into its archive."""
    lists = sample_lists()
    async with (
        PapersServer(lists).serve() as papers_url,
        PapersAPI(papers_url) as api,
        open_storage(folder / "paperboy.db") as storage,
    ):
        search = Search(folder / "paperboy.index", await storage.papers.identity(), last_change=0)
        archive = Archive(api, storage, search)
        say.print(f"Reading {len(lists)} sample days from a papers API on {papers_url} …")
        for day in days_between(min(lists), max(lists)):
            await archive.refresh(day, MORNING)
        await archive.index()
        say.print("Starting the bot in a simulated Discord …")
        clock = _Clock()
        house = House(storage, search, archive, new_scheduler(), backfill_days=0, clock=clock)
        bot = PaperBot(house, shard_count=1)
        async with simcord.run(bot, check_errors=False, settle_timeout=_SETTLE_SECONDS) as env:
            clock.env = env
            await env.advance_time((MORNING - env.now()).total_seconds())
            stage = Stage(env, bot)
            await stage.open()
            yield stage
        await asyncio.to_thread(search.close)


class _Clock:
    """The simulated Discord's time, once there is one."""

    env: simcord.Env | None = None

    def __call__(self) -> datetime:
        return self.env.now() if self.env else MORNING


async def show(screenshot: Path | None = None) -> None:
    """Show the demo in a browser until Ctrl-C, or take one picture of it into `screenshot`."""
    say = Console(highlight=False, soft_wrap=True)
    logging.getLogger("discord").setLevel(logging.WARNING)
    with TemporaryDirectory(prefix="paperboy-demo-") as folder:
        async with raised_stage(Path(folder), say) as stage:
            preview = stage.env.preview(
                stage.channel,
                viewers=[stage.admin, stage.reader],
                layout="channel",
                width=WIDTH,
                height=HEIGHT,
                timezone="Europe/Berlin",
            )
            async with preview:
                if screenshot:
                    await _photograph(preview.url, screenshot)
                    say.print(f"Wrote {screenshot}")
                else:
                    say.print(f"\nOpen  {preview.url}\n")
                    say.print("Type /paper search or /digest preview, click Details. Ctrl-C ends the demo.")
                    await _play(stage, preview)
    say.print("The demo has ended and left nothing behind.")


async def _play(stage: Stage, preview: simcord.Preview) -> None:
    """Let the simulated time run with the real one until Ctrl-C or the page's own end button."""
    ended = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    closing = asyncio.create_task(preview.wait_closed())
    closing.add_done_callback(lambda _: ended.set())
    began, opened = datetime.now(UTC), stage.env.now()
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), BEAT_SECONDS)
        with suppress(simcord.SetupError):  # somebody is clicking: the next beat catches up
            behind = opened + (datetime.now(UTC) - began) - stage.env.now()
            await stage.env.advance_time(max(behind, timedelta()).total_seconds())
            await stage.bot.courier.tick(stage.bot.house.clock())
            await preview.refresh()
    closing.cancel()


async def _photograph(url: str, path: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=list(_CHROMIUM))
        page = await browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5)
        await page.goto(url)
        await page.get_by_text("Daily Papers").first.wait_for()
        await page.screenshot(path=path)
        await browser.close()


def _chromium() -> str:
    raise NotImplementedError
