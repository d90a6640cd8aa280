"""How often feeds may be asked for: in all, and by each address. Refusing costs some microseconds."""

from collections import OrderedDict
from functools import lru_cache
from ipaddress import IPv6Address, ip_address

RATE, BURST = 30.0, 60  # requests a second in all, of which readers of a proxy's cache need few; and at once
CLIENT_RATE, CLIENT_BURST = 1.0, 60  # of one address: a reader asks for all of somebody's feeds at once
MAX_CLIENTS = 4096  # addresses that are remembered
_NETWORK = 64  # bits of an IPv6 address that one person usually has


class Pace:
    """Lets `rate` things a second happen, and `burst` at once. Knows only when the next may happen."""

    __slots__ = ("_between", "_next", "_slack")

    def __init__(self, rate: float, burst: int) -> None:
        self._between = 1 / rate
        self._slack = (burst - 1) / rate
        self._next = float("-inf")

    def may(self, now: float) -> bool:
        return self._next - now <= self._slack

    def take(self, now: float) -> bool:
        """Whether it may happen now; then it counts."""
        if not self.may(now):
            return False
        self._next = max(self._next, now) + self._between
        return True


class FeedLimits:
    """Counts the requests for feeds.

    Those from loopback and private networks come from a proxy or from the operator, and count in all only.
    """

    def __init__(self) -> None:
        self._all = Pace(RATE, BURST)
        self._clients: OrderedDict[str, Pace] = OrderedDict()

    def may(self, address: str, now: float) -> bool:
        """Whether a request would be let in."""
        client = self._clients.get(name_client(address) or "")
        return self._all.may(now) and (client is None or client.may(now))

    def take(self, address: str, now: float) -> bool:
        """Whether a request is let in; then it counts."""
        name = name_client(address)
        return (name is None or self._get_client(name).take(now)) and self._all.take(now)

    def _get_client(self, name: str) -> Pace:
        pace = self._clients.pop(name, None) or Pace(CLIENT_RATE, CLIENT_BURST)
        self._clients[name] = pace  # the latest comes last
        if len(self._clients) > MAX_CLIENTS:
            self._clients.popitem(last=False)
        return pace


@lru_cache(MAX_CLIENTS)
def name_client(address: str) -> str | None:
    """Whom an address counts for: of IPv6 all of its network; None if it is loopback or private, or no address."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped:
            return name_client(str(known.ipv4_mapped))
        if not known.is_private:
            return str(IPv6Address(int(known) >> _NETWORK << _NETWORK))
    return None if known.is_private or known.is_loopback else str(known)
