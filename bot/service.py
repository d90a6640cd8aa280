"""The running bot: services, client and timers, from the start until it is told to stop."""

import asyncio
import gc
import logging
import signal
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

from bot.about import read_links
from bot.app import find_index_folder, find_model_folder, open_papers_api, open_services, wait_for_database
from bot.blocking import Blocklist
from bot.claims import Claims, SoleClaims
from bot.client import PaperBot, connect_to_discord_at
from bot.clock import system_clock
from bot.clock_watch import ClockWatch
from bot.database_lock import check_not_running
from bot.heartbeat import Heartbeat
from bot.layouts.operator import LOGGING_IN, RUNNING, STOPPING, describe_standby
from bot.models.files import Hub
from bot.models.loading import ModelChoice, load_models
from bot.owner_notices import OwnerNotices
from bot.search import load_encoder
from bot.settings import BotSettings
from bot.storage import ClaimLost, DatabaseAway, DiskFull, explaining_missing_driver
from bot.systemd import ServiceManager, open_service_manager
from bot.vitals import Fault, Vitals
from bot.watchdog import TICK_LIMIT, Watchdog
from bot.web.pages import Pages, open_pages

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class _StoppedWaiting(Exception):
    """The bot was told to stop before it had its shards."""


async def run_service(settings: BotSettings) -> None:
    """Run the bot until it is told to stop, or cannot go on. Raises what ends it."""
    with suppress(_StoppedWaiting):
        await _run_service(settings)


async def _run_service(settings: BotSettings) -> None:
    if isinstance(settings.database, Path):
        check_not_running(settings.database)  # before its port is in the way
    connect_to_discord_at(*settings.discord_urls)
    urls = (settings.docs_url, settings.source_url, settings.privacy_url)
    blocked = Blocklist(settings.blocked_servers, settings.blocked_people)
    links = read_links(*(str(each) if each else None for each in urls))
    async with (
        open_pages(settings.http_host, settings.http_port) as pages,
        _watch_for_hangs() as vitals,
        open_service_manager(lambda: vitals.seconds_without_tick < TICK_LIMIT) as manager,
        _claim_share(settings, pages, manager) as claims,
        open_papers_api(settings) as api,
        open_services(
            settings.database,
            api,
            index=find_index_folder(settings),
            backup_folder=settings.backup_folder,
            keep_backups=settings.backups,
            backfill_days=settings.backfill_days,
            keep_details_days=settings.keep_details_days,
            encoder=await asyncio.to_thread(load_encoder),
            vitals=vitals,
            claims=claims,
        ) as services,
        PaperBot(
            services,
            links=links,
            gives_brand=settings.brand,
            proxy=settings.proxy,
            feeds=settings.feed_addresses,
            blocked=blocked,
            requests_per_second=settings.requests_per_second,
        ) as bot,
    ):
        pages.show(bot)
        with suppress(DiskFull, DatabaseAway):  # nothing is sent either until there is room
            await services.storage.restored.mark_if_old(services.share, services.clock())
        gc.freeze()  # what stays until the end need not be visited again, which stops everything for 50 ms
        await _run_until_stopped(bot, settings, manager)


@asynccontextmanager
async def _claim_share(settings: BotSettings, pages: Pages, manager: ServiceManager) -> AsyncIterator[Claims]:
    """The claims of this process, as soon as there is a database, and no other process has a shard of its share.

    Raises `_StoppedWaiting`.
    """
    database = settings.database
    if isinstance(database, Path):
        yield SoleClaims()
        return
    with explaining_missing_driver(database):
        from bot.storage.postgres.claims import open_claims  # noqa: PLC0415  # it needs an extra that few have

    def tell_waiting(shard: int) -> None:
        log.warning("%s", describe_standby(shard))
        pages.show_standby(shard)
        manager.tell_ready(describe_standby(shard))  # whoever waits for the start need not wait for the shards too

    async def open_when_reached() -> Claims:
        await wait_for_database(database, manager.tell_status)
        return await opening.__aenter__()

    opening = open_claims(database, settings.shards, system_clock, tell_waiting)
    claims = await _unless_stopped(open_when_reached())
    async with AsyncExitStack() as stack:
        stack.push_async_exit(opening)
        pages.show_standby(None)
        yield claims


