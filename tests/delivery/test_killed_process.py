"""The real process, killed at every step of a delivery and started again: one message, one record."""

import shutil
import signal
from datetime import timedelta

import pytest

from tests.support.bot_process import DUE, World
from tests.support.builders import FRIDAY, entries
from tests.support.wire import Fault

FINE = Fault(200, created=True)

WITHIN_THE_BOT = {
    "before the plan": "before Deliveries.plan_delivery",
    "amid the plan": "amid INSERT INTO highlights",
    "after the plan": "after Deliveries.plan_delivery",
    "before the attempt is noted": "before Deliveries.record_attempt",
    "after the attempt is noted": "after Deliveries.record_attempt",
    "after the answer": "before Deliveries.record_arrival",
    "after the record": "after Deliveries.record_arrival",
    "before its completion": "before Deliveries.complete_delivery",
    "after its completion": "after Deliveries.complete_delivery",
}
ON_THE_WAY = {"when the request has arrived": False, "when the message exists": True}
LATER = {"at once": timedelta(seconds=10), "after the nonce has expired": timedelta(minutes=10)}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER.keys())
@pytest.mark.parametrize("step", [*WITHIN_THE_BOT, *ON_THE_WAY])
async def test_a_bot_killed_at_any_step_and_started_again_posts_one_digest(
    world: World, step: str, later: timedelta
) -> None:
    async with world.child(DUE, kill=WITHIN_THE_BOT.get(step, "")) as child:
        if step in ON_THE_WAY:
            world.wire.post_faults.append(Fault(created=ON_THE_WAY[step], meanwhile=child.kill))
        code, said = await child.end()
        assert code == -signal.SIGKILL, said
    async with world.child(DUE + later) as child:
        await child.tick()
        await child.tick()
        assert "Traceback" not in await child.stop()
    await world.assert_arrived_once()


async def test_a_bot_killed_again_and_again_posts_one_digest(world: World) -> None:
    for number, kill in enumerate(WITHIN_THE_BOT.values()):
        async with world.child(DUE + number * timedelta(minutes=3), kill=kill) as child:
            assert (await child.end())[0] == -signal.SIGKILL
    await world.assert_arrived_once()


async def test_a_bot_killed_amid_many_people_writes_to_each_of_them_once(world: World) -> None:
    people = await world.add_people(40)
    for kills, (before, created) in enumerate([(3, False), (9, True)]):
        async with world.child(DUE + kills * timedelta(minutes=4)) as child:
            world.wire.post_faults.extend([*[FINE] * before, Fault(created=created, meanwhile=child.kill)])
            assert (await child.end())[0] == -signal.SIGKILL
        world.wire.post_faults.clear()
    assert 0 < sum(bool(person.papers.digests) for person in people) < len(people)
    async with world.child(DUE + timedelta(minutes=30)) as child:
        await child.tick()
        await child.tick()
        assert "Traceback" not in await child.stop()
    await world.assert_arrived_once()
    await world.assert_each_got_one(people)


async def test_an_old_file_that_was_put_in_place_by_hand_repeats_nothing_although_the_bot_is_killed_again(
    world: World,
) -> None:
    world.papers.lists = {**world.papers.lists, FRIDAY: entries(7, FRIDAY, first=11)}
    day, backup = timedelta(days=1), world.database.with_name("backup.db")
    async with world.child(DUE) as child:
        await child.tick()
        await child.stop()
    shutil.copy(world.database, backup)
    async with world.child(DUE + day, kill="before Deliveries.record_arrival") as child:
        assert (await child.end())[0] == -signal.SIGKILL
    for each in world.database.parent.glob(f"{world.database.name}*"):
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    backup.rename(world.database)
    async with world.child(DUE + day + timedelta(minutes=10), kill="amid DELETE FROM found_messages") as child:
        assert (await child.end())[0] == -signal.SIGKILL
    async with world.child(DUE + day + timedelta(minutes=20)) as child:
        for _ in range(3):
            await child.tick()
        assert "Traceback" not in await child.stop()
    deliveries, _ = await world.deliveries()
    assert [[each.message_id for each in one.messages] for one in reversed(deliveries)] == [
        [each.id] for each in world.channel.messages
    ]
    papers = [paper for each in world.channel.messages for paper in each.papers]
    assert len(papers) == len(set(papers)) == 10
