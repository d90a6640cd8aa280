"""What the bot tells a server on its own initiative: that it has joined, and that digests don't reach their channel."""

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts.paper import ACCENT, build_view
from bot.layouts.reasons import explain_reason
from bot.layouts.text import count_noun
from bot.reasons import Reason


def render_welcome(paused: int) -> LayoutView:
    """The message when the bot joins; `paused` is how many subscriptions are left from the last time."""
    before = (
        f"\nI kept {count_noun(paused, 'subscription')} from last time, paused for now. See `/digest list`, "
        "and start again with `/digest resume`."
        if paused
        else ""
    )
    text = (
        "## Paperboy brings the day's best AI papers\n"
        "Hugging Face's Daily Papers, ranked by upvotes: one calm message, in the channel and at the time you choose. "
        "Everyone can find past papers with `/paper search`. I don't ping anyone unless you choose a role, and I only "
        f"write other messages when a digest can't reach its channel.{before}"
    )
    button: Button[LayoutView] = Button(label="Set up", style=ButtonStyle.primary, custom_id="setup:new")
    hint = "-# Setting me up takes a minute and needs **Manage Server**, or a role that was given `/digest`. "
    hint += "`/help` shows what I can do, and `/privacy about` what I store."
    return build_view(Container(TextDisplay(text), ActionRow(button), TextDisplay(hint), accent_colour=ACCENT))


def describe_failing_digests(channel_id: int, reason: Reason) -> str:
    """Sent once, when runs keep failing."""
    return (
        f"Two digests in a row didn't reach <#{channel_id}>. {explain_reason(reason)} See `/digest status` for details."
    )


def describe_digest_in_doubt(channel_id: int) -> str:
    """Sent when a digest may or may not have arrived."""
    return (
        f"I couldn't find out whether the last digest reached <#{channel_id}>, because I couldn't search the channel "
        "to the end. To avoid posting anything twice, I won't post its papers again. Please check the channel. If the "
        "digest is missing, `/top` shows the papers."
    )


def describe_unsearched_channel(channel_id: int) -> str:
    """Sent when the search for what was posted since a backup did not end."""
    return (
        "After a break, or with data from a backup, I couldn't find out for a day what I had posted before in "
        f"<#{channel_id}>. To avoid posting anything twice, I go on with new papers only. If something is missing "
        "there, `/top` shows the papers. Please check with `/digest list` that your settings are what you want."
    )


def describe_suspended_subscription(channel_id: int, reason: Reason) -> str:
    """Sent once, when a subscription is suspended."""
    then = "it resumes automatically" if reason.is_recoverable else "start it again with `/digest resume`"
    return f"The digest in <#{channel_id}> is suspended. {explain_reason(reason)} Once that is fixed, {then}."
