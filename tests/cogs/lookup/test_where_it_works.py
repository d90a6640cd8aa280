"""Look-ups also work in direct messages and for people who installed the bot for themselves."""

import discord

from tests.support.messages import read_texts
from tests.support.server import Server


async def test_look_ups_work_in_a_direct_message(library: Server) -> None:
    for command, wanted in {
        "search": {"query": "diffusion"},
        "show": {"paper": "2601.00002"},
        "cite": {"paper": "2601.00002"},
        "random": {"query": "diffusion"},
        "today": {},
    }.items():
        message = await library.member.user.slash(f"paper {command}", **wanted)
        assert isinstance(message.response.message.channel, discord.DMChannel | discord.PartialMessageable)
        assert "Diffusion Without Tears" in read_texts(message.response.message)


async def test_people_can_install_only_the_look_ups_for_themselves_and_servers_get_everything(server: Server) -> None:
    (registered,) = [each.json for each in server.env.http_requests if each.method == "PUT"]
    assert isinstance(registered, list)
    installs = {each["name"]: (each["integration_types"], each["contexts"]) for each in registered}
    everywhere = ([0, 1], [0, 1, 2])
    assert (installs["paper"], installs["top"]) == (everywhere, everywhere)
    assert 1 not in (installs["digest"][0] or [])
