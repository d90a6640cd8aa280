"""The stage: a simulated server whose admin sets Paperboy up, on the morning the sample knows."""

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
from bot.digest import list_days
from bot.layouts.paper import build_picture
from bot.papers.api import PapersAPI

MORNING = datetime(2026, 5, 29, 6, 59, tzinfo=UTC)  # a Friday; Thursday's list has closed
EARLIER = {Scene.RECAP: timedelta(days=7)}  # a week with its digests
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
    "--virtual-time-budget=25000",  # ms the page has to load and draw
)


class DemoUnavailable(Exception):
    """The demo lacks something on this machine; the message says what to install."""


@asynccontextmanager
async def open_demo(folder: Path, say: Console, scene: Scene = Scene.DIGEST) -> AsyncIterator[DemoServer]:
    """The stage over a database and an index in `folder`, with the sample read into its archive."""
    lists = load_sample_lists()
    clock = _DemoClock()
    async with (
        PapersServer(lists, load_unlisted_entries()).serve() as papers_url,
        PapersAPI(papers_url) as api,
        open_services(folder / "paperboy.db", api, clock=clock) as services,
    ):
        say.print(f"Reading {len(lists)} sample days from a papers API on {papers_url} …")
        for day in list_days(min(lists), max(lists)):
            await services.archive.refresh_day(day, MORNING)
        await services.archive.update_index()
        say.print("Starting the bot in a simulated Discord …")
        bot = PaperBot(services, shard_count=1)
        async with simcord.run(bot, check_errors=False, settle_timeout=_SETTLE_SECONDS) as env:
            clock.env = env
            await env.advance_time((MORNING - EARLIER.get(scene, timedelta()) - env.now()).total_seconds())
            stage = DemoServer(env, bot)
            await stage.play_scene(scene)
            yield stage


class _DemoClock:
    """The simulated Discord's time, once there is one."""

    env: simcord.Env | None = None

    def __call__(self) -> datetime:
        return self.env.now() if self.env else MORNING


async def show_demo(screenshot: Path | None, scene: Scene) -> None:
    """Show the demo in a browser until Ctrl-C, or take one picture of it into `screenshot`."""
    say = Console(highlight=False, soft_wrap=True)
    logging.getLogger("discord").setLevel(logging.WARNING)
    with TemporaryDirectory(prefix="paperboy-demo-") as folder:
        async with open_demo(Path(folder), say, scene) as stage:
            preview = stage.env.preview(
                stage.shown,
                viewers=[stage.admin, stage.reader],
                layout="channel",
                width=WIDTH,
                height=HEIGHT,
                timezone="Europe/Berlin",
                assets=load_pictures(await _find_pictures(stage)),
            )
            async with preview:
                if screenshot:
                    await _take_screenshot(preview.url, screenshot)
                    say.print(f"Wrote {screenshot}")
                else:
                    say.print(f"\nOpen  {preview.url}\n")
                    say.print("Type /paper search, /paper show 1706.03762 or /digest setup. Ctrl-C ends the demo.")
                    await _run_until_closed(stage, preview)
    say.print("The demo has ended and left nothing behind.")


async def _find_pictures(stage: DemoServer) -> set[str]:
    """The pictures that messages of the sample's papers may show."""
    papers, _ = await stage.bot.services.storage.papers.list_top(date.min, date.max, limit=1000)
    return {item.media.url for paper in papers for item in build_picture(paper).items}


async def _run_until_closed(stage: DemoServer, preview: simcord.Preview) -> None:
    """Let the simulated time run with the real one until Ctrl-C or the page's own end button."""
    ended = asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, ended.set)
    closing = asyncio.create_task(preview.wait_closed())
    closing.add_done_callback(lambda _: ended.set())
    behind = datetime.now(UTC) - stage.env.now()
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), MINUTE)
        with suppress(simcord.SetupError):  # somebody is clicking: the next minute catches up
            await stage.env.advance_time((datetime.now(UTC) - behind - stage.env.now()).total_seconds())
            await stage.post_due()
            await preview.refresh()
    closing.cancel()


async def _take_screenshot(url: str, path: Path) -> None:
    """Have an installed Chromium take the page's picture."""
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
