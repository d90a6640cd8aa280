"""Discord's rate limits over all processes of a bot, for the little Discord on loopback."""

import time
from collections import defaultdict, deque

from aiohttp import web

from tests.support.wire_channels import Fault, Refused, rate_limit

GLOBAL, PER_CHANNEL = (50, 1.0), (5, 5.0)  # requests, and within how many seconds
_EXEMPT = ("/interactions/", "/webhooks/")


class Rates:
    """Answers 429 to what goes beyond, and counts it: over all requests, and over the messages of a channel."""

    def __init__(self) -> None:
        self.beyond_global = self.beyond_channel = 0
        self._all: deque[float] = deque()
        self._by_channel: defaultdict[str, deque[float]] = defaultdict(deque)

    def check(self, request: web.Request) -> None:
        """Count this request, or raise `Refused`."""
        if any(each in request.path for each in _EXEMPT):
            return
        if wait := _take(self._all, *GLOBAL):
            self.beyond_global += 1
            limit = rate_limit(wait)
            raise Refused(Fault(429, headers=limit.headers, known=limit.known | {"global": True}))
        makes_message = request.method == "POST" and request.path.endswith("/messages")
        if makes_message and (wait := _take(self._by_channel[request.path], *PER_CHANNEL)):
            self.beyond_channel += 1
            raise Refused(rate_limit(wait))


def _take(recent: deque[float], most: int, seconds: float) -> float:
    """0 if there was room, or after how many seconds there will be."""
    now = time.monotonic()
    while recent and now - recent[0] >= seconds:
        recent.popleft()
    if len(recent) >= most:
        return seconds - (now - recent[0])
    recent.append(now)
    return 0.0
