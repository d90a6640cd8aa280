"""Refusals in words: why the bot can't do what a person asked for, and what to do instead."""

from collections.abc import Mapping

from bot.editing.fields import FilterUnclear
from bot.layouts import search_notes
from bot.layouts.advice import advise_admin
from bot.layouts.reasons import explain_reason, name_permissions
from bot.layouts.text import cut_plain, escape_markdown, format_code, join_words
from bot.lookups.finder import IndexIncomplete, QueryUnclear
from bot.reasons import ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import MAX_PER_SERVER, QUERIES_KEPT_FOR
from bot.subscription.settings import MAX_PAPERS, MAX_UPVOTES

BUG = "Something went wrong on my side. The details are in my log. Please try again."
_QUERY = 300  # characters
REFERENCES = (
    "an arXiv ID such as `2605.29801`, a link to arxiv.org, huggingface.co/papers, alphaxiv.org or ar5iv, "
    "or a DOI such as `10.48550/arXiv.2605.29801`"
)
_SENTENCES: Mapping[Refusal, str] = {
    Refusal.TIME_UNCLEAR: "A time looks like `9:00`, `18:30` or `9am`.",
    Refusal.WEEKDAYS_UNCLEAR: "Weekdays look like `every day`, `weekdays`, `mon, wed, fri` or `mon-fri`.",
    Refusal.TIMEZONE_UNKNOWN: "A time zone looks like `Europe/Berlin` or `America/New_York`. Type a city and pick one.",
    Refusal.TIMEZONE_AMBIGUOUS: "That place has several time zones. Type a city, such as {examples}.",
    Refusal.UPVOTES_UNCLEAR: (
        f"Upvotes must be a whole number from 0 to {MAX_UPVOTES:,}, such as `25`. 0 means no minimum."
    ),
    Refusal.FILTER_TOO_LONG: "Up to {number} characters fit here. Nothing was changed. Try fewer words.",
    Refusal.DATE_UNCLEAR: "A date looks like `2026-05-28`, `28 May`, `yesterday` or `last week`.",
    Refusal.QUERY_EMPTY: "Type some words to search for, from the paper's title, abstract, authors or tags.",
    Refusal.SERVER_ONLY: "Digests belong to a server. Use this command in a server.",
    Refusal.MANAGE_SERVER_NEEDED: (
        "You need the **Manage Server** permission to see or change what is posted here. An admin can also give you or "
        "your role `/digest` under **Server Settings → Integrations**."
    ),
    Refusal.BOT_NOT_HERE: "I'm not a member of this server, so I can't post here. Ask an admin to add me first.",
    Refusal.COMMAND_DENIED: (
        "An admin of this server doesn't let you use `/digest` here. They can change that under "
        "**Server Settings → Integrations**."
    ),
    Refusal.MAY_NOT_POST: (
        "You need {permissions} in {channel} yourself to let me post there. Nothing was changed. Choose another "
        "channel, or ask an admin to do it."
    ),
    Refusal.MAY_NOT_PING: (
        "You may not ping {role} in {channel} yourself, so I can't do it for you. Nothing was changed. Choose a role "
        "that anyone may mention, or no role, or ask an admin to do it."
    ),
    Refusal.MAY_NOT_SHARE: "You need {permissions} in this channel to share a page.",
    Refusal.SHARED_ALREADY: "You have already shared this here. To share it once more, use the command again.",
    Refusal.NOTHING_TO_SHARE: (
        "These digests are in channels that not everyone here can see, so I show them to nobody else."
    ),
    Refusal.POSTED_OUTSIDE_SERVER: "This command lists the digests of a server. Use it in a server.",
    Refusal.SERVER_BLOCKED: (
        "Whoever runs this bot has switched it off in this server. It works elsewhere, and what is stored about you is "
        "still yours: see `/privacy about`."
    ),
    Refusal.PERSON_BLOCKED: (
        "Whoever runs this bot doesn't let you use it, so it sends you nothing either. What is stored about you is "
        "still yours: see `/privacy about`, `/privacy export` and `/privacy delete`."
    ),
    Refusal.DATABASE_BUSY: "My database is busy right now, so nothing was changed. Please try again in a minute.",
    Refusal.DATABASE_AWAY: (
        "I can't reach my database right now, so I can't look anything up or change it. Please try again in a minute. "
        "If you were changing something, check whether it was saved: with `/digest list`, `/following` or `/saved`."
    ),
    Refusal.NO_SUBSCRIPTIONS: (
        "Nothing is set up here yet. Use `/digest setup` to get the day's best papers in a channel."
    ),
    Refusal.SUBSCRIPTION_UNKNOWN: "I can't find that subscription here. Choose one below.",
    Refusal.SUBSCRIPTION_NEEDED: "That can mean several subscriptions. Choose one below.",
    Refusal.TOO_MANY_SUBSCRIPTIONS: (
        f"This server already has {MAX_PER_SERVER} subscriptions, which is the maximum. "
        "Remove one with `/digest remove`."
    ),
    Refusal.SAME_DIGEST: "This channel already has this digest (#{number}). Change it with `/digest setup`.",
    Refusal.CHANGED_MEANWHILE: (
        "This subscription was changed after you opened it, so your change was not saved. "
        "Open the latest version with `/digest setup`."
    ),
    Refusal.NOT_ACTIVE: "This subscription isn't active. Use `/digest resume` first.",
    Refusal.TOO_MANY_FOLLOWED: (
        "You follow {number} queries, which is the maximum. Stop one in `/following` first. Nothing was changed."
    ),
    Refusal.FOLLOWS_EVERYTHING: (
        "Say what to follow, such as `author:lecun`, `tag:agents` or some words. For the best papers of the day, "
        "whatever they are about, use `/inbox`."
    ),
    Refusal.FOLLOWS_NOTHING: "You don't follow anything yet. Use `/follow` or `/inbox` first.",
    Refusal.TOO_MANY_SAVED: (
        "You have saved {number:,} papers, which is the maximum. Remove some in `/saved` first. Nothing was changed."
    ),
    Refusal.NOT_SAVED: "You haven't saved that paper, or you have removed it since. See what you saved with `/saved`.",
    Refusal.FOLLOWED_GONE: "You no longer follow that, or not yet. See what you follow with `/following`.",
    Refusal.CHANNEL_HIDDEN: (
        "I can't see that channel. Give me **View Channel** there, then try again. Nothing was changed."
    ),
    Refusal.FIELD_UNKNOWN: "I don't know that setting.",
    Refusal.SIZE_UNCLEAR: f"A digest can have 1 to {MAX_PAPERS} papers.",
    Refusal.NO_CHANNELS: "There is no channel here that I can post in. Create one, then try again.",
    Refusal.EVERYONE_NOT_PINGED: "I never ping `@everyone`. Choose another role, or none.",
    Refusal.PANEL_CLOSED: "This panel is closed. Open a new one with `/digest setup`.",
    Refusal.PANEL_NOT_YOURS: "This panel belongs to someone else. Open your own with `/digest setup`.",
    Refusal.FILES_NOT_ALLOWED: (
        "I may not attach files in this channel. Ask again in another one, or in a direct message to me."
    ),
    Refusal.FILE_TOO_LARGE: (
        "That is more than Discord takes as one file, even compressed. With words after `/saved`, you can export "
        "your saved papers in parts."
    ),
    Refusal.QUESTION_NOT_YOURS: (
        "Someone else was asked that. Nothing was deleted. Use `/privacy delete` to delete what I store about you."
    ),
    Refusal.READ_TOO_SLOW: (
        "That took too long, so I stopped looking. Try a shorter period, or try again in a minute."
    ),
    Refusal.TOOK_TOO_LONG: (
        "That took too long, so I stopped. If you were changing something, check whether it was saved: with "
        "`/digest list`, `/following` or `/saved`. Then try again."
    ),
    Refusal.DISK_FULL: (
        "My disk is full, so nothing was changed. The person who runs me can see this in my log. "
        "Please try again later."
    ),
    Refusal.NOT_NOW: "I can't do that right now. {reason} Nothing was changed. Try again in a minute.",
    Refusal.NOTHING_TO_SEND: "There is nothing to send. {reason} Nothing was changed.",
    Refusal.RUN_ALREADY_SENT: "That digest was already sent, or its run has come. Nothing was changed.",
    Refusal.TOO_MANY_EXTRA_DIGESTS: (
        "This subscription has already had {number} extra digests today, which is the maximum. Nothing was changed."
    ),
    Refusal.STILL_ON_ITS_WAY: "The last digest is still on its way. Try again in a minute.",
    Refusal.RESTORING: (
        "After a break, or with data from a backup, I first look in the channel for digests that I don't know of. "
        "Nothing was changed. Try again in a few minutes."
    ),
    Refusal.NOTHING_TO_UNDO: (
        "There is nothing to undo: this subscription has posted no digest yet, or the last one is already undone."
    ),
    Refusal.NOT_LAST_DIGEST: "Another digest has been posted or undone since. Nothing was changed. Use `/digest undo`.",
    Refusal.NOT_UNDONE: "I couldn't delete all of the digest. {reason} Use `/digest undo` again to delete the rest.",
    Refusal.PAPER_UNKNOWN: (
        f"I can't find that paper. Give me {REFERENCES}. To find a paper by its words, use `/paper search`."
    ),
    Refusal.NO_SUCH_PAPER: "Hugging Face has no paper **{text}**. Please check the ID.",
    Refusal.PAPER_TOO_OLD: (
        "The arXiv ID **{text}** is from before April 2007. My papers come from Hugging Face, which has none that old."
    ),
    Refusal.PAPERS_DOWN: (
        "That paper isn't in the archive, and Hugging Face isn't answering right now. Please try again later."
    ),
    Refusal.HUB_DOWN: "Hugging Face isn't answering right now, so I only searched the archive.",
    Refusal.HUB_HAS_NOTHING_NEW: "Hugging Face found nothing that isn't in the archive.",
    Refusal.NOTHING_SIMILAR: "The archive has no similar papers yet.",
    Refusal.NOTHING_POSTED: "No digest was posted here in that period.",
    Refusal.NOTHING_EVER_POSTED: "No digest was posted here yet.",
    Refusal.NOTHING_LISTED: "No papers were listed then. Try another date, or a longer period.",
    Refusal.ARCHIVE_EMPTY: "The archive is still empty. It fills up in the first minutes after the bot's first start.",
    Refusal.PAGE_GONE: "That page no longer exists. Please use the command again.",
    Refusal.SEARCH_EXPIRED: (
        f"I keep a long search for {QUERIES_KEPT_FOR.days} days after it was last used, and no longer have this one. "
        "Type it again with `/paper search`."
    ),
    Refusal.NO_FEEDS: "Whoever runs me has closed the feeds to the outside, so there are no addresses now.",
    Refusal.FEED_TOO_LONG: (
        "This query is too long for a feed. Up to {number} characters fit, and fewer in scripts other than Latin. Try "
        "fewer words, or follow it: then the papers come to you by direct message."
    ),
    Refusal.CONTROL_STALE: "This no longer works. Please use the command again.",
}


def explain_refusal(refused: Refused) -> str:
    """What to tell the person, as Markdown."""
    text = escape_markdown(cut_plain(refused.text, _QUERY))
    if isinstance(refused, IndexIncomplete):
        return f"I found nothing yet. {search_notes.describe_index_progress(refused.progress)}"
    if isinstance(refused, FilterUnclear | QueryUnclear):
        return "\n".join(search_notes.describe_query_mistakes(refused.query))
    if refused.refusal is Refusal.NOTHING_MATCHES:
        return search_notes.describe_empty_search(text)
    if refused.refusal is Refusal.CHANNEL_UNFIT and refused.reason:
        advice = advise_admin(refused.channel_id or 0, refused.reason)
        gone = refused.reason.kind is ReasonKind.CHANNEL_GONE
        return advice if gone else f"{advice} Then try again. Nothing was changed."
    return _SENTENCES[refused.refusal].format(
        number=refused.number,
        role=f"<@&{refused.number}>",
        channel=f"<#{refused.channel_id}>",
        text=text,
        permissions=name_permissions(refused.permissions),
        examples=join_words([format_code(each) for each in refused.examples], "or") if refused.examples else "",
        reason=explain_reason(refused.reason) if refused.reason else "",
    )
