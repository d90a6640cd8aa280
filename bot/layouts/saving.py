"""What a person reads who saved a paper, or removed it again."""

from collections.abc import Sequence

from discord.ui import ActionRow, Button, LayoutView, Select, TextDisplay

from bot.layouts.paper import build_view
from bot.layouts.save_buttons import build_saved_page_button
from bot.layouts.text import MAX_CHOICES, cut_plain, make_link
from bot.papers import Paper

_TITLE = 200  # characters
_LABEL = 80


def render_saved(paper: Paper) -> LayoutView:
    """A paper was saved: what to do with it, and how to take that back."""
    return build_view(
        TextDisplay(f"Saved **{_link(paper)}**. Only you see that. `/saved` has everything you saved."),
        ActionRow(
            Button(label="Note and tags", custom_id=f"note:{paper.id}"),
            build_saved_page_button(),
            Button(label="Undo", custom_id=f"saving:undo:{paper.id}"),
        ),
    )


def render_removed(paper_id: str, paper: Paper | None) -> LayoutView:
    """A paper is not saved any more.

    It is known by its id alone if the archive has not got it, as after a backup was restored.
    """
    name = _link(paper) if paper else f"arXiv:{paper_id}"
    again = Button[LayoutView](label="Save again", custom_id=f"saving:again:{paper_id}")
    return build_view(
        TextDisplay(f"Removed **{name}** from your saved papers. *Save again* brings your note back too, for a day."),
        ActionRow(again, build_saved_page_button()),
    )


def render_save_question(papers: Sequence[tuple[str, str]]) -> LayoutView:
    """Which paper of a long list to save: ids and labels."""
    select: Select[LayoutView] = Select(custom_id="save", placeholder="Save…")
    for paper_id, label in papers[:MAX_CHOICES]:
        select.add_option(label=cut_plain(label, _LABEL), value=paper_id)
    return build_view(TextDisplay("Which one do you want to save?"), ActionRow(select))


def _link(paper: Paper) -> str:
    return make_link(paper.name, paper.url, _TITLE)
