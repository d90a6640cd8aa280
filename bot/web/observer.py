"""Looks at the running bot: whether it is ready, and the readings that `/metrics` shows."""

import asyncio
import math
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bot.client import PaperBot
from bot.health import Health, HealthProblem, ProblemKind
from bot.storage import Backlog
from bot.vitals import Fault

FRESH_FOR = 1.0  # seconds; whoever asks again within them gets the same answer, so that asking costs next to nothing
READ_LIMIT = 3.0  # seconds that a read may take before the database counts as silent
WRITE_LIMIT = 30.0
LAG_LIMIT = 5.0  # of the event loop; Discord waits three seconds for an answer
TICK_LIMIT = 180.0  # seconds without a good tick, of which there is one each minute


class Observer:
    """Observes `bot`, at most once a second and only once at a time, however many ask."""

    def __init__(self, bot: PaperBot) -> None:
        self._bot = bot
        self._services = bot.services
        self._loop = asyncio.get_running_loop()
        self._observing: asyncio.Task[Health] | None = None
        self._observed_at = -math.inf
        self._sessions: set[int] = set()  # shards whose session Discord has begun or resumed
        bot.add_listener(self._note_session, "on_shard_connect")
        bot.add_listener(self._note_session, "on_shard_resumed")
        bot.add_listener(self._note_lost_session, "on_shard_disconnect")

    async def _note_session(self, shard_id: int) -> None:
        self._sessions.add(shard_id)

    async def _note_lost_session(self, shard_id: int) -> None:
        self._sessions.discard(shard_id)

    async def observe(self) -> Health:
        is_fresh = self._loop.time() - self._observed_at < FRESH_FOR
        if self._observing is None or (self._observing.done() and not is_fresh):
            self._observing = self._loop.create_task(self._observe())
        return await asyncio.shield(self._observing)

    async def _observe(self) -> Health:
        try:
            backlog, sizes = await asyncio.gather(self._read_backlog(), self._measure())
            problems = tuple(self._find_problems(is_silent=backlog is None))
            readings: dict[str, float | dict[str, float]] = {"paperboy_ready": 0.0 if problems else 1.0}
            readings |= {**dict(self._read_memory()), **sizes, "paperboy_fault": self._read_faults()}
            if backlog:
                readings |= self._read_backlog_readings(backlog)
            return Health(problems, readings)
        finally:
            self._observed_at = self._loop.time()

    async def _read_backlog(self) -> Backlog | None:
        """What waits in the database; None if it does not answer in time, or not at all."""
        if self._bot.is_closed():
            return None
        try:
            async with asyncio.timeout(READ_LIMIT):
                return await self._services.storage.backlog.read(self._services.share, self._services.clock())
        except Exception:  # noqa: BLE001  # whatever it is, it is told, and who runs into it logs it
            return None

    async def _measure(self) -> dict[str, float]:
        """The sizes and the free room; what cannot be measured is left out."""
        database, index = self._services.storage.database, self._services.search.path
        file = database.address if isinstance(database.address, Path) else None
        sizes = await asyncio.to_thread(_measure_files, file, index)
        with suppress(Exception):  # whoever runs into it logs it
            async with asyncio.timeout(READ_LIMIT):
                sizes["paperboy_database_bytes"] = await database.measure()
        return sizes

    def _find_problems(self, *, is_silent: bool) -> Iterator[HealthProblem]:
        """What keeps the bot from its work, the worst first."""
        if self._bot.is_closed() or self._services.vitals.is_stopping:
            yield HealthProblem(ProblemKind.STOPPING)
            return
        if late := self.find_late_loop():
            yield late
        yield from self._find_database_problems(is_silent=is_silent)
        connected, shards = self._count_shards()
        if not self._bot.is_ready() and self._services.vitals.last_good_tick is None:
            yield HealthProblem(ProblemKind.STARTING)
        elif connected < shards:
            yield HealthProblem(ProblemKind.GATEWAY_CLOSED, (connected, shards))
        since_tick = self._count_seconds_since_good_tick()
        if since_tick > TICK_LIMIT:
            yield HealthProblem(ProblemKind.NO_GOOD_TICK, (since_tick,))

    def _find_database_problems(self, *, is_silent: bool) -> Iterator[HealthProblem]:
        database = self._services.storage.database
        if database.is_away:
            yield HealthProblem(ProblemKind.DATABASE_AWAY)
        elif is_silent:
            yield HealthProblem(ProblemKind.DATABASE_SILENT, (READ_LIMIT,))
        if database.write_seconds > WRITE_LIMIT:
            yield HealthProblem(ProblemKind.DATABASE_LOCKED, (database.write_seconds,))
        if database.is_full:
            yield HealthProblem(ProblemKind.DISK_FULL)

    def find_late_loop(self) -> HealthProblem | None:
        lag = self._services.vitals.last_lag
        return HealthProblem(ProblemKind.LOOP_LATE, (lag,)) if lag > LAG_LIMIT else None

    def _count_shards(self) -> tuple[int, int]:
        """How many connections to the gateway have a session, and how many there should be."""
        shards = self._bot.shards
        connected = sum(1 for each in shards.values() if each.id in self._sessions and not each.is_closed())
        return connected, max(len(shards), len(self._bot.shard_ids or ()) or self._bot.shard_count or 1)

    def _count_seconds_since_good_tick(self) -> float:
        vitals = self._services.vitals
        return vitals.count_seconds_since(vitals.last_good_tick or vitals.started_at)

    def _read_faults(self) -> dict[str, float]:
        found = self._services.vitals.faults
        return {fault: 1.0 if found.get(fault) else 0.0 for fault in Fault}

    def _read_memory(self) -> Iterator[tuple[str, float]]:
        """The readings that are in memory."""
        bot, vitals, database = self._bot, self._services.vitals, self._services.storage.database
        connected, shards = self._count_shards()
        latencies = [latency for _, latency in bot.latencies if math.isfinite(latency)]
        yield "paperboy_uptime_seconds", vitals.count_seconds_since(vitals.started_at)
        yield "paperboy_loop_lag_seconds", vitals.loop_lag
        yield "paperboy_seconds_since_good_tick", self._count_seconds_since_good_tick()
        if discord_now := bot.discord_clock.now():
            yield "paperboy_clock_offset_seconds", (self._services.clock() - discord_now).total_seconds()
        if made_at := self._services.backups.last_made_at:
            yield "paperboy_last_backup_timestamp_seconds", made_at.timestamp()
        yield "paperboy_shards", shards
        yield "paperboy_shards_in_all", bot.shard_count or shards
        yield "paperboy_shards_connected", connected
        if latencies:
            yield "paperboy_gateway_latency_seconds", max(latencies)
        yield "paperboy_servers", len(bot.guilds)
        yield "paperboy_servers_unavailable", sum(1 for each in bot.guilds if each.unavailable)
        yield "paperboy_deliveries_running", bot.dispatcher.count_running()
        yield "paperboy_database_writes_waiting", database.count_waiting_writes()
        yield "paperboy_database_write_seconds", database.write_seconds
        papers, meaning = self._services.search.count_papers(), self._services.search.meaning
        yield "paperboy_index_papers", papers
        yield "paperboy_papers_without_vector", 0 if meaning is None else max(0, papers - len(meaning))

    def _read_backlog_readings(self, backlog: Backlog) -> dict[str, float]:
        now, behind = self._services.clock(), backlog.last_change - self._services.search.change
        oldest = (now - backlog.oldest_due).total_seconds() if backlog.oldest_due else 0
        readings = {
            "paperboy_deliveries_under_way": backlog.under_way,
            "paperboy_runs_due": backlog.due,
            "paperboy_oldest_due_run_seconds": max(oldest, 0),
            "paperboy_subscriptions_suspended": backlog.suspended,
            "paperboy_index_behind_changes": max(behind, 0),
            "paperboy_captured_lists": backlog.captured_days,
        }
        if backlog.last_capture:
            readings["paperboy_last_capture_timestamp_seconds"] = backlog.last_capture.timestamp()
        return readings


def _measure_files(database: Path | None, index: Path) -> dict[str, float]:
    """What is on this machine, which may be the index alone. Blocks: call it in a thread."""
    sizes: dict[str, float] = {}
    if database:
        sizes["paperboy_database_wal_bytes"] = _measure(database.with_name(f"{database.name}-wal"))
    with suppress(OSError):
        sizes["paperboy_index_bytes"] = sum(_measure(each) for each in index.iterdir())
    with suppress(OSError):
        sizes["paperboy_disk_free_bytes"] = shutil.disk_usage((database or index).parent).free
    return sizes


def _measure(file: Path) -> float:
    try:
        return file.stat().st_size
    except OSError:  # it was deleted meanwhile, as segments of the index are
        return 0
