"""What the checks look at: the settings, and what several of them need, which is read once."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import discord

from bot.channels.discord_clock import report_discord_time
from bot.channels.requests import REQUEST_ERRORS, classify_error, wait_for_answer
from bot.clock import Clock, system_clock
from bot.database_address import DatabaseAddress, PostgresAddress
from bot.database_lock import is_seen_running
from bot.env_file import EnvFileUnusable
from bot.identity import log_in
from bot.reasons import Reason
from bot.settings import ArchiveSettings, BotSettings, InvalidSettings, read_settings
from bot.share import WHOLE
from bot.storage import DatabaseUnusable
from bot.storage.examination import Contents, examine_schema, is_claimed, read_contents
from bot.storage.sqlite import get_current_schema

Answer = TypeVar("Answer")
LOGIN_LIMIT = 30  # seconds, in which discord.py also tries again
REQUEST_LIMIT = 15  # seconds
CLOSE_LIMIT = 5  # seconds
SHORTEST_SECRET = 6  # letters; shorter ones would be found in any text
LATE = timedelta(minutes=15)  # after which a run counts as overdue


class CannotCheck(Exception):
    """A check cannot do its work, for the reason that the check `needed` tells."""

    def __init__(self, needed: str) -> None:
        super().__init__(needed)
        self.needed = needed


SettingsProblem = InvalidSettings | EnvFileUnusable


def read_what_is_readable() -> tuple[ArchiveSettings | None, SettingsProblem | None]:
    """The settings of the bot, or else those of its archive, or None; and what is wrong with the others."""
    try:
        return read_settings(BotSettings), None
    except (InvalidSettings, EnvFileUnusable) as error:
        problem = error
    try:
        return read_settings(ArchiveSettings), problem
    except (InvalidSettings, EnvFileUnusable):
        return None, problem


class NoAnswer(Exception):
    """Discord did not answer a request of a check, for a `reason`."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Case:
    """A set-up to examine; use it as an async context manager. It changes nothing.

    `settings` are those of the bot, or of its archive where only these can be read, or None.
    """

    def __init__(
        self,
        settings: ArchiveSettings | None,
        problem: SettingsProblem | None = None,
        *,
        clock: Clock = system_clock,
        report_progress: Callable[[int, int], object] = lambda *_: None,
    ) -> None:
        """`problem` says what is wrong with the settings; `report_progress` hears how many channels were asked."""
        self._settings = settings
        self.settings_problem = problem
        self.clock = clock
        self.report_progress = report_progress
        self.discord_offset: timedelta | None = None  # of our clock, ahead of Discord's
        self._login: asyncio.Task[discord.Client] | None = None
        self._contents: asyncio.Task[Contents] | None = None

    async def __aenter__(self) -> Self:
        self._stack = AsyncExitStack()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in (self._login, self._contents):
            if task:
                task.cancel()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT):
                await self._stack.aclose()

    @property
    def settings(self) -> ArchiveSettings:
        if self._settings is None:
            raise CannotCheck("settings")
        return self._settings

    @property
    def bot_settings(self) -> BotSettings:
        """The settings of the bot itself, which need a token."""
        if not isinstance(self._settings, BotSettings):
            raise CannotCheck("settings")
        return self._settings

    async def is_running(self) -> bool:
        """Whether the bot is seen running: on this machine, or with its shards in PostgreSQL on any."""
        database, share = self.settings.database, self.settings.shards
        if isinstance(database, Path):
            return is_seen_running(database)
        try:
            return await run_in_thread(lambda: is_claimed(database, () if share == WHOLE else share.shards))
        except DatabaseUnusable:
            return False

    async def log_in(self) -> discord.Client:
        """A client that is logged in to Discord, and not connected. Raises as discord.py does, and `TimeoutError`."""
        token = self.bot_settings.discord_token.get_secret_value()
        self._login = self._login or asyncio.create_task(self._log_in(token))
        return await wait_for_answer(self._login, LOGIN_LIMIT)

    async def get_client(self) -> discord.Client:
        """The same, for checks that leave it to another one to tell why there is none."""
        try:
            return await self.log_in()
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise CannotCheck("discord") from error

    async def ask(self, request: Coroutine[Any, Any, Answer]) -> Answer:
        """The answer to a request that a check makes of Discord. Raises `NoAnswer`."""
        try:
            return await wait_for_answer(request, REQUEST_LIMIT)
        except REQUEST_ERRORS as error:
            raise NoAnswer(classify_error(error).reason) from error

    async def _log_in(self, token: str) -> discord.Client:
        trace = aiohttp.TraceConfig()
        report_discord_time(trace, self._note_discord_time)
        return await self._stack.enter_async_context(log_in(token, self.settings.proxy, trace))

    def _note_discord_time(self, discord_time: datetime) -> None:
        self.discord_offset = self.clock() - discord_time

    async def read_contents(self) -> Contents:
        """What is in the database. Raises `DatabaseUnusable`, any `OSError`, and `CannotCheck` for an older schema."""
        self._contents = self._contents or asyncio.create_task(self._read_contents(self.settings.database))
        return await asyncio.shield(self._contents)

    async def get_contents(self) -> Contents:
        """The same, for checks that leave it to another one to tell why there is none."""
        try:
            return await self.read_contents()
        except (DatabaseUnusable, OSError) as error:
            raise CannotCheck("database") from error

    async def _read_contents(self, path: DatabaseAddress) -> Contents:
        if await run_in_thread(lambda: examine_schema(path)) != get_current_schema():
            raise CannotCheck("database")
        blocked = (list(self.blocked_servers), list(self.blocked_people))
        return await run_in_thread(lambda: read_contents(path, self.clock(), LATE, blocked))

    def list_secrets(self) -> list[str]:
        """The texts that must not be shown, whatever an error says."""
        settings, secrets = self._settings, []
        if settings and settings.hf_token:
            secrets.append(settings.hf_token.get_secret_value())
        if settings and (proxy := settings.proxy_url):
            secrets += [str(proxy), proxy.password or ""]
        if isinstance(settings, BotSettings):
            secrets.append(settings.discord_token.get_secret_value())
            if url := settings.heartbeat_url:
                secrets += [str(url), str(url).removesuffix("/"), (url.path or "").strip("/"), url.query or ""]
        if settings and isinstance(settings.database, PostgresAddress):
            secrets += settings.database.list_secrets()
        return [each for each in secrets if len(each) >= SHORTEST_SECRET]

    @property
    def blocked_servers(self) -> frozenset[int]:
        return self._settings.blocked_servers if isinstance(self._settings, BotSettings) else frozenset()

    @property
    def blocked_people(self) -> frozenset[int]:
        return self._settings.blocked_people if isinstance(self._settings, BotSettings) else frozenset()


async def run_in_thread(work: Callable[[], Answer]) -> Answer:
    """What `work` returns. A disk that never answers keeps its thread, but not the program from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Answer] = loop.create_future()

    def run() -> None:
        answer: Any = None
        problem: BaseException | None = None
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001  # the caller gets it
            problem = error
        with suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(finish, answer, problem)

    def finish(answer: Any, problem: BaseException | None) -> None:
        if done.done():  # nobody waits any more
            return
        if problem:
            done.set_exception(problem)
        else:
            done.set_result(answer)

    threading.Thread(target=run, daemon=True, name="doctor").start()
    return await done
