"""The addresses of feeds, to copy into a feed reader; and a server's own feed, which its admins switch on and off."""

from collections.abc import Iterator

from discord import ButtonStyle
from discord.ui import Button, LayoutView

from bot.feed_addresses import FeedAddresses, FeedFormat
from bot.layouts.paper import build_panel
from bot.layouts.query_buttons import build_follow_button
from bot.layouts.subscription_views import build_list_button
from bot.layouts.text import format_code, format_code_block, format_timestamp
from bot.storage import ServerFeed

_NAMES = {FeedFormat.ATOM: "Atom, which every feed reader takes", FeedFormat.JSON: "JSON Feed"}
_READERS = (
    "-# A feed reader, such as Feedly, Inoreader, NetNewsWire or Thunderbird, looks there now and then, and shows you "
    "what is new."
)
TURNED_ON = "Turned on."
TURNED_OFF = "Turned off. The old address no longer works."
REPLACED = "Here is the new address. The old one no longer works."
_MAX_ADDRESSES = 3000  # characters, of the 4,000 of a message
_WHO_CAN_READ = (
    "**Whoever has its address can read it**, without being a member here and without logging in: the papers of all "
    "digests of this server, those in private channels too. It has no messages, no names of channels, and no people."
)


def render_search_feed(query: str, atom: str, json: str) -> LayoutView:
    """The addresses of the feed of what a query finds; if both are very long, the one that every reader takes."""
    is_long = len(atom) + len(json) > _MAX_ADDRESSES
    addresses = _list_addresses({FeedFormat.ATOM: atom} if is_long else {FeedFormat.ATOM: atom, FeedFormat.JSON: json})
    lines = [f"**The newest papers for {format_code(query)}, outside Discord.** Copy an address into your feed reader:"]
    return build_panel("\n".join((*lines, *addresses, _READERS)), [build_follow_button(query, "Or follow it here")])


def render_server_feed(feed: ServerFeed | None, feeds: FeedAddresses | None, note: str = "") -> LayoutView:
    """Whether a server's digests have a feed, where it is, and what its admins can do about it."""
    lines = [note] if note else []
    if feed is None and feeds is None:
        lines.append(
            "**This server's digests have no feed.** Whoever runs me has opened no feeds to the outside, so none can "
            "be switched on."
        )
        return build_panel("\n".join(lines), [build_list_button()])
    if feed is None:
        lines += (
            "**This server's digests have no feed.** With one, they can be read in any feed reader.",
            f"{_WHO_CAN_READ} The address can't be guessed, and you can replace it or switch the feed off at any time.",
        )
        turn_on = Button[LayoutView](label="Turn on", style=ButtonStyle.success, custom_id="server-feed:on:0")
        return build_panel("\n".join(lines), [turn_on, build_list_button()])
    lines.append(f"**This server's digests have a feed**, since {format_timestamp(feed.created_at)}.")
    if feeds is None:
        lines.append("It can't be read now, because whoever runs me has closed the feeds to the outside.")
    else:
        lines += _list_addresses({each: feeds.build_server(feed.key, each) for each in FeedFormat})
        lines += (_WHO_CAN_READ, _READERS)
    buttons = [_build_button("New address", "ask-new", feed)] if feeds else []
    return build_panel("\n".join(lines), [*buttons, _build_button("Turn off", "ask-off", feed)])


def render_new_address_question(feed: ServerFeed) -> LayoutView:
    text = "**Make a new address?** The old one stops working at once, in every feed reader that has it."
    make = _build_button("Make a new one", "new", feed, ButtonStyle.danger)
    return build_panel(text, [make, _build_button("Keep it", "show", feed)])


def render_turn_off_question(feed: ServerFeed) -> LayoutView:
    text = (
        "**Turn the feed off?** Its address stops working at once, in every feed reader that has it, and never comes "
        "back. Digests go on."
    )
    turn_off = _build_button("Turn it off", "off", feed, ButtonStyle.danger)
    return build_panel(text, [turn_off, _build_button("Keep it", "show", feed)])


def get_feed_version(feed: ServerFeed) -> str:
    """What a button knows its feed by: another address has another version."""
    return str(int(feed.created_at.timestamp()))


def _list_addresses(addresses: dict[FeedFormat, str]) -> Iterator[str]:
    for format_, address in addresses.items():
        yield f"{_NAMES[format_]}:\n{format_code_block(address)}"


def _build_button(
    label: str, action: str, feed: ServerFeed, style: ButtonStyle = ButtonStyle.secondary
) -> Button[LayoutView]:
    return Button(label=label, style=style, custom_id=f"server-feed:{action}:{get_feed_version(feed)}")
