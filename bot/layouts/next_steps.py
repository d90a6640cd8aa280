"""Refusals with what to do next as a button."""

from collections.abc import Mapping
from typing import Any

from discord.ui import ActionRow, Button, LayoutView, TextDisplay

from bot.editing.editor import SubscriptionNeeded
from bot.layouts.paper import build_view
from bot.layouts.refusals import explain_refusal
from bot.layouts.save_buttons import SAVED_PAGE
from bot.layouts.subscription_views import build_list_button, build_subscription_select
from bot.refusals import Refusal, Refused

_SET_UP = ("Set up a digest", "setup:new")
_NEW_PANEL = ("Open a new panel", "setup:new")
_ALL = ("All subscriptions", "subscriptions:all")
_TOP_PAPERS = (("Top papers of this week", "top:n1:week:{text}"), ("Of all time", "top:n1:all time:{text}"))
_FOLLOWING = ("What you follow", "following:show")
_SAVED = ("Your saved papers", SAVED_PAGE)
# The label of a button and its custom_id, with the refusal's number, which is that of a subscription, and its text.
_STEPS: Mapping[Refusal, tuple[tuple[str, str], ...]] = {
    Refusal.NO_SUBSCRIPTIONS: (_SET_UP,),
    Refusal.TOO_MANY_SUBSCRIPTIONS: (_ALL,),
    Refusal.SAME_DIGEST: (("Edit it", "setup:{number}"), _ALL),
    Refusal.CHANGED_MEANWHILE: (_ALL,),
    Refusal.NOT_ACTIVE: (("Resume", "digest:resume:{number}"), ("More", "digest:show:{number}")),
    Refusal.PANEL_CLOSED: (_NEW_PANEL, _ALL),
    Refusal.PANEL_NOT_YOURS: (_NEW_PANEL,),
    Refusal.TOO_MANY_FOLLOWED: (_FOLLOWING,),
    Refusal.TOO_MANY_SAVED: (_SAVED,),
    Refusal.NOT_SAVED: (_SAVED,),
    Refusal.FOLLOWED_GONE: (_FOLLOWING,),
    Refusal.FOLLOWS_NOTHING: (("Follow something", "follow:new"), ("Inbox", "get:inbox")),
    Refusal.NOTHING_TO_SEND: (("Edit", "setup:{number}"), ("More", "digest:show:{number}")),
    Refusal.RUN_ALREADY_SENT: (_ALL,),
    Refusal.STILL_ON_ITS_WAY: (("How is it going?", "digest:show:{number}"),),
    Refusal.RESTORING: (("How is it going?", "digest:show:{number}"),),
    Refusal.NOTHING_TO_UNDO: (("More", "digest:show:{number}"),),
    Refusal.NOT_LAST_DIGEST: (_ALL,),
    Refusal.NOT_UNDONE: (("Try again", "digest:undo:{number}"),),
    Refusal.TOO_MANY_EXTRA_DIGESTS: (_ALL,),
    Refusal.PAPERS_DOWN: (("Try again", "details:{text}"),),
    Refusal.QUERY_EMPTY: (("Search", "search:new"),),
    Refusal.NOTHING_MATCHES: (("Search", "search:new"),),
    Refusal.NOTHING_SIMILAR: (("Details", "details:{text}"),),
    Refusal.NOTHING_LISTED: _TOP_PAPERS,
    Refusal.DATE_UNCLEAR: _TOP_PAPERS,
    Refusal.NOTHING_POSTED: (("All time", "posted:n1:all time"),),
    Refusal.NOTHING_EVER_POSTED: _TOP_PAPERS,
}


def render_refusal(refused: Refused) -> str | LayoutView:
    """What to tell the person, with a button for what to do next if there is one."""
    text = explain_refusal(refused)
    if isinstance(refused, SubscriptionNeeded):
        select = build_subscription_select(refused.choices, refused.action)
        return build_view(TextDisplay(text), select, ActionRow(build_list_button()))
    buttons: list[Button[Any]] = [
        Button(label=label, custom_id=custom_id.format(number=refused.number, text=refused.text))
        for label, custom_id in _STEPS.get(refused.refusal, ())
        if (refused.number or "{number}" not in custom_id) and (refused.text or "{text}" not in custom_id)
    ]
    return build_view(TextDisplay(text), ActionRow(*buttons)) if buttons else text
