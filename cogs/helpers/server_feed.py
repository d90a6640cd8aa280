"""A server's own feed: what admins do with it, by `/digest feed` and the buttons of its answer."""

import re
import secrets

from bot.layouts import feed_links as layouts
from bot.refusals import Refusal, Refused
from bot.storage import ServerFeed
from cogs.helpers.admins import check_admin, get_guild
from cogs.helpers.controls import Control, Interaction, show_page

_KEY_BYTES = 24  # as many as nobody can guess


async def show_server_feed(interaction: Interaction, note: str = "") -> None:
    """Show whether the server's digests have a feed, and its addresses: to the admin who asks alone."""
    feed = await interaction.client.services.storage.server_feeds.get(get_guild(interaction).id)
    await show_page(interaction, layouts.render_server_feed(feed, interaction.client.feeds, note))


class ServerFeedButton(
    Control,
    kind="server-feed",
    pattern=r"(?P<action>show|on|ask-new|new|ask-off|off):(?P<version>\d{1,12})",
    in_place=True,
):
    """Switches a server's feed on or off, or gives it a new address. One that knows an older feed changes nothing."""

    async def answer(self, interaction: Interaction, match: re.Match[str]) -> None:
        await check_admin(interaction)
        if match["action"] == "on":
            await _turn_on(interaction)
            return
        feed = await interaction.client.services.storage.server_feeds.get(get_guild(interaction).id)
        if feed is None or layouts.get_feed_version(feed) != match["version"]:
            await show_server_feed(interaction)
            return
        match match["action"]:
            case "ask-new":
                await show_page(interaction, layouts.render_new_address_question(feed))
            case "ask-off":
                await show_page(interaction, layouts.render_turn_off_question(feed))
            case "new":
                await _replace_address(interaction, feed)
            case "off":
                await _turn_off(interaction, feed)
            case _:
                await show_server_feed(interaction)


async def _turn_on(interaction: Interaction) -> None:
    """Give the server a feed, unless it has one: two clicks make one address."""
    _check_feeds_are_open(interaction)
    services = interaction.client.services
    await services.storage.server_feeds.add(get_guild(interaction).id, _make_key(), services.clock())
    await show_server_feed(interaction, layouts.TURNED_ON)


async def _replace_address(interaction: Interaction, feed: ServerFeed) -> None:
    _check_feeds_are_open(interaction)
    services = interaction.client.services
    is_replaced = await services.storage.server_feeds.replace_key(feed, _make_key(), services.clock())
    await show_server_feed(interaction, layouts.REPLACED if is_replaced else "")


async def _turn_off(interaction: Interaction, feed: ServerFeed) -> None:
    is_off = await interaction.client.services.storage.server_feeds.delete(feed)
    await show_server_feed(interaction, layouts.TURNED_OFF if is_off else "")


def _check_feeds_are_open(interaction: Interaction) -> None:
    """Refuses to make an address that nobody outside could read."""
    if interaction.client.feeds is None:
        raise Refused(Refusal.NO_FEEDS)


def _make_key() -> str:
    return secrets.token_urlsafe(_KEY_BYTES)
