"""Fetch: the papers API over HTTP.

PapersUnavailable       whatever goes wrong between us and the papers API
 └─ _Passing            worth another try; knows how long the API asked us to wait
"""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import aiohttp
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

from bot.papers import Paper
from bot.papers.entry import read_entry

log = logging.getLogger(__name__)

PAGE_SIZE = 100  # the API's maximum; its default of 50 has cut real days short
MAX_PAGES = 20
MAX_BODY_BYTES = 16 * 1024 * 1024  # a page of a hundred papers is about half a megabyte
MAX_WAIT_SECONDS = 330  # a rate-limit window is 300 s
PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
USER_AGENT = f"paperboy/{version('paperboy')} (Discord bot for Daily Papers)"

_RATE_LIMIT = re.compile(r"r=(?P<left>[0-9]{1,9})\s*;\s*t=(?P<seconds>[0-9]{1,9})\b")


class PapersUnavailable(Exception):
    """The papers API could not be read; the message says why, `__cause__` holds the error."""


class _Passing(PapersUnavailable):
    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class PapersAPI:
    """The papers API at `base_url`, polite and patient; use it as an async context manager.

    `token` raises the quota; `backoff` is the wait (s) between tries where the API names none.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        tries: int = 5,
        timeout_seconds: float = 30,
        backoff: wait_base | None = None,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/api/daily_papers"
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._backoff = backoff or wait_exponential_jitter(initial=1, max=60)
        self._tries = tries
        self._resume_at = 0.0  # loop time before which the quota is known to be used up

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def daily(self, day: date) -> tuple[Paper, ...]:
        """The papers on the list of `day` (UTC), each once, as they are now; empty on most weekends.

        An entry that cannot be read is left out and counted in a warning. Raises `PapersUnavailable`.
        """
        papers: dict[str, Paper] = {}
        skipped = 0
        for page in range(MAX_PAGES):
            entries, more = await self._page(day, page)
            readable = _readable(entries, day)
            skipped += len(entries) - len(readable)
            papers |= {paper.id: paper for paper in readable}  # a vote between two pages may show a paper twice
            if not more:
                break
        if skipped:
            log.warning("%s: skipped %d entries that could not be read", day, skipped)
        return tuple(papers.values())

    async def _page(self, day: date, page: int) -> tuple[list[Any], bool]:
        """One page of entries, and whether another follows."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_Passing),
            wait=self._wait,
            stop=stop_after_attempt(self._tries),
            reraise=True,
        )
        params = {"date": day.isoformat(), "limit": str(PAGE_SIZE), "p": str(page)}
        answer: tuple[bytes, bool] = await retrying(self._get, params)
        body, linked = answer
        try:
            entries = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise PapersUnavailable(f"the list of {day} is not JSON") from error
        if not isinstance(entries, list):
            raise PapersUnavailable(f"the list of {day} is not a list")
        return entries, bool(entries) and (linked or len(entries) >= PAGE_SIZE)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _Passing) else None
        return self._backoff(state) if asked is None else min(asked, MAX_WAIT_SECONDS)

    async def _get(self, params: dict[str, str]) -> tuple[bytes, bool]:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(min(self._resume_at - loop.time(), MAX_WAIT_SECONDS))
        try:
            async with self._session.get(self._url, params=params) as response:
                left, wait = _quota(response.headers)
                if left == 0:
                    self._resume_at = loop.time() + wait
                _raise_for_status(response, None if left is None else wait)
                return await _bounded_body(response), _links_to_next(response)
        except (aiohttp.ClientError, OSError) as error:
            raise _Passing(f"the papers API did not answer ({type(error).__name__})") from error


def _readable(entries: list[Any], day: date) -> list[Paper]:
    papers = []
    for entry in entries:
        with suppress(ValueError):
            papers.append(read_entry(entry, day))
    return papers


def _quota(headers: Mapping[str, str]) -> tuple[int | None, int]:
    """Requests left and seconds until the next window is surely open, from `RateLimit: "api";r=499;t=120`."""
    found = _RATE_LIMIT.search(headers.get("RateLimit", ""))
    return (int(found["left"]), int(found["seconds"]) + 1) if found else (None, 0)


def _raise_for_status(response: aiohttp.ClientResponse, next_window: int | None) -> None:
    if response.status == 200:  # noqa: PLR2004
        return
    message = f"the papers API answered {response.status}"
    if response.status not in PASSING_STATUSES:
        raise PapersUnavailable(message)
    after = response.headers.get("Retry-After", "")
    if after.isdecimal():
        raise _Passing(message, float(after))
    # The CDN's own 429 carries neither header; then backoff decides.
    raise _Passing(message, next_window if response.status == 429 else None)  # noqa: PLR2004


def _links_to_next(response: aiohttp.ClientResponse) -> bool:
    try:
        return "next" in response.links
    except ValueError:  # a link nobody can read leads nowhere
        return False


async def _bounded_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise PapersUnavailable(f"the papers API sent more than {MAX_BODY_BYTES} bytes")
    return bytes(body)
