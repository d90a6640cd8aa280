"""Tells systemd how the service is, as `Type=notify` wants it. Without systemd, nothing is told.

See `man sd_notify`: lines of `NAME=value` in datagrams to the socket that the environment names.
"""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

EXTEND_EVERY, EXTEND_BY = 15, 60  # seconds


class ServiceManager:
    """systemd, while it starts the service, watches it and stops it."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # a name in Linux's abstract namespace, without any file
            self._address = f"\0{self._address[1:]}"
        is_for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        microseconds = environment.get("WATCHDOG_USEC", "") if is_for_us else ""
        self._feed_every = int(microseconds) / 3_000_000 if microseconds.isdecimal() else None
        self._is_ready = asyncio.Event()

    def tell_status(self, line: str) -> None:
        """Show a line in `systemctl status`."""
        self._send(f"STATUS={line}")

    def tell_ready(self, status: str) -> None:
        """The start has succeeded."""
        self._is_ready.set()
        self._send(f"READY=1\nSTATUS={status}")

    def tell_stopping(self, status: str) -> None:
        self._send(f"STOPPING=1\nSTATUS={status}")

    async def keep_informed(self, is_well: Callable[[], bool]) -> None:
        """Ask for more time while the bot starts; then, if systemd watches it, report often that it is well."""
        while not self._is_ready.is_set():
            self._send(f"EXTEND_TIMEOUT_USEC={EXTEND_BY * 1_000_000}")
            with suppress(TimeoutError):
                async with asyncio.timeout(EXTEND_EVERY):
                    await self._is_ready.wait()
        while self._feed_every:
            if is_well():
                self._send("WATCHDOG=1")
            await asyncio.sleep(self._feed_every)

    def _send(self, lines: str) -> None:
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as telling:
            telling.setblocking(False)  # the bot waits for nobody
            telling.sendto(lines.encode(), self._address)


@asynccontextmanager
async def open_service_manager(is_well: Callable[[], bool]) -> AsyncIterator[ServiceManager]:
    """Who started the service, kept informed until the end."""
    manager = ServiceManager()
    informing = asyncio.create_task(manager.keep_informed(is_well))
    try:
        yield manager
    finally:
        informing.cancel()
