"""Whether a layout fits into one message."""

from discord.ui import LayoutView, TextDisplay

from bot.layouts.text import fits_in_message


def fits_discord(view: LayoutView) -> bool:
    """Whether Discord takes its texts and controls as one message."""
    sent: object = view.to_components()  # type: ignore[no-untyped-call]
    return fits_in_message((each.content for each in view.walk_children() if isinstance(each, TextDisplay)), sent)
