"""Right after lists are read, what people want at once is on its way."""

from datetime import time
from zoneinfo import ZoneInfo

from bot.demo.papers_server import PapersServer
from bot.storage import How
from bot.subscription.schedule import Schedule
from tests.support.builders import FRIDAY, entry
from tests.support.server import Server


async def test_what_passes_is_planned_as_soon_as_its_list_was_read(server: Server, papers_server: PapersServer) -> None:
    services = server.bot.services
    schedule = Schedule(time(9), ZoneInfo("UTC"))
    await services.follower.follow(7, "paper", How.AT_ONCE, 5, schedule, server.clock.now)
    listed = [entry("2601.00077", FRIDAY, upvotes=50), entry("2601.00078", FRIDAY, upvotes=49)]
    papers_server.lists = {FRIDAY: listed}
    await services.scheduler.get_job("fetching.current").func()
    (planned,) = await services.storage.deliveries.list_latest(1)
    assert [each.paper.id for each in planned.digest.highlights] == ["2601.00077"]
    await services.scheduler.get_job("fetching.settling").func()
    assert await services.storage.deliveries.list_latest(1, 5) == [planned]
