"""Fetch: papers as the daily list of the papers API tells of them.

PapersUnavailable       whatever goes wrong between us and the papers API
 └─ _Passing            worth another try; knows how long the API asked us to wait
"""

import asyncio
import json
import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Annotated, Any, Self

import aiohttp
from pydantic import (
    AfterValidator,
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    Field,
    HttpUrl,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

log = logging.getLogger(__name__)

PAGE_SIZE = 100  # the API's maximum; its default of 50 has cut real days short
MAX_PAGES = 20
MAX_BODY_BYTES = 16 * 1024 * 1024  # a page of a hundred papers is about half a megabyte
MAX_WAIT_SECONDS = 330  # a rate-limit window is 300 s
PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
USER_AGENT = "paperboy/0.1 (Discord bot for Daily Papers)"

_ID = r"[0-9]{4}\.[0-9]{4,5}"
_REFERENCE = re.compile(
    rf"""^\s*<?(?:
        (?:https?://)?(?:www\.)?(?:
            (?:huggingface\.co|hf\.co)/papers/ | (?:export\.)?arxiv\.org/(?:abs|pdf|html)/ | alphaxiv\.org/abs/
        ) | arxiv:\s*
    )?(?P<id>{_ID})(?:v\d+)?(?:\.pdf)?/?(?:[?\#].*)?>?\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
# Controls, bidi overrides, and half pairs, which JSON may smuggle in and no database takes.
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_RATE_LIMIT = re.compile(r"r=(?P<left>[0-9]{1,9})\s*;\s*t=(?P<seconds>[0-9]{1,9})\b")


class PapersUnavailable(Exception):
    """The papers API could not be read; the message says why, `__cause__` holds the error."""


class _Passing(PapersUnavailable):
    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as last seen; `id` is its arXiv id, `day` the latest daily list (UTC) it was on."""

    id: str
    title: str
    abstract: str
    day: date
    upvotes: int = 0
    comments: int = 0
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    organization: str | None = None
    ai_summary: str | None = None
    tags: tuple[str, ...] = ()
    github_repo: str | None = None
    github_stars: int | None = None
    project_page: str | None = None
    media_urls: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return f"https://huggingface.co/papers/{self.id}"

    @property
    def arxiv_url(self) -> str:
        return f"https://arxiv.org/abs/{self.id}"

    @property
    def pdf_url(self) -> str:
        return f"https://arxiv.org/pdf/{self.id}"


def paper_id(reference: str) -> str | None:
    """The arXiv id in a bare id, `idvN`, `arXiv:id` or a paper's URL; None where there is none."""
    found = _REFERENCE.match(reference)
    return found["id"] if found else None


def _one_line(value: Any) -> Any:
    return " ".join(_UNSEEN.sub("", value).split()) if isinstance(value, str) else value


def _or_none(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    """A field nobody needs must not cost the entry: what cannot be read is missing."""
    try:
        return handler(value)
    except ValidationError:
        return None


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("an instant before the year 1 or after the year 9999") from error


def _no_spaces(value: Any) -> Any:
    return "".join(value.split()) if isinstance(value, str) else value  # two real URLs hold a newline


_Line = Annotated[str, BeforeValidator(_one_line)]
_Title = Annotated[_Line, StringConstraints(min_length=1)]
_Count = Annotated[int, Field(ge=0, le=2**31)]
_OptionalLine = Annotated[_Line | None, WrapValidator(_or_none)]
_OptionalCount = Annotated[_Count | None, WrapValidator(_or_none)]
_OptionalTime = Annotated[Annotated[datetime, AfterValidator(_utc)] | None, WrapValidator(_or_none)]
_OptionalUrl = Annotated[HttpUrl | None, BeforeValidator(_no_spaces), WrapValidator(_or_none)]
_OptionalList = Annotated[list[Any] | None, WrapValidator(_or_none)]
_URL: TypeAdapter[HttpUrl | None] = TypeAdapter(_OptionalUrl)


def _in_paper(name: str) -> AliasPath:
    return AliasPath("paper", name)


class _Entry(BaseModel):
    """One entry of `/api/daily_papers`; a missing value is a missing key there."""

    id: Annotated[str, StringConstraints(pattern=f"^{_ID}$")] = Field(validation_alias=_in_paper("id"))
    title: _Title = Field(validation_alias=AliasChoices(_in_paper("title"), "title"))
    abstract: _OptionalLine = Field(None, validation_alias=AliasChoices(_in_paper("summary"), "summary"))
    # The outer level has no upvotes: reading them there gives 0 for every paper.
    upvotes: _Count = Field(0, validation_alias=_in_paper("upvotes"))
    comments: _OptionalCount = Field(None, validation_alias="numComments")
    authors: _OptionalList = Field(None, validation_alias=_in_paper("authors"))
    published_at: _OptionalTime = Field(None, validation_alias=_in_paper("publishedAt"))
    submitted_at: _OptionalTime = Field(None, validation_alias=_in_paper("submittedOnDailyAt"))
    organization: _OptionalLine = Field(
        None,
        validation_alias=AliasChoices(
            AliasPath("paper", "organization", "fullname"),
            AliasPath("organization", "fullname"),
            AliasPath("paper", "organization", "name"),
            AliasPath("organization", "name"),
        ),
    )
    ai_summary: _OptionalLine = Field(None, validation_alias=_in_paper("ai_summary"))
    tags: _OptionalList = Field(None, validation_alias=_in_paper("ai_keywords"))
    github_repo: _OptionalUrl = Field(None, validation_alias=_in_paper("githubRepo"))
    github_stars: _OptionalCount = Field(None, validation_alias=_in_paper("githubStars"))
    project_page: _OptionalUrl = Field(None, validation_alias=_in_paper("projectPage"))
    media_urls: _OptionalList = Field(None, validation_alias=AliasChoices(_in_paper("mediaUrls"), "mediaUrls"))

    def paper(self, day: date) -> Paper:
        names = (a.get("name") for a in self.authors or () if isinstance(a, dict) and not a.get("hidden"))
        return Paper(
            id=self.id,
            title=self.title,
            abstract=self.abstract or "",
            # The instant's date is the list's day; before 2025-03-17 only the request knows it.
            day=self.submitted_at.date() if self.submitted_at else day,
            upvotes=self.upvotes,
            comments=self.comments or 0,
            authors=_lines(names),
            published_at=self.published_at,
            organization=self.organization or None,
            ai_summary=self.ai_summary or None,
            tags=_lines(self.tags or ()),
            github_repo=str(self.github_repo) if self.github_repo else None,
            github_stars=self.github_stars,
            project_page=str(self.project_page) if self.project_page else None,
            media_urls=tuple(str(url) for each in self.media_urls or () if (url := _URL.validate_python(each))),
        )


def _lines(values: Iterable[Any]) -> tuple[str, ...]:
    """The readable, non-empty texts among `values`, each once, in their order."""
    readable = (_one_line(value) for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(line for line in readable if line))


def read_entry(entry: Any, day: date) -> Paper:
    """The paper in one entry of the list of `day`; `ValueError` when id, title or upvotes cannot be read."""
    if not isinstance(entry, dict) or not isinstance(entry.get("paper"), dict):
        raise ValueError("an entry is an object that holds a `paper`")
    known = {key: value for key, value in entry.items() if value is not None}
    known["paper"] = {key: value for key, value in entry["paper"].items() if value is not None}
    return _Entry.model_validate(known).paper(day)


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
            for entry in entries:
                try:
                    paper = read_entry(entry, day)
                except ValueError:
                    skipped += 1
                else:
                    papers[paper.id] = paper  # a vote between two pages may show a paper twice
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
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _Passing(f"no answer from the papers API ({type(error).__name__})") from error


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
