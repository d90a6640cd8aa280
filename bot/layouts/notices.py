"""What a server is told unasked: that the bot has joined it, and that digests do not get to their channel."""

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts.paper import ACCENT, finished
from bot.layouts.reasons import explain
from bot.layouts.text import count
from bot.reasons import Reason


def welcome(paused: int) -> LayoutView:
    """What the bot writes once when it joins; `paused` subscriptions are there from before."""
    before = (
        f"\n{count(paused, 'subscription')} from before are kept, and paused: `/digest list` shows them, "
        "`/digest resume` starts them again."
        if paused
        else ""
    )
    text = (
        "## Paperboy brings the day's best AI papers\n"
        "Hugging Face's Daily Papers, ranked by upvotes: one calm message in the channel and at the time you choose. "
        "Everybody can find past papers with `/paper search`. I ping nobody unless you choose a role. Unasked, I write "
        f"only when something keeps a digest from its channel.{before}"
    )
    button: Button[LayoutView] = Button(label="Set up", style=ButtonStyle.primary, custom_id="setup:new")
    hint = "-# *Set up* is for members with **Manage Server**; it takes a minute. `/privacy` says what is stored."
    return finished(Container(TextDisplay(text), ActionRow(button), TextDisplay(hint), accent_colour=ACCENT))


def failing(channel_id: int, reason: Reason) -> str:
    """Once, of runs that fail."""
    return f"Two digests in a row did not get to <#{channel_id}>. {explain(reason)} `/digest status` has more."


def doubtful(channel_id: int) -> str:
    """Of a digest that may or may not be there."""
    return (
        f"I could not find out whether the last digest reached <#{channel_id}>, because its channel could not be "
        "searched to the end. So that nothing is posted twice, I will not post its papers again. Please look in the "
        "channel; if the digest is missing, `/top` shows the papers."
    )


def suspended(channel_id: int, reason: Reason) -> str:
    """Once, of a subscription that waits for an admin."""
    then = "it goes on by itself" if reason.recovers else "`/digest resume` starts it again"
    return f"The digest in <#{channel_id}> is suspended. {explain(reason)} Once that is fixed, {then}."
