"""The first minute on a new server."""

from tests.support.guilds import channel, new_server
from tests.support.messages import paper_ids, read_texts
from tests.support.server import Server, other_admin


async def test_from_the_welcome_it_is_three_clicks_to_the_first_digest(server: Server) -> None:
    await server.read_lists()
    guild = new_server(server, "lobby")
    await server.env.settle()
    (welcome,) = channel(guild, "lobby").history()
    emmy = other_admin(server, guild, "emmy")
    panel = await emmy.click(welcome, label="Set up")
    assert panel.response
    await emmy.click(panel.response, label="Save")
    assert read_texts(panel.response.message).startswith("**Set up.** Every day at 09:00")
    await emmy.click(panel.response, label="Post one now")
    digest = channel(guild, "lobby").history()[-1]
    assert len(paper_ids(digest)) == 5
    assert read_texts(digest).startswith("# Daily Papers")
