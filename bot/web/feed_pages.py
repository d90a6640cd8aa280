"""The pages under `/feeds`: who may have which feed, and as what it is sent."""

import asyncio
import gzip
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from email.utils import format_datetime, formatdate
from enum import StrEnum

from aiohttp import web

from bot import metrics
from bot.client import PaperBot
from bot.feed_addresses import MAX_FOUND, MAX_QUERY, FeedFormat
from bot.layouts import feeds as words
from bot.lookups.feeds import FeedKind, FeedReader, FeedRequest
from bot.refusals import Refused
from bot.search import parse_query
from bot.text import join_lines
from bot.web.feed_formats import CONTENT_TYPES
from bot.web.feed_maker import FeedMaker, MadeFeed, MakerBusy
from bot.web.limits import FeedLimits

log = logging.getLogger(__name__)

PATH = "/feeds"
MAX_AGE = 900  # seconds that readers and proxies keep a feed
RETRY_AFTER = 60  # seconds
_ASKS_FOR_FEED = (b"GET /feeds", b"HEAD /feeds")
_FORMATS = "|".join(FeedFormat)
_TEXT = "text/plain; charset=utf-8"
_EVERY = {  # every answer has these
    "Access-Control-Allow-Origin": "*",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Result(StrEnum):
    """What a request for a feed came to, as metrics count it."""

    OK = "ok"
    UNCHANGED = "unchanged"
    BAD_REQUEST = "bad_request"
    NOT_FOUND = "not_found"
    LIMITED = "limited"
    BUSY = "busy"
    STARTING = "starting"
    FAILED = "failed"


_STATUS = {
    Result.BAD_REQUEST: 400,
    Result.NOT_FOUND: 404,
    Result.LIMITED: 429,
    Result.BUSY: 503,
    Result.STARTING: 503,
    Result.FAILED: 503,
}


class _Declined(Exception):
    """No feed is sent, and why."""

    def __init__(self, result: Result, text: str) -> None:
        super().__init__(result)
        self.result = result
        self.text = text


class FeedPages:
    """Shows feeds, once it is given the running bot to `show` them of."""

    def __init__(self) -> None:
        self._bot: PaperBot | None = None
        self._maker: FeedMaker | None = None
        self.limits = FeedLimits()

    def show(self, bot: PaperBot) -> None:
        services = bot.services
        self._bot = bot
        self._maker = FeedMaker(FeedReader(services.storage, services.search), bot.feeds, services.clock)

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get(PATH, self._show_list)
        for kind, path in (
            (FeedKind.DAILY, "daily"),
            (FeedKind.WEEKLY, "weekly"),
            (FeedKind.SEARCH, "search"),
            (FeedKind.SERVER, r"servers/{key:[A-Za-z0-9_-]{1,100}}"),
        ):
            app.router.add_get(f"{PATH}/{path}.{{format:{_FORMATS}}}", self._build_page(kind))
        app.router.add_get(f"{PATH}/{{other:.*}}", self._show_no_page)

    def turn_away(self, begin: bytes, address: str) -> bytes | None:
        """The answer to what a connection begins with, if it asks for a feed and may not; else None.

        A thousand a second may ask, so this costs far less than reading a request. Whoever begins otherwise, such as
        with half a word, is refused by the page.
        """
        if not begin.startswith(_ASKS_FOR_FEED) or self.limits.may(address, _read_clock()):
            return None
        metrics.count_feed_request("", Result.LIMITED)
        return _TURNED_AWAY % formatdate(usegmt=True).encode() + (b"" if begin.startswith(b"HEAD") else _TOO_MANY)

    async def _show_list(self, request: web.Request) -> web.Response:
        if not self.limits.take(request.remote or "", _read_clock()):
            return _decline(_Declined(Result.LIMITED, words.TOO_MANY))
        page = words.render_feeds_page(self._bot.feeds if self._bot else None)
        headers = {**_EVERY, "Cache-Control": f"public, max-age={MAX_AGE}"}
        return web.Response(text=page, content_type="text/html", headers=headers)

    async def _show_no_page(self, _: web.Request) -> web.Response:
        return _decline(_Declined(Result.NOT_FOUND, words.NO_SUCH_PAGE))

    def _build_page(self, kind: FeedKind) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def show_feed(request: web.Request) -> web.Response:
            try:
                response, result = await self._answer(kind, request)
            except _Declined as declined:
                response, result = _decline(declined), declined.result
            metrics.count_feed_request(kind, result)
            return response

        return show_feed

    async def _answer(self, kind: FeedKind, request: web.Request) -> tuple[web.Response, Result]:
        if not self.limits.take(request.remote or "", _read_clock()):
            raise _Declined(Result.LIMITED, words.TOO_MANY)
        if self._bot is None or self._maker is None:
            raise _Declined(Result.STARTING, words.STARTING)
        if self._bot.is_closed():
            raise _Declined(Result.STARTING, words.STOPPING)
        format_ = FeedFormat(request.match_info["format"])
        try:
            made = await self._maker.get(await self._read_request(kind, request, self._bot), format_)
        except MakerBusy:
            raise _Declined(Result.BUSY, words.BUSY) from None
        except (Refused, ValueError, OSError, TimeoutError) as error:  # such as a database that is away
            raise _Declined(Result.FAILED, words.FAILED) from error
        except _Declined:
            raise
        except Exception as error:
            log.exception("a feed could not be made")
            raise _Declined(Result.FAILED, words.FAILED) from error
        return _respond(request, made, CONTENT_TYPES[format_], is_public=kind is not FeedKind.SERVER)

    async def _read_request(self, kind: FeedKind, request: web.Request, bot: PaperBot) -> FeedRequest:
        """The feed that is asked for. Parameters that it has not are left alone, since some readers add theirs."""
        match kind:
            case FeedKind.SEARCH:
                query = _read_query(request, bot.services.clock())
                return FeedRequest(kind, query, _read_limit(request.query.get("limit")))
            case FeedKind.SERVER:
                feed = await bot.services.storage.server_feeds.find(request.match_info["key"])
                if feed is None or feed.guild_id in bot.blocked.servers:
                    raise _Declined(Result.NOT_FOUND, words.NOT_FOUND)
                return FeedRequest(kind, guild_id=feed.guild_id, key=feed.key)
            case _:
                return FeedRequest(kind)


def _read_clock() -> float:
    return asyncio.get_running_loop().time()


def _read_query(request: web.Request, now: datetime) -> str:
    typed = request.query.get("q", "")
    if len(typed) > MAX_QUERY:
        raise _Declined(Result.BAD_REQUEST, words.TOO_LONG)
    query = parse_query(typed, now.date())
    if query.mistakes:
        raise _Declined(Result.BAD_REQUEST, words.explain_mistakes(query))
    if query.has_foreign_link:
        raise _Declined(Result.BAD_REQUEST, words.FOREIGN_LINK)
    if not query.clauses and not query.reference:
        raise _Declined(Result.BAD_REQUEST, words.NO_QUERY)
    return join_lines(typed)


def _read_limit(typed: str | None) -> int:
    if typed is None:
        return MAX_FOUND
    if not re.fullmatch(r"[0-9]{1,4}", typed) or not 1 <= int(typed) <= MAX_FOUND:
        raise _Declined(Result.BAD_REQUEST, words.BAD_LIMIT)
    return int(typed)


def _decline(declined: _Declined) -> web.Response:
    headers = dict(_EVERY)
    status = _STATUS[declined.result]
    if declined.result not in {Result.BAD_REQUEST, Result.NOT_FOUND}:
        headers["Retry-After"] = str(RETRY_AFTER)
    return web.Response(status=status, text=f"{declined.text}\n", headers=headers)


def _respond(
    request: web.Request, made: MadeFeed, content_type: str, *, is_public: bool
) -> tuple[web.Response, Result]:
    """The feed, or that whoever asks has it already."""
    headers = {
        **_EVERY,
        "Cache-Control": f"{'public' if is_public else 'private'}, max-age={MAX_AGE}",
        "ETag": f'W/"{made.etag}"',
        "Last-Modified": format_datetime(made.changed_at, usegmt=True),
        "Vary": "Accept-Encoding",
    }
    if not is_public:
        headers["X-Robots-Tag"] = "noindex"
    if _has_it_already(request, made):
        return web.Response(status=304, headers=headers), Result.UNCHANGED
    headers["Content-Type"] = content_type
    body = made.compressed
    if accepts_gzip(request.headers):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return web.Response(body=body, headers=headers), Result.OK


def _has_it_already(request: web.Request, made: MadeFeed) -> bool:
    """As RFC 9110 has it: the time counts only without a tag."""
    if "If-None-Match" in request.headers:
        return any(each.value in {made.etag, "*"} for each in request.if_none_match or ())
    since = request.if_modified_since
    return since is not None and made.changed_at <= since


def accepts_gzip(headers: Mapping[str, str]) -> bool:
    accepted: dict[str, bool] = {}
    for each in headers.get("Accept-Encoding", "").lower().split(","):
        name, _, weight = each.strip().partition(";")
        accepted[name.strip()] = not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return accepted.get("gzip", accepted.get("*", False))


_TOO_MANY = f"{words.TOO_MANY}\n".encode()
_TURNED_AWAY = "".join(
    [
        "HTTP/1.1 429 Too Many Requests\r\n",
        f"Content-Type: {_TEXT}\r\nContent-Length: {len(_TOO_MANY)}\r\nRetry-After: {RETRY_AFTER}\r\n",
        *(f"{name}: {value}\r\n" for name, value in _EVERY.items()),
        "Cache-Control: no-store\r\nConnection: close\r\nServer: paperboy\r\nDate: %s\r\n\r\n",
    ]
).encode()
