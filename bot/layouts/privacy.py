"""What anybody is told of their data, and the question before it is deleted."""

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts.paper import ACCENT, finished
from bot.layouts.text import count
from bot.storage import KEPT_FOR

_DAYS = KEPT_FOR.days
FORGOTTEN = (
    "All that was kept of this server is deleted, but for the note that I am in it. `/digest setup` begins anew."
)

PRIVACY = f"""## What I keep
**Of a server:** what its admins set up with `/digest` (channels, times, filters), who changed it and when, which papers
were posted in which message, and whether I have told it something. What stands in an open panel is kept for two days
at most.
**Of you:** nothing, unless you set up digests: then your user id stands in that log. What you search for, read or
click is not recorded. I ask Discord for no messages, no members and no presence.
**Of papers:** what Hugging Face publishes of them, and their upvotes over time.
**When I am removed** from a server, nothing is posted there any more, and its data is deleted after {_DAYS} days.
`/digest forget-everything` deletes it at once, and the night after no trace of it is left in my file. Backups and
snapshots of the machine I run on keep copies until they are deleted themselves."""


def forget_question(subscriptions: int) -> LayoutView:
    """What `/digest forget-everything` is about to do, with the button that does it."""
    text = (
        "## Forget this server?\n"
        f"This deletes {count(subscriptions, 'subscription')}, the record of every digest posted here, and the log of "
        "changes. The messages in your channels stay, but I no longer know what I have posted. It cannot be undone."
    )
    button: Button[LayoutView] = Button(
        label="Delete everything", style=ButtonStyle.danger, custom_id="forget:everything"
    )
    return finished(Container(TextDisplay(text), ActionRow(button), accent_colour=ACCENT))
