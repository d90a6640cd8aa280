"""A panel goes on working after a restart of the bot."""

from datetime import time
from zoneinfo import ZoneInfo

from bot.subscription.schedule import Cadence, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.panel import ALL_PARTS, Panel
from tests.support.server import stale_button, subscriptions


async def test_every_control_works_after_a_restart(panel: Panel) -> None:
    server = panel.server
    for part in ALL_PARTS:
        if part not in {"preview", "save", "cancel"}:
            await server.restart()
            message = stale_button(server, panel.id_of(part))
            await server.admin.click(message, label="Details")
    known = await panel.settings()
    assert known == DigestSettings(
        1,
        Schedule(time(9), ZoneInfo("UTC"), frozenset({0, 1}), Cadence.WEEKLY),
        Selection(size=3, allow_repeats=True),
        PostingOptions(
            DigestLayout.CARDS, Threads.PER_DIGEST, 60, publish=True, ping_role_id=5, silent=True, quiet_line=True
        ),
    )


async def test_selects_of_channels_and_roles_work_after_a_restart(panel: Panel) -> None:
    readers = panel.server.guild.create_role("Readers", mentionable=True)
    await panel.server.restart()
    await panel.pick("channel_id", panel.server.papers)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    assert (await panel.settings()).channel_id == panel.server.papers.id
    assert (await panel.settings()).posting.ping_role_id == readers.id


async def test_a_modal_opened_before_a_restart_works_after_it(panel: Panel) -> None:
    shown = await panel.click("Time and zone")
    await panel.server.restart()
    await panel.server.admin.submit_modal(shown, {"time": "22:00", "timezone": "Asia/Tokyo"})
    assert "Every day at 22:00 Asia/Tokyo" in panel.text


async def test_a_panel_is_saved_after_a_restart(panel: Panel) -> None:
    await panel.server.restart()
    await panel.click("Save")
    assert len(await subscriptions(panel.server)) == 1
