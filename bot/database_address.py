"""Where the database is: a file, or a PostgreSQL that several processes share."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

SCHEMES = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """The URL of a PostgreSQL database. It may contain a password, so only `str` of this is shown to anybody."""

    url: str = field(repr=False)

    def __str__(self) -> str:
        """Without the user, the password and the options."""
        parts = urlsplit(self.url)
        socket_folder = parse_qs(parts.query).get("host", [""])[0]
        host = parts.netloc.rpartition("@")[2] or unquote(socket_folder)
        return f"postgresql://{host}/{parts.path.strip('/')}"


DatabaseAddress = Path | PostgresAddress


def read_address(text: str) -> DatabaseAddress:
    """A URL of PostgreSQL, or else the path of a file."""
    return PostgresAddress(text) if text.partition("://")[0] in SCHEMES else Path(text)
