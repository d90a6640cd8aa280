"""Several processes share the shards: each sends to its own servers and people, and answers them."""

from tests.support.cluster import MIXED, Cluster
from tests.support.wire import Kind


async def test_two_processes_with_two_shards_each_send_every_digest_once(cluster: Cluster) -> None:
    await cluster.add(MIXED)
    cluster.start("0-1/4")
    cluster.start("2-3/4")
    await cluster.subscribe()
    await cluster.until_done()
    await cluster.stop_all()
    assert sorted(each.shard for each in cluster.wire.gateway.identifies) == [0, 1, 2, 3]
    assert not cluster.wire.gateway.too_fast
    await cluster.assert_each_once()


async def test_a_server_is_answered_by_the_process_of_its_shard_and_direct_messages_by_that_of_shard_0(
    cluster: Cluster,
) -> None:
    guilds = await cluster.add({"a text channel": 12, "a person": 4})
    cluster.start("0-1/4")
    second = cluster.start("2-3/4")
    await cluster.until_ready(4)
    servers = [guild for guild in guilds if guild.papers.kind is Kind.TEXT]
    for guild in servers:
        assert "Paperboy" in str(await cluster.wire.command(guild.general, "help"))
    await second.kill()
    for person in cluster.wire.people.values():
        assert "Paperboy" in str(await cluster.wire.command(person.papers, "help"))
    for guild in servers:
        if guild not in cluster.list_guilds(second):
            assert "Paperboy" in str(await cluster.wire.command(guild.general, "help"))


async def test_a_process_that_counts_other_shards_is_refused_and_says_why(cluster: Cluster) -> None:
    cluster.start("0-3/4")
    await cluster.until_identified(4)
    other = cluster.start("0/2")
    assert await other.end() == 2
    assert "PAPERBOY_SHARDS" in other.log
    assert len(cluster.wire.gateway.identifies) == 4
