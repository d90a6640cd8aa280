"""Reasons in words: a sentence for each kind."""

from collections.abc import Iterable, Mapping

from bot.layouts.text import count_noun, format_timestamp, join_words
from bot.reasons import Reason, ReasonKind

_SENTENCES: Mapping[ReasonKind, str] = {
    ReasonKind.NO_PAPERS_LISTED: "No new papers were listed.",
    ReasonKind.ALL_HIGHLIGHTED_BEFORE: "Every new paper was highlighted before.",
    ReasonKind.NONE_MATCHES_FILTER: "No new paper matched the filter.",
    ReasonKind.TOO_FEW_UPVOTES: "No new paper had {upvotes} or more.",
    ReasonKind.NONE_FOLLOWED: "No new paper matched what you follow.",
    ReasonKind.ALL_MUTED: "Every new paper that matched was like something you want less of.",
    ReasonKind.PAPERS_UNREACHABLE: "Hugging Face did not answer.",
    ReasonKind.PAPERS_FAILED: "Hugging Face answered with error {number}.",
    ReasonKind.PAPERS_UNREADABLE: "Hugging Face sent something that I can't read.",
    ReasonKind.PAPERS_QUOTA_LOW: "I have sent Hugging Face almost as many requests as it allows for now.",
    ReasonKind.INDEX_BEHIND: "The search index is being rebuilt.",
    ReasonKind.INDEX_UNREADABLE: "I can't read the search index.",
    ReasonKind.CHANNEL_GONE: "The channel is gone.",
    ReasonKind.CHANNEL_HIDDEN: "I can't see the channel.",
    ReasonKind.CHANNEL_KIND_UNSUPPORTED: "I can't post in this kind of channel.",
    ReasonKind.SERVER_GONE: "The server is gone.",
    ReasonKind.SERVER_UNAVAILABLE: "Discord has an outage, so the server is unavailable.",
    ReasonKind.IN_TIME_OUT: "I'm in time-out until {until}.",
    ReasonKind.PERMISSIONS_MISSING: "I'm missing {permissions} in the channel.",
    ReasonKind.HISTORY_HIDDEN: "Without **Read Message History**, I can't tell whether the digest arrived.",
    ReasonKind.NO_USABLE_TAG: "The forum requires a tag, but I can't use any of its tags.",
    ReasonKind.INBOX_CLOSED: (
        "I'm not allowed to send you direct messages. Allow them in the privacy settings of a server that we share, "
        "or add me to your account, and make sure that you haven't blocked me."
    ),
    ReasonKind.USER_GONE: "Discord doesn't know this account any more.",
    ReasonKind.BLOCKED: "Whoever runs this bot doesn't let me write to you.",
    ReasonKind.OPENED_TOO_FAST: (
        "Many people have just asked for direct messages, and Discord lets me open only a few at a time. "
        "Please try again {when}."
    ),
    ReasonKind.ROLE_GONE: "The role to ping is gone.",
    ReasonKind.ROLE_NOT_NOTIFIED: "I can mention <@&{number}>, but its members won't be notified.",
    ReasonKind.MESSAGE_REJECTED: "Discord rejected the message (error {number}).",
    ReasonKind.TOO_MANY_THREADS: "The server has too many active threads.",
    ReasonKind.DISCORD_FAILED: "Discord answered with error {number}.",
    ReasonKind.DISCORD_UNREACHABLE: "Discord did not answer.",
    ReasonKind.DISCORD_SILENT: "Discord has not answered yet.",
    ReasonKind.RATE_LIMITED: "Discord asked me to slow down.",
    ReasonKind.IN_DOUBT: "I couldn't find out whether it arrived.",
    ReasonKind.PUBLISH_LIMIT_REACHED: "Discord publishes at most {number} messages an hour in each channel.",
    ReasonKind.SEARCHING_AFTER_RESTORE: (
        "After a break, or with data from a backup, I first look in the channel for digests that I don't know of."
    ),
    ReasonKind.FOUND_AFTER_RESTORE: "My data was restored from a backup, and I found this in the channel.",
    ReasonKind.NOT_FOUND_AFTER_RESTORE: (
        "After a break, or with data from a backup, I couldn't find out what I had posted before."
    ),
    ReasonKind.BOT_FAILED: "I ran into a bug. The details are in my log.",
    ReasonKind.NOT_FOLLOWED: "It was stopped before it was sent.",
    ReasonKind.SUPERSEDED: "It wasn't sent before the next run started.",
    ReasonKind.RUN_ALREADY_PLANNED: "A digest is already on its way, or someone has just changed the subscription.",
}

_UNKNOWN = "This version doesn't know the reason."


def explain_reason(reason: Reason) -> str:
    """The reason in a sentence, as Markdown."""
    if reason.kind is ReasonKind.FREE_TEXT:  # a clause such as `the channel is gone`
        return f"{reason.text[:1].upper()}{reason.text[1:].rstrip('.')}." if reason.text else _UNKNOWN
    return _SENTENCES[reason.kind].format(
        number=reason.number,
        upvotes=count_noun(reason.number or 0, "upvote"),
        permissions=name_permissions(reason.permissions) or "a permission",
        until=format_timestamp(reason.until) if reason.until else "later",
        when=format_timestamp(reason.until) if reason.until else "in a minute",
    )


def name_permissions(permissions: Iterable[str]) -> str:
    """`**Send Messages** and **Create Posts**`, as Discord's settings show them."""
    names = [f"**{name.replace('_', ' ').title()}**" for name in permissions]
    return join_words(names) if names else ""
