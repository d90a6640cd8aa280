"""Starts the demo: a simulated server in which an admin sets up Paperboy, on a day that the sample has papers for."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import simcord
from rich.console import Console

from bot.app import open_services
from bot.brand import Part, read_picture
from bot.client import PaperBot
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.demo import Scene, load_pictures, load_sample_lists, load_unlisted_entries
from bot.demo.browser import open_browser
from bot.demo.film import FILM, save_film
from bot.demo.page import DemoPage
from bot.demo.papers_server import PapersServer
from bot.demo.pictures import PICTURES, save_picture
from bot.demo.scenes import MINUTE, DemoServer
from bot.digest import list_days_between
from bot.layouts.paper import build_paper_picture
from bot.papers.api import PapersAPI
from bot.search import Meaning, load_encoder
from bot.storage import open_scratch

MORNING = datetime(2026, 5, 29, 6, 59, tzinfo=UTC)  # a Friday; Thursday's list has closed
HEAD_STARTS = {Scene.RECAP: timedelta(days=7)}  # scenes that begin before `MORNING`
_SETTLE_SECONDS = 60


@asynccontextmanager
async def open_demo(
    folder: Path, console: Console, scene: Scene = Scene.TOUR, database: PostgresAddress | None = None
) -> AsyncIterator[DemoServer]:
    """A demo server after `scene`, with its files in `folder` and the sample in its archive.

    Its database is a file there, or is made in a PostgreSQL, and deleted at the end. Raises `DatabaseUnusable`.
    """
    lists = load_sample_lists()
    clock = _DemoClock()
    async with (
        PapersServer(lists, load_unlisted_entries()).serve() as papers_url,
        PapersAPI(papers_url) as api,
        _make_database(folder, database) as address,
        open_services(address, api, index=folder / "paperboy.index", clock=clock) as services,
    ):
        console.print(f"Reading {len(lists)} sample days from a papers API on {papers_url} …")
        for day in list_days_between(min(lists), max(lists)):
            await services.archive.refresh_list(day, MORNING)
        await services.archive.update_index()
        console.print("Starting the bot in a simulated Discord …")
        bot = PaperBot(services, shard_count=1)
        async with simcord.run(bot, check_errors=False, settle_timeout=_SETTLE_SECONDS) as env:
            clock.env = env
            start = MORNING - HEAD_STARTS.get(scene, timedelta())
            await env.advance_time((start - env.now()).total_seconds())
            demo = DemoServer(env, bot)
            await demo.play_scene(scene)
            yield demo


@asynccontextmanager
async def _make_database(folder: Path, server: PostgresAddress | None) -> AsyncIterator[DatabaseAddress]:
    if server is None:
        yield folder / "paperboy.db"
        return
    with open_scratch(server) as scratch:
        yield scratch


class _DemoClock:
    """The time of the simulated Discord; before that is started, `MORNING`."""

    env: simcord.Env | None = None

    def __call__(self) -> datetime:
        return self.env.now() if self.env else MORNING


async def show_demo(screenshot: Path | None, scene: Scene, database: PostgresAddress | None = None) -> None:
    """Show the demo in a browser until Ctrl-C, or save one picture of it as `screenshot`. Raises `DatabaseUnusable`."""
    console = Console(highlight=False, soft_wrap=True)
    logging.getLogger("discord").setLevel(logging.WARNING)
    with TemporaryDirectory(prefix="paperboy-demo-") as folder:
        async with open_demo(Path(folder), console, scene, database) as demo, open_page(demo) as page:
            if screenshot:
                async with open_browser() as browser:
                    await save_picture(browser, page, screenshot)
                console.print(f"Wrote {screenshot}")
                return
            async with learn_meaning(demo, console):
                console.print(f"\nOpen  {page.url}\n")
                console.print("Then follow the tour in #start-here. Ctrl-C ends the demo.")
                await _run_until_closed(demo, page)
    console.print("The demo has ended and left nothing behind.")


async def take_pictures(folder: Path) -> None:
    """Save all pictures of the docs in `folder`. Raises `DemoUnavailable` if Chromium is missing, or a button."""
    console = Console(highlight=False, soft_wrap=True)
    logging.getLogger("discord").setLevel(logging.WARNING)
    async with open_browser() as browser:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        for scene in sorted({each.scene for each in PICTURES}):
            async with _open_scene(scene) as (_, page):
                for picture in PICTURES:
                    if picture.scene is scene:
                        await save_picture(browser, page, folder / f"{picture.name}.png", picture.width)
                        console.print(f"Wrote {folder / picture.name}.png")
        async with _open_scene(Scene.WELCOME) as (demo, page):
            await save_film(browser, demo, page, folder / FILM)
            console.print(f"Wrote {folder / FILM}")


@asynccontextmanager
async def _open_scene(scene: Scene) -> AsyncIterator[tuple[DemoServer, DemoPage]]:
    with TemporaryDirectory(prefix="paperboy-demo-") as folder:
        async with open_demo(Path(folder), Console(quiet=True), scene) as demo, open_page(demo) as page:
            yield demo, page


@asynccontextmanager
async def open_page(demo: DemoServer) -> AsyncIterator[DemoPage]:
    """Serve the page of `demo`, with pictures and the avatar in place of what Discord would load."""
    pictures = load_pictures(await _find_pictures(demo))
    async with DemoPage(demo, {**pictures, demo.avatar_url: ("avatar.png", read_picture(Part.AVATAR))}).serve() as page:
        yield page


@asynccontextmanager
async def learn_meaning(demo: DemoServer, console: Console) -> AsyncIterator[asyncio.Task[None]]:
    """Meanwhile, load the extra `semantic` where it is installed, and read the papers with it."""

    async def learn() -> None:
        services = demo.bot.services
        encoder = await asyncio.to_thread(load_encoder)
        if encoder is None:
            console.print("Searches look for words alone. For papers that mean the same, run `make setup` first.")
            return
        console.print("Reading the papers with the language model …")
        services.search.meaning = Meaning(encoder)
        await services.archive.embed_papers()
        console.print("Searches now find papers by their meaning too.")

    task = asyncio.create_task(learn())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _find_pictures(demo: DemoServer) -> set[str]:
    """The addresses of the pictures that messages about the sample's papers may show."""
    papers, _ = await demo.bot.services.storage.papers.list_top_papers(date.min, date.max, limit=1000)
    return {item.media.url for paper in papers for item in build_paper_picture(paper).items}


async def _run_until_closed(demo: DemoServer, page: DemoPage) -> None:
    """Keep the simulated time running, until Ctrl-C or the page's own end button."""
    ended = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    closing = asyncio.create_task(page.wait_closed())
    closing.add_done_callback(lambda _: ended.set())
    offset = datetime.now(UTC) - demo.env.now()
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), MINUTE)
        with suppress(simcord.SetupError):  # someone is clicking; the next minute catches up
            await demo.env.advance_time((datetime.now(UTC) - offset - demo.env.now()).total_seconds())
            await demo.post_due()
            await page.refresh()
    closing.cancel()
