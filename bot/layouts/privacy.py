"""What people are told about their data, and the question before it is deleted."""

from discord import ButtonStyle
from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.about import Links
from bot.layouts.paper import ACCENT, build_link_buttons, build_view
from bot.layouts.text import count_noun
from bot.storage import KEPT_FOR, PERSON_KEPT_FOR, QUERIES_KEPT_FOR, SENT_KEPT_FOR, PersonData

_DAYS = KEPT_FOR.days
DELETED = (
    "Everything I stored about this server is deleted, except the note that I am in it. "
    "Start over with `/digest setup`."
)

NOTHING_STORED = (
    "I store nothing about you. That changes when you follow or save something, or set up digests in a server. "
    "`/privacy about` says what I store, and `/help` what I can do."
)
PERSON_DELETED = (
    "Everything I stored about you is deleted, and nothing comes to you any more. A digest that I was sending just now "
    "may still arrive, and the messages in our direct messages stay. To start over, see `/help`."
)

_ABOUT = f"""## What I store
**About you, if you follow something:** what you follow and what you muted, your hour, time zone and settings, and \
which papers I sent you when, so that none comes twice. Nobody sees what you follow; only whoever runs me could look \
into my file. What I sent is deleted after {SENT_KEPT_FOR.days} days, and everything else once nothing has come to you \
for {PERSON_KEPT_FOR.days} days.
**About you, if you save papers:** which, since when, whether you read them, and your notes and tags, until you \
remove them; what you removed, for a day more, so that you can have it back. Nobody else sees them.
**About you, if you set up digests in a server:** your user ID beside each change, for its `/digest log`.
**Your choice:** `/privacy export` gives you all of it as a file, `/privacy delete` deletes it at once.
**About a server:** what its admins set up with `/digest` (channels, times, filters), who changed it and when, which \
papers were posted in which message, which notices I have sent, and the address of its feed, if it has one. The \
content of an open panel is kept for up to two days. When I am removed from a server, I stop posting there, and \
its data is deleted after {_DAYS} days. `/digest wipe-everything` deletes it immediately.
**About searches:** only those too long for a button, so that their buttons work: the text alone, \
without who typed it, for {QUERIES_KEPT_FOR.days} days after it was last used. I don't record who searches \
for, reads or clicks what, and I don't ask Discord for messages, members or presence.
**About papers:** what Hugging Face publishes about them, and their upvotes over time.
**When something is deleted,** {{traces}}"""
_TRACES = (
    "no trace of it is left in my file after the following night. The backups that I make keep copies for up to "
    "{backup_days} days; those that whoever runs me makes, and snapshots of the machine, until they are deleted too."
)
_TRACES_ON_A_SERVER = (
    "nobody can look it up any more, and my database overwrites it in time. Backups that whoever runs me makes keep "
    "copies until they are deleted too."
)


def render_about(links: Links, backup_days: int | None) -> LayoutView:
    """What is stored, for how long, and who can see it, with the links that are known."""
    buttons = list(
        build_link_buttons({"Privacy policy": links.privacy, "Guide": links.docs, "Source code": links.source})
    )
    rows = [ActionRow(*buttons)] if buttons else []
    traces = _TRACES_ON_A_SERVER if backup_days is None else _TRACES.format(backup_days=backup_days)
    return build_view(Container(TextDisplay(_ABOUT.format(traces=traces)), *rows, accent_colour=ACCENT))


def describe_export(*, is_compressed: bool) -> str:
    """The text beside the file of `/privacy export`."""
    unpack = " It is long, so it is compressed: unpack it with gzip." if is_compressed else ""
    return (
        f"Here is everything I store about you, as a JSON file.{unpack} The papers are named by their arXiv IDs, and "
        "times are in UTC. Only you see this message. `/privacy delete` deletes it all."
    )


def render_delete_person_question(data: PersonData, backup_days: int | None) -> LayoutView:
    """What `/privacy delete` will do, with the button that does it."""
    followed = sum(bool(each.query) for each in data.followed)
    in_servers = len(data.server_actions) or len(data.server_subscriptions)
    sent = sum(len(each.papers) for each in data.deliveries)
    deleted = {
        f"Followed queries: {followed:,}": followed,
        "Your inbox": len(data.followed) - followed,
        f"What you muted: {len(data.muted):,}": data.muted,
        _count_saved(data): data.saved,
        "Your hour, time zone and settings": data.digest,
        f"The record of what I sent you: {count_noun(sent, 'paper')}": sent,
        f"Open panels: {len(data.open_panels):,}": data.open_panels,
        f"Your user ID beside changes in servers: {in_servers:,}": in_servers,
    }
    lines = [f"- {kind}" for kind, is_stored in deleted.items() if is_stored]
    consequences = []
    if data.digest or data.followed:
        consequences.append(
            "Nothing will come to you any more. My messages in our direct messages stay, but I will no longer know "
            "what I sent, so papers may come again if you start over."
        )
    if in_servers:
        consequences.append(
            "Digests that you set up in servers go on; their logs will say *someone who deleted their data*."
        )
    consequences.append(
        f"{_describe_backups(backup_days)} You can't undo this. `/privacy export` gives you a copy first."
    )
    text = "\n".join(["## Delete everything I store about you?", "This deletes:", *lines])
    button: Button[LayoutView] = Button(
        label="Delete everything about me", style=ButtonStyle.danger, custom_id=f"erase:{data.user_id}"
    )
    return build_view(
        Container(TextDisplay(text), TextDisplay(" ".join(consequences)), ActionRow(button), accent_colour=ACCENT)
    )


def _count_saved(data: PersonData) -> str:
    """`Saved papers: 12, with 3 notes`, and those that were just removed."""
    kept = [each for each in data.saved if each.removed_at is None]
    notes, removed = sum(bool(each.note) for each in kept), len(data.saved) - len(kept)
    noted = f", with {count_noun(notes, 'note')}" if notes else ""
    return f"Saved papers: {len(kept):,}{noted}{f', and {removed:,} just removed' if removed else ''}"


def _describe_backups(days: int | None) -> str:
    if days is None:
        return "Backups that whoever runs me makes keep a copy until they are deleted."
    return f"My backups keep a copy for up to {days} days."


def render_delete_question(subscriptions: int, backup_days: int | None) -> LayoutView:
    """What `/digest wipe-everything` will do, with the button that does it."""
    text = (
        "## Delete everything about this server?\n"
        f"This deletes {count_noun(subscriptions, 'subscription')}, the record of every digest posted here, and the "
        "audit log. The messages in your channels stay, but I will no longer know what I posted. "
        f"{_describe_backups(backup_days)} You can't undo this."
    )
    button: Button[LayoutView] = Button(
        label="Delete everything", style=ButtonStyle.danger, custom_id="forget:everything"
    )
    return build_view(Container(TextDisplay(text), ActionRow(button), accent_colour=ACCENT))
