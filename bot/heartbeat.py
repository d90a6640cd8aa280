"""The heartbeat: requests an address after each good tick. A monitoring service alerts when it is not requested."""

import logging
from collections.abc import Awaitable, Callable

import aiohttp

log = logging.getLogger(__name__)

TIMEOUT = 10  # seconds
_FAILED = 400  # the first HTTP status that says so


class Heartbeat:
    """Requests `url`, which is a secret: whoever knows it could pretend that all is well. No log names it.

    Without one, there is no heartbeat. `report` hears after each request whether it failed.
    """

    def __init__(self, url: str | None, report: Callable[[bool], None], *, proxy: str | None = None) -> None:
        self._url = url
        self._report = report
        self._proxy = proxy
        self._is_failing = False

    async def beat_forever(self, wait_for_good_tick: Callable[[], Awaitable[None]]) -> None:
        """Request the address after each good tick. A request that takes long leaves out the ticks meanwhile."""
        if self._url is None:
            return
        timeout = aiohttp.ClientTimeout(total=TIMEOUT)
        async with aiohttp.ClientSession(timeout=timeout, proxy=self._proxy) as session:
            while True:
                await wait_for_good_tick()
                problem = await _request(session, self._url)
                self._log_change(problem)
                self._report(bool(problem))

    def _log_change(self, problem: str) -> None:
        if problem and not self._is_failing:
            log.warning("the heartbeat does not arrive (%s): whoever waits for it may take the bot for dead", problem)
        if self._is_failing and not problem:
            log.warning("the heartbeat arrives again")
        self._is_failing = bool(problem)


async def _request(session: aiohttp.ClientSession, url: str) -> str:
    """Returns what went wrong, without the address, or nothing."""
    try:
        async with session.get(url) as response:
            return f"HTTP status {response.status}" if response.status >= _FAILED else ""
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        return type(error).__name__
