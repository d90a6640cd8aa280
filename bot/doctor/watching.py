"""Checks of what watches the bot: its HTTP port, and the heartbeat."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp

from bot.doctor.case import REQUEST_LIMIT, Case
from bot.findings import Finding, Kind, find

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # where one asks what listens everywhere
MAX_ANSWER = 10_000  # bytes
_READY, _NOT_READY = 200, 503  # HTTP statuses


async def check_http(case: Case) -> AsyncIterator[Finding]:
    """Whether the running bot says on its port that it is ready, or whether the port is free for it."""
    port = case.bot_settings.http_port
    if port is None:
        yield find(Kind.HTTP_OFF)
        return
    is_running = case.is_running
    try:
        status, said = await _ask_whether_ready(case.bot_settings.http_host, port)
    except aiohttp.ClientConnectorError:
        yield find(Kind.HTTP_SILENT, port=port) if is_running else find(Kind.HTTP_FINE, port=port)
    except (aiohttp.ClientError, OSError):  # something listens that speaks another language, or never answers
        yield find(Kind.HTTP_SILENT if is_running else Kind.HTTP_PORT_TAKEN, port=port)
    else:
        problems = _read_problems(said)
        if problems is None or status not in {_READY, _NOT_READY}:
            yield find(Kind.HTTP_PORT_TAKEN, port=port)
        elif status == _NOT_READY:
            yield find(Kind.HTTP_NOT_READY, port=port, detail=" ".join(problems))
        else:
            yield find(Kind.HTTP_FINE, port=port)


def _read_problems(said: object) -> list[str] | None:
    """The texts of the problems in an answer of ours; None if it is no such answer."""
    try:
        return [str(each["text"]) for each in said["problems"]]  # type: ignore[index]  # whatever a stranger sent
    except (TypeError, LookupError):
        return None


async def _ask_whether_ready(host: str, port: int) -> tuple[int, object]:
    """The HTTP status and the JSON of the answer; None if it is not JSON. Raises what aiohttp raises."""
    host = EVERYWHERE.get(host, host)
    address = f"http://[{host}]:{port}/readyz" if ":" in host else f"http://{host}:{port}/readyz"
    async with asyncio.timeout(REQUEST_LIMIT), aiohttp.ClientSession() as session, session.get(address) as answer:
        body = await answer.content.read(MAX_ANSWER)
    try:
        return answer.status, json.loads(body)
    except ValueError:
        return answer.status, None


async def check_heartbeat(case: Case) -> AsyncIterator[Finding]:
    """Whether the heartbeat's host can be reached. Asks for nothing there: a request would count as a sign of life."""
    url = case.bot_settings.heartbeat_url
    if url is None:
        yield find(Kind.HEARTBEAT_OFF)
        return
    try:
        async with asyncio.timeout(REQUEST_LIMIT):
            _, writer = await asyncio.open_connection(url.host, url.port, ssl=url.scheme == "https")
    except (OSError, ValueError) as error:
        yield find(Kind.HEARTBEAT_UNREACHABLE, detail=type(error).__name__)  # its words would name the host
        return
    writer.close()
    yield find(Kind.HEARTBEAT_FINE)