async def _unless_stopped(waiting: Coroutine[Any, Any, Answer]) -> Answer:
    """What is waited for. Raises `_StoppedWaiting` if the bot is told to stop before."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(waiting)
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        if task.cancelled():
            raise _StoppedWaiting from None
        task.cancel()
        raise
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


async def _run_until_stopped(bot: PaperBot, settings: BotSettings, manager: ServiceManager) -> None:
    """Stay connected until the bot is told to stop, or cannot go on; then let what is under way end."""
    services, vitals = bot.services, bot.services.vitals
    stopped = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopped.set)
    services.archive.awaits_encoder = settings.encoder is not None
    connection = asyncio.create_task(_connect(bot, settings, manager))
    services.scheduler.start()
    owner_notices = OwnerNotices(bot, are_wanted=settings.tell_owner)
    beside = [
        asyncio.create_task(ClockWatch(services.scheduler).watch_forever()),
        asyncio.create_task(owner_notices.watch_forever()),
        asyncio.create_task(load_models(_read_model_choice(settings), services.archive, services.search)),
        asyncio.create_task(_build_heartbeat(settings, vitals).beat_forever(vitals.wait_for_good_tick)),
    ]
    stop = asyncio.create_task(stopped.wait())
    damaged = asyncio.create_task(services.storage.database.wait_for_damage())
    lost = asyncio.create_task(services.claims.wait_for_loss())
    await asyncio.wait({connection, stop, damaged, lost}, return_when=asyncio.FIRST_COMPLETED)
    vitals.begin_stop()
    manager.tell_stopping(STOPPING)
    for task in (*beside, stop, damaged, lost):
        task.cancel()
    if services.claims.is_lost:
        await bot.hang_up()  # another process may be answering people by now
    if services.storage.database.is_damaged:
        await owner_notices.tell_at_once(Fault.DATABASE_DAMAGED)
    services.scheduler.pause()  # no more ticks; closing the bot waits for the deliveries under way
    connection.cancel()  # else it would wait for a Discord that does not answer; if it has failed, nothing changes
    await bot.close()
    services.scheduler.shutdown(wait=False)
    with suppress(asyncio.CancelledError):
        await connection
    services.storage.database.raise_if_damaged()
    if services.claims.is_lost:
        raise ClaimLost


def _read_model_choice(settings: BotSettings) -> ModelChoice:
    token = settings.hf_token.get_secret_value() if settings.hf_token else None
    hub = Hub(str(settings.papers_url), settings.proxy, token)
    return ModelChoice(settings.encoder, settings.reranker, find_model_folder(settings), hub)


def _build_heartbeat(settings: BotSettings, vitals: Vitals) -> Heartbeat:
    url = str(settings.heartbeat_url) if settings.heartbeat_url else None
    return Heartbeat(url, lambda is_lost: vitals.report(Fault.HEARTBEAT_LOST, is_present=is_lost), proxy=settings.proxy)


async def _connect(bot: PaperBot, settings: BotSettings, manager: ServiceManager) -> None:
    """Log in and stay connected. Discord knows the token once the login is over, so the start has succeeded."""
    manager.tell_status(LOGGING_IN)
    await bot.login(settings.discord_token.get_secret_value())
    manager.tell_ready(RUNNING)
    await bot.connect()


@asynccontextmanager
async def _watch_for_hangs() -> AsyncIterator[Vitals]:
    """The signs of life of this process, which ends itself if they stop."""
    vitals = Vitals()
    pulse = asyncio.create_task(vitals.watch_loop())
    try:
        with Watchdog(vitals, asyncio.get_running_loop()):
            yield vitals
    finally:
        pulse.cancel()
