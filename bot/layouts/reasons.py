"""Reasons in words: a sentence for each kind."""

from collections.abc import Iterable, Mapping

from bot.layouts.text import count, joined, timestamp
from bot.reasons import Reason, ReasonKind

_SENTENCES: Mapping[ReasonKind, str] = {
    ReasonKind.NO_PAPERS_LISTED: "No new papers were listed.",
    ReasonKind.ALL_HIGHLIGHTED_BEFORE: "Every new paper had been highlighted before.",
    ReasonKind.NONE_PASSES_FILTER: "No new paper matched the filter.",
    ReasonKind.TOO_FEW_UPVOTES: "No new paper had {upvotes} or more.",
    ReasonKind.PAPERS_UNREACHABLE: "The papers API did not answer.",
    ReasonKind.PAPERS_REFUSED: "The papers API answered with error {number}.",
    ReasonKind.PAPERS_UNREADABLE: "The papers API sent something that cannot be read.",
    ReasonKind.PAPERS_QUOTA_LOW: "The papers API was asked a lot in the last minutes.",
    ReasonKind.INDEX_BEHIND: "The search index is being rebuilt.",
    ReasonKind.INDEX_UNREADABLE: "The search index cannot be read.",
    ReasonKind.CHANNEL_GONE: "The channel is gone.",
    ReasonKind.CHANNEL_HIDDEN: "I cannot see the channel.",
    ReasonKind.CHANNEL_KIND_UNSUPPORTED: "I cannot post in a channel of this kind.",
    ReasonKind.SERVER_GONE: "The server is gone.",
    ReasonKind.SERVER_UNAVAILABLE: "Discord has an outage, and the server is not available.",
    ReasonKind.IN_TIME_OUT: "I am in time-out until {until}.",
    ReasonKind.PERMISSIONS_MISSING: "I lack {permissions} in the channel.",
    ReasonKind.HISTORY_HIDDEN: "Without **Read Message History** I cannot tell whether the digest arrived.",
    ReasonKind.NO_USABLE_TAG: "The forum requires a tag and has none that I may use.",
    ReasonKind.ROLE_GONE: "The role to ping is gone.",
    ReasonKind.ROLE_NOT_NOTIFIED: "The role <@&{number}> is mentioned but not notified.",
    ReasonKind.MESSAGE_REFUSED: "Discord did not accept the message (error {number}).",
    ReasonKind.TOO_MANY_THREADS: "There are too many active threads in the server.",
    ReasonKind.DISCORD_FAILED: "Discord answered with error {number}.",
    ReasonKind.DISCORD_UNREACHABLE: "Discord did not answer.",
    ReasonKind.DISCORD_SILENT: "Discord has not answered yet.",
    ReasonKind.RATE_LIMITED: "Discord asked me to slow down.",
    ReasonKind.IN_DOUBT: "I could not find out whether it arrived.",
    ReasonKind.PUBLISH_LIMIT_REACHED: "Discord publishes only {number} messages of a channel an hour.",
    ReasonKind.BOT_FAILED: "I ran into a bug of mine, which is in my log.",
    ReasonKind.SUPERSEDED: "The next run came before it was sent.",
    ReasonKind.RUN_TAKEN: "A digest is on its way already, or somebody has just changed the subscription.",
}

_UNKNOWN = "The reason is not known to this version."


def explain(reason: Reason) -> str:
    """The reason in a sentence, as Markdown."""
    if reason.kind is ReasonKind.WORDED:
        return _as_sentence(reason.text) if reason.text else _UNKNOWN
    return _SENTENCES[reason.kind].format(
        number=reason.number,
        upvotes=count(reason.number or 0, "upvote"),
        permissions=permission_names(reason.permissions) or "a permission",
        until=timestamp(reason.until) if reason.until else "later",
    )


def permission_names(permissions: Iterable[str]) -> str:
    """`**Send Messages** and **Create Posts**`, as Discord's settings show them."""
    names = [f"**{name.replace('_', ' ').title()}**" for name in permissions]
    return joined(names) if names else ""


def _as_sentence(clause: str) -> str:
    """`the channel is gone` as a sentence of its own."""
    return f"{clause[:1].upper()}{clause[1:].rstrip('.')}."
