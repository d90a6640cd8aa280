"""Where only a proxy reaches the internet, the bot goes through it, and through nothing else."""

from urllib.parse import urlsplit

import pytest

from tests.support.bot_process import DUE, World
from tests.support.proxy import ForwardProxy


async def test_a_bot_behind_a_proxy_reads_the_papers_and_posts_the_digest_through_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = ForwardProxy()
    async with proxy.serve() as address:
        monkeypatch.setenv("PAPERBOY_PROXY_URL", address)
        async with world.child(DUE) as child:
            while not world.channel.messages:
                await child.tick()
            said = await child.stop()
    await world.assert_arrived_once()
    discord, gateway, papers = world.wire.api_url, world.wire.gateway.url, world.papers_url
    assert proxy.visited == {urlsplit(each).netloc for each in (discord, gateway, papers)}
    assert proxy.turned_away == 0
    assert "password" not in said
