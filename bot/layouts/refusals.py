"""Refusals in words: what stands against what a person asked for, and what would be right."""

from collections.abc import Mapping

from bot.editing.fields import FilterUnclear
from bot.layouts import notes
from bot.layouts.advice import advise
from bot.layouts.reasons import explain, permission_names
from bot.layouts.text import code, escape, joined, plain
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import PER_GUILD
from bot.subscription.settings import MOST_PAPERS, MOST_UPVOTES

BROKEN = "Something went wrong on my side, and it is in the log. Please try again."
_QUERY = 300  # characters
_REFERENCES = (
    "an arXiv id such as `2605.29801`, a link to arxiv.org, huggingface.co/papers, alphaxiv.org or ar5iv, "
    "or a DOI such as `10.48550/arXiv.2605.29801`"
)
_TEXTS: Mapping[Refusal, str] = {
    Refusal.TIME_UNCLEAR: "A time looks like `9:00`, `18:30` or `9am`.",
    Refusal.WEEKDAYS_UNCLEAR: "Weekdays look like `every day`, `weekdays`, `mon, wed, fri` or `mon-fri`.",
    Refusal.ZONE_UNKNOWN: "A time zone looks like `Europe/Berlin` or `America/New_York`: type a city and pick one.",
    Refusal.ZONE_AMBIGUOUS: "There are several time zones there: type a city, such as {examples}.",
    Refusal.UPVOTES_UNCLEAR: (
        f"Upvotes are a whole number from 0 to {MOST_UPVOTES:,}, such as `25`; 0 leaves nothing out."
    ),
    Refusal.FILTER_TOO_LONG: "A filter has {number} characters at most. Shorten it; nothing was changed.",
    Refusal.DATE_UNCLEAR: "A date looks like `2026-05-28`.",
    Refusal.QUERY_EMPTY: "Type some words of the paper you look for: of its title, abstract, authors or tags.",
    Refusal.SERVER_ONLY: "Digests are set up inside a server: use this command there.",
    Refusal.MANAGE_SERVER_NEEDED: (
        "You need the **Manage Server** permission to see or change what is posted here. Ask an admin."
    ),
    Refusal.MAY_NOT_SHARE: "You need {permissions} in this channel to share a page.",
    Refusal.POSTED_OUTSIDE_SERVER: "A server's digests are listed inside the server: use this command there.",
    Refusal.DATABASE_BUSY: "My database is busy just now, so nothing was changed. Please try again in a minute.",
    Refusal.NO_SUBSCRIPTIONS: (
        "Nothing is set up here yet. `/digest setup` has the day's best papers posted in a channel."
    ),
    Refusal.SUBSCRIPTION_UNKNOWN: "There is no such subscription here: pick one that is offered while you type.",
    Refusal.SUBSCRIPTION_NEEDED: (
        "This server has several subscriptions: say which one, they are offered while you type."
    ),
    Refusal.TOO_MANY_SUBSCRIPTIONS: (
        f"This server has {PER_GUILD} subscriptions, and no more fit. `/digest remove` makes room."
    ),
    Refusal.SAME_DIGEST: "This channel already has this digest (#{number}). `/digest setup` changes it.",
    Refusal.CHANGED_MEANWHILE: (
        "This subscription was changed after you opened it, so your change was not saved. "
        "`/digest setup` opens it as it is now."
    ),
    Refusal.NOT_ACTIVE: "This subscription is not active. `/digest resume` it first.",
    Refusal.CHANNEL_HIDDEN: (
        "I cannot see that channel. Allow me **View Channel** there, then try again; nothing was changed."
    ),
    Refusal.FIELD_UNKNOWN: "I know no such setting.",
    Refusal.SIZE_UNCLEAR: f"A digest has 1 to {MOST_PAPERS} papers.",
    Refusal.NO_CHANNELS: "There is no channel here that I could post in. Make one, then try again.",
    Refusal.EVERYONE_NOT_PINGED: "I never ping `@everyone`: choose a role of fewer people, or nobody.",
    Refusal.PANEL_CLOSED: "This panel is closed. `/digest setup` opens another one.",
    Refusal.PANEL_NOT_YOURS: "This panel is somebody else's. `/digest setup` opens one of your own.",
    Refusal.LOOKUP_TOO_SLOW: "That took too long, so I stopped looking. Try a shorter time, or again in a minute.",
    Refusal.TOOK_TOO_LONG: (
        "That took too long, so I stopped. If you were changing something, `/digest list` shows whether it was saved; "
        "then try again."
    ),
    Refusal.DISK_FULL: (
        "My disk is full, so nothing was changed. Whoever runs me can see that in my log. Please try again later."
    ),
    Refusal.NOT_NOW: "That cannot be done just now. {reason} Nothing was changed; try again in a minute.",
    Refusal.NOTHING_TO_SEND: "There is nothing to send. {reason} Nothing was changed.",
    Refusal.STILL_ON_ITS_WAY: "The last digest is still on its way. Try again in a minute.",
    Refusal.NOTHING_TO_UNDO: (
        "No digest of this subscription can be undone: it has posted none, or the last one is undone already."
    ),
    Refusal.NOT_UNDONE: "Not all of the digest could be deleted. {reason} `/digest undo` again goes on with it.",
    Refusal.PAPER_UNKNOWN: (f"I know no such paper. Give {_REFERENCES}; `/paper search` finds papers by their words."),
    Refusal.NO_SUCH_PAPER: "Hugging Face has no paper **{text}**. Please check the id.",
    Refusal.PAPER_TOO_OLD: (
        "The arXiv id **{text}** is from before April 2007. Hugging Face, which my papers come from, has none of those."
    ),
    Refusal.PAPERS_DOWN: (
        "That paper is not in the archive, and Hugging Face does not answer just now. Please try again later."
    ),
    Refusal.HUB_DOWN: "Hugging Face does not answer just now, so only the archive was searched.",
    Refusal.HUB_KNOWS_NO_MORE: "Hugging Face found nothing beyond the archive.",
    Refusal.NOTHING_SIMILAR: "The archive holds nothing like that paper yet.",
    Refusal.NOTHING_POSTED: "No digest was posted here in that time.",
    Refusal.NOTHING_LISTED: "No papers were listed then. Try another date, or a longer period.",
    Refusal.ARCHIVE_EMPTY: "The archive is empty: it fills in the first minutes after the bot's first start.",
    Refusal.PAGE_GONE: "There is no such page any more. Please ask again.",
    Refusal.CONTROL_STALE: "This no longer works. Please search again.",
}


def explain_refusal(refused: Refused) -> str:
    """What to tell the person, as Markdown."""
    text = escape(plain(refused.text, _QUERY))
    if isinstance(refused, FilterUnclear):
        return "\n".join(notes.mistakes(refused.query))
    if refused.refusal is Refusal.NOTHING_MATCHES:
        return notes.no_results(text)
    if refused.refusal is Refusal.CHANNEL_UNFIT and refused.reason:
        return _unfit(refused.channel_id or 0, refused.reason)
    return _TEXTS[refused.refusal].format(
        number=refused.number,
        text=text,
        permissions=permission_names(refused.permissions),
        examples=joined([code(each) for each in refused.examples], "or") if refused.examples else "",
        reason=explain(refused.reason) if refused.reason else "",
    )


def _unfit(channel_id: int, reason: Reason) -> str:
    advice = advise(channel_id, reason)
    return advice if reason.kind is ReasonKind.CHANNEL_GONE else f"{advice} Then try again; nothing was changed."
