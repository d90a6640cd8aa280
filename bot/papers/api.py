"""The papers API over HTTP.

PapersUnavailable       anything that goes wrong between us and the papers API
 ├─ _PaperNotFound      404: the API has no such paper
 └─ _RetryableError     worth another try; knows how long the API asked us to wait
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

from bot import metrics
from bot.papers import ARXIV_ID, DailyList, Paper
from bot.papers.entry import is_entry_misdated, read_entry_id, read_list_entry, read_single_paper
from bot.reasons import Reason, ReasonKind

log = logging.getLogger(__name__)

PAGE_SIZE = 100  # the API's maximum; its default of 50 has cut real days short
MAX_PAGES = 20
MAX_QUERY, MAX_FOUND = 250, 120  # the API's limits: characters of a query, papers in an answer
RESERVED_REQUESTS = 100  # of the quota, which is 500 in five minutes; kept for reading daily lists
MAX_BODY_BYTES = 16 * 1024 * 1024  # a page of a hundred papers is about half a megabyte
MAX_WAIT_SECONDS = 330  # a rate-limit window is 300 s
RETRYABLE_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
USER_AGENT = f"paperboy/{version('paperboy')} (Discord bot for Daily Papers)"

_RATE_LIMIT = re.compile(r"r=(?P<remaining>[0-9]{1,9})\s*;\s*t=(?P<seconds>[0-9]{1,9})\b")


class PapersUnavailable(Exception):
    """Papers can't be read now, for a `reason`; the `detail` is for the log, and `__cause__` is the error."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason} ({detail})" if detail else str(reason))
        self.reason = reason


class _PaperNotFound(PapersUnavailable):
    pass


class _RetryableError(PapersUnavailable):
    def __init__(self, reason: Reason, detail: str = "", *, wait: float | None = None) -> None:
        super().__init__(reason, detail)
        self.wait = wait


