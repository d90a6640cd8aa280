"""Where the database is: a file, or a PostgreSQL that several processes share."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from urllib.parse import quote, unquote, urlencode

SCHEMES = ("postgresql", "postgres")
MOST_PORT = 65535
SHORTEST_SECRET = 3  # letters; shorter ones would be found in any text
_SECRET_OPTIONS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})
# Those of PostgreSQL's client library, without the ones that would change what we send or read.
OPTIONS = _SECRET_OPTIONS | frozenset(
    {
        *("application_name", "channel_binding", "connect_timeout", "dbname", "fallback_application_name"),
        *("gssdelegation", "gssencmode", "gsslib", "host", "hostaddr", "keepalives", "keepalives_count"),
        *("keepalives_idle", "keepalives_interval", "krbsrvname", "load_balance_hosts", "max_protocol_version"),
        *("min_protocol_version", "oauth_client_id", "oauth_issuer", "oauth_scope", "options", "passfile", "port"),
        *("require_auth", "requirepeer", "ssl", "ssl_max_protocol_version", "ssl_min_protocol_version", "sslcert"),
        *("sslcertmode", "sslcompression", "sslcrl", "sslcrldir", "sslkey", "sslmode", "sslnegotiation"),
        *("sslrootcert", "sslsni", "target_session_attrs", "tcp_user_timeout", "user"),
    }
)
_URL = re.compile(
    r"[^:/?#]+://(?:(?P<user>[^@/?#:]*)(?::(?P<password>[^@/?#]*))?@)?"
    r"(?P<hosts>[^@/?#]*)(?:/(?P<name>[^@/?#]*))?(?:\?(?P<options>[^#]*))?"
)
_HOST = re.compile(r"(?:\[[0-9a-fA-F:.%]+\]|[^\[\]:]*)(?::(?P<port>.*))?")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})|[\s\x00-\x1f]")
_MEANS_URL = re.compile(r"[a-z][a-z0-9+.-]*://|(?:postgres|postgresql|jdbc):|(?:.*\s)?(?:host|dbname)=", re.IGNORECASE)


class AddressProblem(Enum):
    """Why a text is no address of a database. Its words are not here, since they may be secret."""

    OTHER_PROGRAM = auto()  # it begins like a URL, and not like one of PostgreSQL
    UNESCAPED = auto()  # a character that has a meaning in URLs has to be written as `%` and its number
    NO_NAME = auto()
    BAD_HOST = auto()
    BAD_PORT = auto()
    UNKNOWN_OPTION = auto()


class BadAddress(ValueError):
    """A text is no address of a database."""

    def __init__(self, problem: AddressProblem) -> None:
        super().__init__(problem.name.lower())
        self.problem = problem


@dataclass(frozen=True, slots=True)
class PostgresAddress:
    """The URL of a PostgreSQL database. It may contain a password, so only `str` of this is shown to anybody."""

    url: str = field(repr=False)

    def __post_init__(self) -> None:
        """Raises `BadAddress`."""
        found = _URL.fullmatch(self.url)
        if found is None or _BAD_ESCAPE.search(self.url):
            raise BadAddress(AddressProblem.UNESCAPED)
        problem = _find_problem(found["hosts"], found["options"] or "")
        if problem and "@" in (found["options"] or ""):  # the password has a question mark
            raise BadAddress(AddressProblem.UNESCAPED)
        if problem or not self.name:
            raise BadAddress(problem or AddressProblem.NO_NAME)

    def __str__(self) -> str:
        """Without the user, the password and the options, except a host that is one of them."""
        hosts, host = self._parts["hosts"], self._options.get("host")
        if hosts or not host:
            return f"postgresql://{hosts}/{quote(self.name)}"
        return (
            f"postgresql:///{quote(self.name)}?host={quote(host, safe='/,:')}"  # a socket's folder, as it was written
        )

    def __repr__(self) -> str:
        return f"PostgresAddress({str(self)!r})"

    @property
    def name(self) -> str:
        """Of the database."""
        return self._options.get("dbname") or unquote(self._parts["name"])

    @property
    def url_without_password(self) -> str:
        """For a command that a person types, such as of `pg_dump`, which asks for the password."""
        parts = self._parts
        user = f"{parts['user']}@" if parts["user"] else ""
        options = urlencode(
            {name: value for name, value in self._options.items() if name not in _SECRET_OPTIONS}, quote_via=quote
        )
        query = f"?{options}" if options else ""
        return f"postgresql://{user}{parts['hosts']}/{parts['name']}{query}"

    def in_schema(self, name: str) -> "PostgresAddress":
        """The same database, where tables are made and found in the schema `name` alone."""
        options = f"{self._options.get('options', '')} -c search_path={name}".strip()
        others = [each for each in self._parts["options"].split("&") if each and not each.startswith("options=")]
        query = "&".join([*others, f"options={quote(options, safe='')}"])
        return PostgresAddress(f"{self.url.partition('?')[0]}?{query}")

    def list_secrets(self) -> list[str]:
        """What must not be shown, whatever an error says."""
        shown = {self.name, unquote(self._parts["user"]), self._options.get("user", "")}  # a password may be like these
        return [each for each in self._find_secrets() if len(each) >= SHORTEST_SECRET and each not in shown]

    def _find_secrets(self) -> Iterator[str]:
        yield self.url
        yield self._parts["password"]
        yield unquote(self._parts["password"])
        for name, value in self._options.items():
            if name in _SECRET_OPTIONS:
                yield quote(value)
                yield value

    @property
    def _parts(self) -> dict[str, str]:
        found = _URL.fullmatch(self.url)
        assert found is not None
        return found.groupdict("")

    @property
    def _options(self) -> dict[str, str]:
        return dict(_read_options(self._parts["options"]))


DatabaseAddress = Path | PostgresAddress


def read_address(text: str) -> DatabaseAddress:
    """A URL of PostgreSQL, or else the path of a file. Raises `BadAddress`."""
    text = text.strip()
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() in SCHEMES:
        return PostgresAddress(f"postgresql://{rest}")
    if _MEANS_URL.match(text):
        raise BadAddress(AddressProblem.OTHER_PROGRAM)
    return Path(text)


def _find_problem(hosts: str, options: str) -> AddressProblem | None:
    for each in hosts.split(","):
        found = _HOST.fullmatch(each)
        if found is None:
            return AddressProblem.BAD_HOST
        if not _is_port_list(found["port"] or ""):
            return AddressProblem.BAD_PORT
    for name, value in _read_options(options):
        if name not in OPTIONS:
            return AddressProblem.UNKNOWN_OPTION
        if name == "port" and not _is_port_list(value):
            return AddressProblem.BAD_PORT
    return None


def _read_options(options: str) -> Iterator[tuple[str, str]]:
    for each in filter(None, options.split("&")):
        name, sign, value = each.partition("=")
        yield unquote(name) if sign else "", unquote(value)


def _is_port_list(text: str) -> bool:
    """Whether it is a port, or none, or several with commas between them."""
    ports = [each for each in text.split(",") if each]
    return all(each.isascii() and each.isdecimal() and 0 < int(each[:6]) <= MOST_PORT for each in ports)
