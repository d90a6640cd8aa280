"""Requests to Discord that cannot come late, when another process may be doing the same by then.

What changes a channel is sent only while it is certain that this process has its shards. What is sent then reaches
Discord soon, or never.
"""

import re
import socket
from types import SimpleNamespace

import aiohttp

from bot.claims import Claims

UNACKNOWLEDGED = 20  # seconds that what was sent may stay without an acknowledgement, where the system can limit that
_CHANGES = re.compile(r"/channels/\d+/")  # what people are answered goes elsewhere


def build_connector() -> aiohttp.TCPConnector:
    """What discord.py makes its connections with; these end when what was sent does not arrive."""
    return aiohttp.TCPConnector(limit=0, socket_factory=_open_socket)


def _open_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, *_ = address
    opened = socket.socket(family, kind, protocol)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED * 1000)
    return opened


def confirm_requests(trace: aiohttp.TraceConfig, claims: Claims) -> None:
    """Let requests that `trace` sees, and that change a channel, wait until `claims` are certain."""

    async def confirm_start(
        session: aiohttp.ClientSession,  # noqa: ARG001
        context: SimpleNamespace,
        started: aiohttp.TraceRequestStartParams,
    ) -> None:
        context.changes_channel = started.method != "GET" and _CHANGES.search(started.url.path) is not None
        if context.changes_channel:
            await claims.confirm()

    async def confirm_again(
        session: aiohttp.ClientSession,  # noqa: ARG001
        context: SimpleNamespace,
        made: aiohttp.TraceConnectionCreateEndParams,  # noqa: ARG001
    ) -> None:
        if context.changes_channel:  # to make the connection may have taken long
            await claims.confirm()

    trace.on_request_start.append(confirm_start)
    trace.on_connection_create_end.append(confirm_again)
