"""What people are told about their data, and the question before it is deleted."""

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts.paper import ACCENT, build_view
from bot.layouts.text import count_noun
from bot.storage import KEPT_FOR, QUERIES_KEPT_FOR

_DAYS = KEPT_FOR.days
DELETED = (
    "Everything I stored about this server is deleted, except the note that I am in it. "
    "Start over with `/digest setup`."
)

PRIVACY = f"""## What I store
**About a server:** what its admins set up with `/digest` (channels, times, filters), who changed it and when, which \
papers were posted in which message, and which notices I have sent. The content of an open panel is kept for up to two \
days.
**About you:** nothing, unless you set up digests: then your user ID is in the audit log. I don't record who \
searches for, reads or clicks what, and I don't ask Discord for messages, members or presence.
**About searches:** only those too long for a button, so that their buttons work: the text alone, for \
{QUERIES_KEPT_FOR.days} days after it was last used.
**About papers:** what Hugging Face publishes about them, and their upvotes over time.
**When I am removed** from a server, I stop posting there, and its data is deleted after {_DAYS} days.
`/digest wipe-everything` deletes it immediately, and after the following night no trace of it is left in my file.
Backups and snapshots of the machine I run on keep copies until they are deleted too."""


def render_delete_question(subscriptions: int) -> LayoutView:
    """What `/digest wipe-everything` will do, with the button that does it."""
    text = (
        "## Delete everything about this server?\n"
        f"This deletes {count_noun(subscriptions, 'subscription')}, the record of every digest posted here, and the "
        "audit log. The messages in your channels stay, but I will no longer know what I posted. "
        "You can't undo this."
    )
    button: Button[LayoutView] = Button(
        label="Delete everything", style=ButtonStyle.danger, custom_id="forget:everything"
    )
    return build_view(Container(TextDisplay(text), ActionRow(button), accent_colour=ACCENT))
