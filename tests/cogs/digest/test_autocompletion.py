"""What is offered while an admin types."""

from tests.support.server import Server, choices, delete


async def test_typing_a_city_offers_its_time_zone_first(server: Server) -> None:
    assert (await choices(server, "digest add", "timezone", "berl"))[0] == "Europe/Berlin"
    assert (await choices(server, "digest add", "timezone", "ista"))[0] == "Europe/Istanbul"
    assert (await choices(server, "digest add", "timezone", "new y"))[0] == "America/New_York"
    assert (await choices(server, "digest edit", "timezone", "KOLKATA"))[0] == "Asia/Kolkata"


async def test_at_most_25_zones_are_offered(server: Server) -> None:
    assert len(await choices(server, "digest add", "timezone", "")) == 25
    assert await choices(server, "digest add", "timezone", "x" * 100) == []


async def test_weekdays_are_offered_while_typing(server: Server) -> None:
    assert (await choices(server, "digest add", "weekdays", ""))[:3] == ["every day", "weekdays", "weekends"]
    assert await choices(server, "digest edit", "weekdays", "Tu") == ["Tuesday"]


async def test_digests_are_offered_by_their_channel(server: Server) -> None:
    await server.subscribe()
    await server.subscribe(channel=server.general, time="18:00")
    (found,) = await server.admin.autocomplete(server.general, "digest pause", "subscription", "GENER")
    assert found == {"name": "#general, every day at 18:00 UTC (#2)", "value": "2"}
    assert len(await choices(server, "digest pause", "subscription", "#")) == 2


async def test_a_digest_whose_channel_is_gone_is_still_offered(server: Server) -> None:
    await server.subscribe()
    await delete(server, server.papers.id)
    assert await choices(server, "digest remove", "subscription", "") == [
        "a deleted channel, every day at 09:00 UTC (#1)"
    ]
