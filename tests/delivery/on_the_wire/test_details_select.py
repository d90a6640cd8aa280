"""The select of a digest opens the details of its papers, in every kind of channel."""

import json

import pytest

from bot.app import Services
from bot.subscription.settings import DigestLayout
from tests.support.builders import Clock
from tests.support.delivery_rig import open_rig
from tests.support.wire import Kind, Wire


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("layout", [DigestLayout.LIST, DigestLayout.COMPACT])
async def test_the_select_of_a_posted_digest_opens_each_papers_details(
    services: Services, wire: Wire, clock: Clock, kind: Kind, layout: DigestLayout
) -> None:
    async with open_rig(services, wire, clock, kind, layout=layout) as rig:
        await rig.tick()
        (message,) = rig.channel.digests
        assert len(message.papers) > 1
        for paper in message.papers:
            answered = await wire.pick(rig.guild.general, message, paper)
            assert answered["data"]["flags"] & 1 << 6  # only who picked it sees it
            assert f"https://huggingface.co/papers/{paper}" in json.dumps(answered)
