"""Starts the demo: a simulated server in which an admin sets up Paperboy, on a day that the sample has papers for."""

import asyncio
import logging
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import simcord
from rich.console import Console

from bot.app import open_services
from bot.client import PaperBot
from bot.demo import Scene, load_pictures, load_sample_lists, load_unlisted_entries
from bot.demo.papers_server import PapersServer
from bot.demo.scenes import MINUTE, DemoServer
from bot.digest import list_days_between
from bot.layouts.paper import build_paper_picture
from bot.papers.api import PapersAPI

MORNING = datetime(2026, 5, 29, 6, 59, tzinfo=UTC)  # a Friday; Thursday's list has closed
HEAD_STARTS = {Scene.RECAP: timedelta(days=7)}  # scenes that begin before `MORNING`
WIDTH, HEIGHT = 1120, 1240
_SETTLE_SECONDS = 60
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_CHROMIUM_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-device-scale-factor=1.5",
    "--virtual-time-budget=90000",  # milliseconds for the page to load and draw
)


class DemoUnavailable(Exception):
    """The demo lacks something on this machine; the message says what to install."""


@asynccontextmanager
async def open_demo(folder: Path, console: Console, scene: Scene = Scene.DIGEST) -> AsyncIterator[DemoServer]:
    """A demo server after `scene`, with its database in `folder` and the sample in its archive."""
    lists = load_sample_lists()
    clock = _DemoClock()
    async with (
        PapersServer(lists, load_unlisted_entries()).serve() as papers_url,
        PapersAPI(papers_url) as api,
        open_services(folder / "paperboy.db", api, clock=clock) as services,
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


class _DemoClock:
    """The time of the simulated Discord; before that is started, `MORNING`."""

    env: simcord.Env | None = None

    def __call__(self) -> datetime:
        return self.env.now() if self.env else MORNING


async def show_demo(screenshot: Path | None, scene: Scene) -> None:
    """Show the demo in a browser until Ctrl-C, or save one picture of it as `screenshot`."""
    console = Console(highlight=False, soft_wrap=True)
    logging.getLogger("discord").setLevel(logging.WARNING)
    with TemporaryDirectory(prefix="paperboy-demo-") as folder:
        async with open_demo(Path(folder), console, scene) as demo:
            preview = demo.env.preview(
                demo.shown,
                viewers=[demo.admin, demo.reader],
                layout="channel",
                width=WIDTH,
                height=HEIGHT,
                timezone="Europe/Berlin",
                assets=load_pictures(await _find_pictures(demo)),
            )
            async with preview:
                if screenshot:
                    await _take_screenshot(preview.url, screenshot)
                    console.print(f"Wrote {screenshot}")
                else:
                    console.print(f"\nOpen  {preview.url}\n")
                    console.print("Type /paper search, /paper show 1706.03762 or /digest setup. Ctrl-C ends the demo.")
                    await _run_until_closed(demo, preview)
    console.print("The demo has ended and left nothing behind.")


async def _find_pictures(demo: DemoServer) -> set[str]:
    """The addresses of the pictures that messages about the sample's papers may show."""
    papers, _ = await demo.bot.services.storage.papers.list_top_papers(date.min, date.max, limit=1000)
    return {item.media.url for paper in papers for item in build_paper_picture(paper).items}


async def _run_until_closed(demo: DemoServer, preview: simcord.Preview) -> None:
    """Keep the simulated time running, until Ctrl-C or the page's own end button."""
    ended = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    closing = asyncio.create_task(preview.wait_closed())
    closing.add_done_callback(lambda _: ended.set())
    offset = datetime.now(UTC) - demo.env.now()
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), MINUTE)
        with suppress(simcord.SetupError):  # someone is clicking; the next minute catches up
            await demo.env.advance_time((datetime.now(UTC) - offset - demo.env.now()).total_seconds())
            await demo.post_due()
            await preview.refresh()
    closing.cancel()


async def _take_screenshot(url: str, path: Path) -> None:
    """Save a picture of the page with an installed Chromium. Raises `DemoUnavailable`."""
    program = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if program is None:
        names = ", ".join(_CHROMIUMS)
        raise DemoUnavailable(f"A screenshot needs Chromium. Install it, so that one of these can be found: {names}.")
    with TemporaryDirectory(prefix="paperboy-chromium-") as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *_CHROMIUM_OPTIONS,
            f"--user-data-dir={profile}",
            f"--window-size={WIDTH},{HEIGHT}",
            f"--screenshot={path}",
            url,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await process.wait()
    if process.returncode or not await asyncio.to_thread(path.exists):
        raise DemoUnavailable(f"Chromium did not write a screenshot to {path}.")
