"""Asks the running bot on its port whether it is ready. It loads little, because health checks come all the time."""

import http.client
import json

PATH = "/readyz"
READY, NOT_READY = 200, 503  # HTTP statuses
_STANDBY = "standby"  # `ProblemKind.STANDBY`
MAX_ANSWER = 2**20  # bytes
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104  # where a port on all addresses answers


class PortSilent(Exception):
    """Nobody answered; unless it `is_open`, nothing listens on the port."""

    def __init__(self, detail: str, *, is_open: bool) -> None:
        super().__init__(detail)
        self.is_open = is_open


class ForeignAnswer(Exception):
    """Another program answered."""


class StandingBy(Exception):
    """All is well, but another process has the bot's shards: it says in its own words what it waits for."""


def build_address(host: str, port: int) -> str:
    """The address to ask, if the port was opened on `host`."""
    host = _find_reachable(host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


def ask_whether_ready(host: str, port: int, timeout: float) -> tuple[str, ...]:
    """What keeps the bot from being ready, in its own words; nothing if it is.

    Waits at most `timeout` seconds for each step. Raises `PortSilent`, `ForeignAnswer` and `StandingBy`.
    """
    connection = http.client.HTTPConnection(_find_reachable(host), port, timeout=timeout)
    try:
        connection.connect()
        connection.request("GET", PATH)
        response = connection.getresponse()
        status, body = response.status, response.read(MAX_ANSWER)
    except (OSError, UnicodeError, http.client.HTTPException) as error:
        is_open = connection.sock is not None or isinstance(error, TimeoutError)
        detail = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise PortSilent(detail, is_open=is_open) from error
    finally:
        connection.close()
    problems = _read_problems(body)
    texts = tuple(text for _, text in problems)
    if status == READY:
        return ()
    if status != NOT_READY or not problems:
        raise ForeignAnswer
    if [kind for kind, _ in problems] == [_STANDBY]:
        raise StandingBy(*texts)
    return texts


def _find_reachable(host: str) -> str:
    return _EVERYWHERE.get(host, host)


def _read_problems(body: bytes) -> list[tuple[str, str]]:
    """The kind and the text of each."""
    try:
        return [(str(each["kind"]), str(each["text"])) for each in json.loads(body)["problems"]]
    except (ValueError, TypeError, LookupError) as error:
        raise ForeignAnswer from error
