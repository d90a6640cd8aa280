"""Where the feeds are: their paths on the HTTP port, and their addresses for people outside."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlencode

MAX_QUERY = 300  # characters of a query that a feed is made of
MAX_FOUND = 50  # papers in the feed of a query, unless its address says fewer
MAX_LENGTH = 2000  # of an address that is shown: longer ones break in mail, proxies and readers


class FeedFormat(StrEnum):
    """How a feed is written. The value ends its path."""

    ATOM = "atom"
    JSON = "json"


def build_daily_path(format_: FeedFormat) -> str:
    return f"/feeds/daily.{format_}"


def build_weekly_path(format_: FeedFormat) -> str:
    return f"/feeds/weekly.{format_}"


def build_search_path(query: str, format_: FeedFormat, limit: int = MAX_FOUND) -> str:
    limited = {"limit": limit} if limit != MAX_FOUND else {}
    return f"/feeds/search.{format_}?{urlencode({'q': query, **limited}, safe=':')}"


def build_server_path(key: str, format_: FeedFormat) -> str:
    return f"/feeds/servers/{key}.{format_}"


@dataclass(frozen=True, slots=True)
class FeedAddresses:
    """The addresses of the feeds under the `public` one, which leads people outside to the HTTP port.

    It has no slash at its end.
    """

    public: str

    def build(self, path: str) -> str:
        return f"{self.public}{path}"

    def build_search(self, query: str, format_: FeedFormat) -> str | None:
        """The feed of what `query` finds; None if it is empty, or too long for a feed."""
        address = self.build(build_search_path(query, format_))
        return address if 0 < len(query) <= MAX_QUERY and len(address) <= MAX_LENGTH else None

    def build_server(self, key: str, format_: FeedFormat) -> str:
        return self.build(build_server_path(key, format_))
