"""The preview: what the next digest would show, without posting or recording anything."""

from tests.support.messages import answer
from tests.support.panel import Panel, open_panel
from tests.support.server import Server


async def test_a_preview_shows_the_digest_beside_the_panel_and_records_nothing(panel: Panel) -> None:
    server = panel.server
    readers = server.guild.create_role("Readers", mentionable=True)
    await panel.click("Threads and pings")
    await panel.pick("ping_role_id", readers)
    await panel.click("Back")
    await panel.pick("size", "3")
    before, text = server.tables(), panel.text
    shown = answer(await panel.click("Preview"))
    assert "Paper 2601.00001" in shown
    assert "Paper 2601.00004" not in shown
    assert "<@&" not in shown
    assert server.tables() == before
    assert panel.text == text
    assert not [each for each in server.general.history() if each.mentions or each.role_mentions]


async def test_a_preview_without_matching_papers_says_why(panel: Panel) -> None:
    await panel.type_in("Filter and upvotes", filter="zeppelin", min_upvotes="0")
    assert "No new paper matched the filter" in answer(await panel.click("Preview"))


async def test_a_preview_of_a_change_leaves_out_what_was_posted_already(server: Server) -> None:
    await server.subscribe()
    await server.later(hours=1)
    opened = await open_panel(server, "1")
    assert "would be empty" in answer(await opened.click("Preview"))
