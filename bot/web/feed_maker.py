"""Makes feeds: each once for everybody who asks, a few at a time, and keeps the latest within limits."""

import asyncio
import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot import metrics
from bot.clock import Clock
from bot.feed_addresses import (
    FeedAddresses,
    FeedFormat,
    build_daily_path,
    build_search_path,
    build_server_path,
    build_weekly_path,
)
from bot.layouts.feeds import write_feed
from bot.lookups.feeds import Feed, FeedKind, FeedReader, FeedRequest
from bot.web.feed_formats import format_feed
from bot.web.limits import Pace

FRESH_FOR = 60.0  # seconds in which nobody looks whether a feed has changed
MAX_KEPT, MAX_KEPT_BYTES = 1000, 16 * 2**20  # feeds, and their bytes as they are kept, which is compressed
MAX_AT_ONCE = 2  # feeds that are being made, so that searches have the other threads
MAX_WAITING = 12  # feeds that are being made or wait for it
MAKE_RATE, MAKE_BURST = 2.0, 20  # feeds a second, which take a thirtieth of a core; and at once
MAKE_LIMIT = 8.0  # seconds
COMPRESSION = 4  # half the time of the usual level, for four hundredths more
_OVERHEAD = 1000  # bytes of what is kept beside a feed

_Key = tuple[FeedRequest, FeedFormat]


class MakerBusy(Exception):
    """Too many feeds wait to be made, or this one takes too long."""


@dataclass(frozen=True, slots=True)
class MadeFeed:
    """A feed as it is sent, compressed; and since when it is so, as far as we have seen it, in whole seconds.

    `made_at` is on the loop's clock. While the `state` is that of now, it is as it would be made now.
    """

    compressed: bytes
    etag: str
    changed_at: datetime
    made_at: float
    state: Hashable | None

    @property
    def size(self) -> int:
        return len(self.compressed) + _OVERHEAD


class FeedMaker:
    """Makes what `reader` reads. `addresses` are where people outside find feeds, if anywhere."""

    def __init__(self, reader: FeedReader, addresses: FeedAddresses | None, clock: Clock) -> None:
        self._reader = reader
        self._addresses = addresses
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._kept: OrderedDict[_Key, MadeFeed] = OrderedDict()
        self._kept_bytes = 0
        self._making: dict[_Key, asyncio.Task[MadeFeed]] = {}
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)
        self._pace = Pace(MAKE_RATE, MAKE_BURST)

    async def get(self, request: FeedRequest, format_: FeedFormat) -> MadeFeed:
        """The feed as it was within the last minute, or, while there is too much to do, earlier. Raises `MakerBusy`."""
        key = request, format_
        known = self._kept.get(key)
        if known:
            self._kept.move_to_end(key)
            if self._is_fresh(known, request):
                return known
        making = self._making.get(key) or self._begin(key)
        if making is not None:
            try:
                async with asyncio.timeout(MAKE_LIMIT):
                    return await asyncio.shield(making)
            except TimeoutError:
                pass
        if known:
            return known
        raise MakerBusy

    def _is_fresh(self, made: MadeFeed, request: FeedRequest) -> bool:
        if self._loop.time() - made.made_at < FRESH_FOR:
            return True
        return made.state is not None and made.state == self._reader.get_state(request, self._clock())

    def _begin(self, key: _Key) -> asyncio.Task[MadeFeed] | None:
        """Begin to make it, unless too many are being made already."""
        if len(self._making) >= MAX_WAITING or not self._pace.take(self._loop.time()):
            return None
        making = self._making[key] = self._loop.create_task(self._make(key))
        making.add_done_callback(lambda task: self._end(key, task))
        return making

    def _end(self, key: _Key, task: asyncio.Task[MadeFeed]) -> None:
        del self._making[key]
        if not task.cancelled():
            task.exception()  # whoever still waits for it gets it

    async def _make(self, key: _Key) -> MadeFeed:
        request, format_ = key
        async with self._turns:
            with metrics.time_feed(request.kind):
                now, state = self._clock(), self._reader.get_state(request, self._clock())
                feed = await self._reader.read(request, now)
                etag, compressed = await asyncio.to_thread(self._write, feed, format_)
        made = MadeFeed(compressed, etag, self._find_change(key, etag, now), self._loop.time(), state)
        self._keep(key, made)
        return made

    def _write(self, feed: Feed, format_: FeedFormat) -> tuple[str, bytes]:
        address = self._addresses.build(_build_path(feed.request, format_)) if self._addresses else None
        written = format_feed(write_feed(feed), format_, address)
        return hashlib.blake2b(written, digest_size=12).hexdigest(), gzip.compress(written, COMPRESSION, mtime=0)

    def _find_change(self, key: _Key, etag: str, now: datetime) -> datetime:
        """Since when it is so. A change is a second later than the last, or whoever asks by time could miss it."""
        before, now = self._kept.get(key), now.replace(microsecond=0)
        if before is None:
            return now
        return before.changed_at if before.etag == etag else max(now, before.changed_at + timedelta(seconds=1))

    def _keep(self, key: _Key, made: MadeFeed) -> None:
        if before := self._kept.pop(key, None):
            self._kept_bytes -= before.size
        self._kept[key] = made
        self._kept_bytes += made.size
        while len(self._kept) > MAX_KEPT or self._kept_bytes > MAX_KEPT_BYTES:
            _, gone = self._kept.popitem(last=False)
            self._kept_bytes -= gone.size


def _build_path(request: FeedRequest, format_: FeedFormat) -> str:
    match request.kind:
        case FeedKind.DAILY:
            return build_daily_path(format_)
        case FeedKind.WEEKLY:
            return build_weekly_path(format_)
        case FeedKind.SEARCH:
            return build_search_path(request.query, format_, request.limit)
        case FeedKind.SERVER:
            return build_server_path(request.key, format_)
