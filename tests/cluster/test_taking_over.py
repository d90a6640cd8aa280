"""Shards change hands while digests are on their way: whoever has them next posts the rest, and nothing twice."""

from tests.support.cluster import MIXED, Cluster, Member

SLOWLY = 1.5  # seconds in which a message is on its way


async def start_with_standby(cluster: Cluster) -> tuple[Member, Member]:
    """A process with all shards, and another that waits for them."""
    holder = cluster.start("0-3/4")
    await cluster.until_identified(4)
    standby = cluster.start("0-3/4", at="other-")
    await cluster.until_waiting(standby)
    return holder, standby


async def test_a_standby_takes_over_from_a_process_that_is_killed(cluster: Cluster) -> None:
    await cluster.add(MIXED)
    holder, _ = await start_with_standby(cluster)
    cluster.wire.slowness = SLOWLY
    await cluster.subscribe()
    await cluster.until_posted(5)
    await holder.kill()
    await cluster.until_done()
    await cluster.stop_all()
    assert len(cluster.wire.gateway.identifies) == 8
    await cluster.assert_each_once()


async def test_a_process_that_loses_its_claims_and_lives_on_posts_nothing_in_a_forum_that_its_standby_posts(
    cluster: Cluster,
) -> None:
    await cluster.add({"a forum": 30, "a post for each highlight": 5, "a text channel": 5})
    holder, _ = await start_with_standby(cluster)
    cluster.wire.slowness = SLOWLY
    await cluster.subscribe()
    await cluster.until_posted(5)
    await cluster.cut_claims()
    await cluster.until_done()
    await cluster.stop_all()
    assert holder.gave_up
    await cluster.assert_each_once()


async def test_processes_are_restarted_one_after_the_other_while_digests_are_sent(cluster: Cluster) -> None:
    await cluster.add(MIXED)
    old = [cluster.start("0-1/4"), cluster.start("2-3/4")]
    await cluster.until_identified(4)
    cluster.wire.slowness = SLOWLY
    await cluster.subscribe()
    for number, member in enumerate(old, 1):
        newer = cluster.start(member.shards, at="new-")
        await cluster.until_waiting(newer)
        await member.stop()
        assert member.exit_code == 0
        await cluster.until_identified(4 + 2 * number)
    await cluster.until_done()
    await cluster.stop_all()
    await cluster.assert_each_once()