class PapersAPI:
    """The papers API at `base_url`. It retries, and respects the quota; use it as an async context manager.

    `token` raises the quota; `backoff` is the wait (seconds) between tries if the API does not say how long to wait.
    """

    def __init__(
        self,
        base_url: str,
        token: str | None = None,
        *,
        proxy: str | None = None,
        tries: int = 5,
        timeout_seconds: float = 30,
        backoff: wait_base | None = None,
    ) -> None:
        self._url = f"{base_url.rstrip('/')}/api"
        self._headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._proxy = proxy
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)
        self._backoff = backoff or wait_exponential_jitter(initial=1, max=60)
        self._tries = tries
        self._remaining: int | None = None  # requests of the quota; None if unknown
        self._renewed_at = 0.0  # loop time at which there is a new quota
        self.last_problem: Reason | None = None  # of the last try; None again once a try succeeds

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout, proxy=self._proxy)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def fetch_list(self, day: date) -> DailyList:
        """The list of `day` (UTC) with its papers as they are now; empty on most weekends.

        An entry that cannot be read is skipped, and one that names a distant day is filed under `day`; a warning says
        how many. Raises `PapersUnavailable`.
        """
        papers: dict[str, Paper] = {}
        ids: list[str | None] = []
        skipped = misdated = 0
        ended = False
        for page in range(MAX_PAGES):
            params = {"date": day.isoformat(), "limit": str(PAGE_SIZE), "p": str(page)}
            entries, has_next = await self._fetch_entries(f"the list of {day}", "daily_papers", params)
            readable = _read_entries(entries, day)
            skipped += len(entries) - len(readable)
            papers |= {paper.id: paper for paper, _ in readable}  # a vote may move a paper to the next page meanwhile
            misdated += sum(1 for _, entry in readable if is_entry_misdated(entry, day))
            ids += map(read_entry_id, entries)
            ended = not entries or (not has_next and len(entries) < PAGE_SIZE)
            if ended:
                break
        _warn_of_skipped(str(day), skipped)
        if misdated:
            log.warning(
                "%s: filed %d entries under this day, because their own date is far off or missing", day, misdated
            )
        known = frozenset(paper_id for paper_id in ids if paper_id)
        # If a paper is there twice, another may have moved to a page that was read before.
        return DailyList(tuple(papers.values()), known if ended and len(known) == len(ids) else None)

    async def fetch_paper(self, paper_id: str) -> Paper | None:
        """The paper with this arXiv id as it is now, without a day; None if the API has no such paper.

        Like every method here it may take minutes: use a timeout if a person is waiting. Raises `PapersUnavailable`.
        """
        if not re.fullmatch(ARXIV_ID, paper_id):
            return None
        self._reserve_quota()
        try:
            body, _ = await self._fetch_json(f"the answer about {paper_id}", f"papers/{paper_id}", {})
            paper = read_single_paper(body)
        except _PaperNotFound:
            return None
        except ValueError as error:
            raise _build_unreadable_error(f"the answer about {paper_id} is not a paper") from error
        if paper.id != paper_id:
            raise _build_unreadable_error(f"the answer about {paper_id} is about {paper.id}")
        return paper

    async def search_papers(self, query: str, limit: int) -> tuple[Paper, ...]:
        """What the API's own search finds, best first: at most `limit` papers, each once and without a day.

        An entry that cannot be read is skipped; a warning says how many. Raises `PapersUnavailable`.
        """
        self._reserve_quota()
        # The API counts UTF-16 units, and half a pair is no text.
        shortened = query.encode("utf-16-le", "ignore")[: 2 * MAX_QUERY].decode("utf-16-le", "ignore")
        params = {"q": shortened, "limit": str(min(limit, MAX_FOUND))}
        entries, _ = await self._fetch_entries("what was found", "papers/search", params)
        readable = _read_entries(entries, None)
        _warn_of_skipped("search", len(entries) - len(readable))
        return tuple({paper.id: paper for paper, _ in readable}.values())[:limit]

    def _reserve_quota(self) -> None:
        """Refuse if the quota is low: a person's lookup can wait, but without the daily lists there is no digest."""
        renewed = asyncio.get_running_loop().time() >= self._renewed_at
        if not renewed and self._remaining is not None and self._remaining < RESERVED_REQUESTS:
            raise PapersUnavailable(Reason(ReasonKind.PAPERS_QUOTA_LOW))

    async def _fetch_entries(self, what: str, path: str, params: Mapping[str, str]) -> tuple[list[Any], bool]:
        entries, has_next = await self._fetch_json(what, path, params)
        if not isinstance(entries, list):
            raise _build_unreadable_error(f"{what} is not a list")
        return entries, has_next

    async def _fetch_json(self, what: str, path: str, params: Mapping[str, str]) -> tuple[Any, bool]:
        """The JSON at `path`, and whether it links to a next page; `what` is what an error calls it."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(_RetryableError),
            wait=self._get_wait,
            stop=stop_after_attempt(self._tries),
            reraise=True,
        )
        answer: tuple[bytes, bool] = await retrying(self._fetch_once, path, params)
        self.last_problem = None
        body, has_next = answer
        try:
            value = json.loads(body)
        except (ValueError, RecursionError) as error:
            metrics.count_papers_request(ReasonKind.PAPERS_UNREADABLE)
            raise _build_unreadable_error(f"{what} is not JSON") from error
        metrics.count_papers_request("ok")
        return value, has_next

    def _get_wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if not isinstance(error, _RetryableError):
            return self._backoff(state)
        self.last_problem = error.reason
        return self._backoff(state) if error.wait is None else min(error.wait, MAX_WAIT_SECONDS)

    async def _fetch_once(self, path: str, params: Mapping[str, str]) -> tuple[bytes, bool]:
        loop = asyncio.get_running_loop()
        if self._remaining == 0:
            await asyncio.sleep(min(self._renewed_at - loop.time(), MAX_WAIT_SECONDS))
        try:
            async with self._session.get(f"{self._url}/{path}", params=params) as response:
                remaining, wait = _parse_rate_limit(response.headers)
                self._remaining, self._renewed_at = remaining, loop.time() + wait
                _raise_for_status(response, None if remaining is None else wait)
                return await _read_limited_body(response), _has_next_page(response)
        except (aiohttp.ClientError, OSError) as error:
            metrics.count_papers_request(ReasonKind.PAPERS_UNREACHABLE)
            raise _RetryableError(Reason(ReasonKind.PAPERS_UNREACHABLE), type(error).__name__) from error
        except PapersUnavailable as error:
            metrics.count_papers_request("not_found" if isinstance(error, _PaperNotFound) else error.reason.kind)
            raise


def _build_unreadable_error(detail: str) -> PapersUnavailable:
    return PapersUnavailable(Reason(ReasonKind.PAPERS_UNREADABLE), detail)


def _read_entries(entries: list[Any], day: date | None) -> list[tuple[Paper, Any]]:
    """The papers in those entries that can be read, each with its entry."""
    papers = []
    for entry in entries:
        with suppress(ValueError):
            papers.append((read_list_entry(entry, day), entry))
    return papers


def _warn_of_skipped(source: str, skipped: int) -> None:
    if skipped:
        log.warning("%s: skipped %d entries that could not be read", source, skipped)


def _parse_rate_limit(headers: Mapping[str, str]) -> tuple[int | None, int]:
    """The remaining requests, and the seconds until the quota is renewed, from `RateLimit: "api";r=499;t=120`.

    One second is added, because the header's are rounded. None and 0 without the header.
    """
    found = _RATE_LIMIT.search(headers.get("RateLimit", ""))
    return (int(found["remaining"]), int(found["seconds"]) + 1) if found else (None, 0)


def _raise_for_status(response: aiohttp.ClientResponse, next_window: int | None) -> None:
    if response.status == 200:  # noqa: PLR2004
        return
    reason = Reason(ReasonKind.PAPERS_FAILED, number=response.status)
    if response.status == 404:  # noqa: PLR2004
        raise _PaperNotFound(reason)
    if response.status not in RETRYABLE_STATUSES:
        raise PapersUnavailable(reason)
    after = response.headers.get("Retry-After", "")
    if after.isdecimal():
        raise _RetryableError(reason, wait=float(after))
    # A 429 of the CDN has neither header; then the backoff decides.
    raise _RetryableError(reason, wait=next_window if response.status == 429 else None)  # noqa: PLR2004


def _has_next_page(response: aiohttp.ClientResponse) -> bool:
    try:
        return "next" in response.links
    except ValueError:  # the header is malformed
        return False


async def _read_limited_body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _build_unreadable_error(f"more than {MAX_BODY_BYTES} bytes")
    return bytes(body)
