"""What a server is told when the bot joins it, and what anybody is told of their data."""

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts.paper import ACCENT, finished
from bot.layouts.text import count

FORGOTTEN = (
    "All that was kept of this server is deleted, but for the note that I am in it. `/digest setup` begins anew."
)
KEPT_DAYS = 30

PRIVACY = f"""## What I keep
**Of a server:** what its admins set up with `/digest` (channels, times, filters), who changed it and when, which papers
were posted in which message, and whether I have told it something. What stands in an open panel is kept for two days
at most.
**Of you:** nothing, unless you set up digests: then your user id stands in that log. What you search for, read or
click is not recorded. I ask Discord for no messages, no members and no presence.
**Of papers:** what Hugging Face publishes of them, and their upvotes over time.
**When I am removed** from a server, nothing is posted there any more, and its data is deleted after {KEPT_DAYS} days.
`/digest forget-everything` deletes it at once."""


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
