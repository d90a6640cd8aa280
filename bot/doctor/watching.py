"""Checks of what watches the bot: its HTTP port, and the heartbeat."""

import asyncio
from collections.abc import AsyncIterator

from bot.doctor.case import REQUEST_LIMIT, Case, run_in_thread
from bot.findings import Finding, Kind, find
from bot.readiness import ForeignAnswer, PortSilent, StandingBy, ask_whether_ready


async def check_http(case: Case) -> AsyncIterator[Finding]:
    """Whether the running bot says on its port that it is ready, or whether the port is free for it."""
    port = case.bot_settings.http_port
    if port is None:
        public = case.bot_settings.public_url
        yield find(Kind.FEEDS_NOT_SERVED, address=str(public)) if public else find(Kind.HTTP_OFF)
        return
    host, is_running = case.bot_settings.http_host, await case.is_running()
    try:
        async with asyncio.timeout(REQUEST_LIMIT):
            problems = await run_in_thread(lambda: ask_whether_ready(host, port, REQUEST_LIMIT))
    except (PortSilent, TimeoutError) as error:
        is_free = isinstance(error, PortSilent) and not error.is_open
        kind = Kind.HTTP_FINE if is_free else Kind.HTTP_PORT_TAKEN
        yield find(Kind.HTTP_SILENT if is_running else kind, port=port)
    except StandingBy:
        yield find(Kind.HTTP_FINE, port=port)
    except ForeignAnswer:
        yield find(Kind.HTTP_PORT_TAKEN, port=port)
    else:
        if problems:
            yield find(Kind.HTTP_NOT_READY, port=port, detail=" ".join(problems))
        else:
            yield find(Kind.HTTP_FINE, port=port)


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
