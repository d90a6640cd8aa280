"""Where only a proxy reaches the internet, the bot goes through it, and through nothing else."""

import asyncio
from urllib.parse import urlsplit

from tests.support.bot_process import DUE, World
from tests.support.proxy import ForwardProxy


async def test_a_bot_behind_a_proxy_reads_the_papers_posts_the_digest_and_beats_through_it(world: World) -> None:
    proxy, beats = ForwardProxy(), asyncio.Event()

    async def hear(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        beats.set()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    monitor = await asyncio.start_server(hear, "127.0.0.1", 0)
    heartbeat = f"http://127.0.0.1:{monitor.sockets[0].getsockname()[1]}/secret"
    async with (
        monitor,
        proxy.serve() as address,
        world.child(DUE, PAPERBOY_PROXY_URL=address, PAPERBOY_HEARTBEAT_URL=heartbeat) as child,
    ):
        while not (world.channel.messages and beats.is_set()):
            await child.tick()
        said = await child.stop()
    await world.assert_arrived_once()
    hosts = (world.wire.api_url, world.wire.gateway.url, world.papers_url, heartbeat)
    assert proxy.visited == {urlsplit(each).netloc for each in hosts}
    assert proxy.turned_away == 0
    assert "password" not in said
