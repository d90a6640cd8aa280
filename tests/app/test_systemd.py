"""What systemd hears of a bot that it started with `Type=notify`."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.bot_process import DUE, World


class Manager:
    """The socket that systemd reads."""

    def __init__(self, heard: socket.socket) -> None:
        self._socket = heard

    async def hear(self) -> str:
        return (await asyncio.get_running_loop().sock_recv(self._socket, 4096)).decode()

    async def hear_until(self, wanted: str) -> list[str]:
        """All that is said, up to and with what begins so."""
        heard = [await self.hear()]
        while not heard[-1].startswith(wanted):
            heard.append(await self.hear())
        return heard


@contextmanager
def listening(address: str | Path) -> Iterator[Manager]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.setblocking(False)
        heard.bind(str(address))
        yield Manager(heard)


async def test_systemd_hears_when_the_start_succeeds_that_ticks_go_on_and_when_it_stops(
    world: World, tmp_path: Path
) -> None:
    with listening(tmp_path / "notify") as manager:
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "600000"}
        async with world.child(DUE, **told) as child:
            heard = await manager.hear_until("READY=1")
            assert heard[:-1] == ["EXTEND_TIMEOUT_USEC=60000000", "STATUS=logging in to Discord"]
            assert heard[-1] == "READY=1\nSTATUS=running"
            for _ in range(3):
                assert await manager.hear_until("WATCHDOG=1") == ["WATCHDOG=1"]
            await child.stop()
        assert set(await manager.hear_until("STOPPING=1")) <= {
            "WATCHDOG=1",
            "STOPPING=1\nSTATUS=stopping: what is under way is sent first",
        }


async def test_a_wrong_token_never_counts_as_a_start_and_a_socket_needs_no_file(world: World) -> None:
    name = f"paperboy-test-{os.getpid()}"
    with listening(f"\0{name}") as manager:
        async with world.child(DUE, token="wrong", NOTIFY_SOCKET=f"@{name}") as child:
            code, _ = await child.end()
        assert code == 2
        assert not [each for each in await manager.hear_until("STOPPING=1") if "READY" in each]


async def test_a_bot_that_nobody_listens_to_runs_all_the_same(world: World) -> None:
    async with world.child(DUE, NOTIFY_SOCKET="/nowhere/at/all", WATCHDOG_USEC="nonsense") as child:
        await child.tick()
        await child.stop()
