"""The foot of a server's digest: the whole list, a search, and how to get it differently."""

from collections.abc import Iterator, Sequence

from discord.ui import ActionRow, Button, Label, LayoutView, Modal, TextDisplay, TextInput

from bot.digest import Digest, Highlight
from bot.layouts.paper import build_view
from bot.layouts.refusals import explain_refusal
from bot.layouts.text import count_noun
from bot.refusals import Refused

_LONGEST_QUERY = 1000  # characters


def build_foot_buttons(
    digest: Digest, shown: Sequence[Highlight], subscription_id: int | None
) -> Iterator[Button[LayoutView]]:
    """What else was listed on the days of a digest, and where to go on: under the last ones of its highlights.

    `subscription_id` is None in the preview of a subscription that is not saved yet, which has no settings to open.
    """
    if shown[-1].position != digest.highlights[-1].position:
        return
    if digest.days and digest.listed_count > len(digest.highlights):
        yield Button(label=f"All {count_noun(digest.listed_count, 'paper')}", custom_id=_make_list_id(digest))
    yield Button(label="Search", custom_id="search:new")
    is_saved = subscription_id is not None
    yield Button(label="Settings", custom_id=f"settings:{subscription_id or 'none'}", disabled=not is_saved)


def _make_list_id(digest: Digest) -> str:
    """The custom_id of a button that shows all papers of its days, page by page."""
    first, last = digest.days[0], digest.days[-1]
    return f"top:n1:day:{first}" if first == last else f"listed:n1:{first}:{last}"


def build_search_modal(typed: str = "") -> Modal:
    """One field for a query, with what was `typed` before."""
    modal = Modal(title="Search papers", custom_id="search:typed")
    field = TextInput[Modal](
        custom_id="query",
        placeholder="Such as agents has:code",
        default=typed[:_LONGEST_QUERY] or None,
        max_length=_LONGEST_QUERY,
    )
    hint = 'Words, "phrases", author:lecun, tag:agents, after:2026-05, min:50, has:code'
    modal.add_item(Label(text="What are you looking for?", description=hint, component=field))
    modal.stop()
    return modal


def render_settings_refusal(refused: Refused) -> LayoutView:
    """Why somebody may not change a digest, and how its papers come to them alone."""
    text = f"{explain_refusal(refused)}\n\nThe papers can also come to you alone, the way you like them."
    follow = Button[LayoutView](label="Follow something", custom_id="follow:new")
    inbox = Button[LayoutView](label="Inbox", custom_id="get:inbox")
    return build_view(TextDisplay(text), ActionRow(follow, inbox))
