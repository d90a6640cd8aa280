"""The papers that somebody's message refers to: a page like that of a search, with what could not be shown, or none."""

from collections.abc import Iterator, Sequence

from discord.ui import ActionRow, Button, Container, LayoutView, TextDisplay

from bot.layouts.paper import ACCENT, build_rows, build_view
from bot.layouts.query_buttons import make_query_id
from bot.layouts.refusals import REFERENCES
from bot.layouts.results import render_hits
from bot.layouts.text import count_noun, escape_markdown, format_code, join_words, make_link
from bot.lookups.finder import ReferencedPapers
from bot.papers import Paper
from bot.refusals import Refusal

_OTHERS = 3  # links that lead to something else, of which a page names as many
_LINK = 60  # characters of each


def make_papers_text(ids: Sequence[str]) -> str:
    """The ids as a button has them, or as they are stored."""
    return " ".join(ids)


def render_referenced_papers(found: ReferencedPapers, *, total: int, others: Sequence[str] = ()) -> LayoutView:
    """The papers that were found, why others were not, and a button that tries again if that may help.

    `total` papers are in the message; `others` are links in it that lead to something else.
    """
    looked_up = [*found.missing, *(hit.paper.id for hit in found.hits)]
    order = ", in the order of the message" if total > 1 else ""
    lines = [f"# Papers in this message\n{count_noun(total, 'paper')}{order}"]
    lines += _describe_missing(found)
    if total > len(looked_up):
        lines.append(f"-# These are the first {len(looked_up)}.")
    if others:
        lines.append(f"-# {_describe_others(others)}")
    buttons: list[Button[LayoutView]] = []
    if Refusal.PAPERS_DOWN in found.missing.values():
        buttons.append(Button(label="Try again", custom_id=make_query_id("papers:1", make_papers_text(found.ids))))
    return render_hits("\n".join(lines), found.hits, build_rows(buttons))


def _describe_missing(found: ReferencedPapers) -> Iterator[str]:
    sentences = {
        Refusal.NO_SUCH_PAPER: "Hugging Face has no paper {ids}. Please check the ID.",
        Refusal.PAPER_TOO_OLD: "Hugging Face has no papers from before April 2007: {ids}.",
        Refusal.PAPERS_DOWN: "Not in the archive, and Hugging Face isn't answering right now: {ids}.",
    }
    for refusal, sentence in sentences.items():
        ids = [_name_missing(paper_id, refusal) for paper_id, why in found.missing.items() if why is refusal]
        if ids:
            joint = "or" if refusal is Refusal.NO_SUCH_PAPER else "and"
            yield sentence.format(ids=join_words(ids, joint))


def _name_missing(paper_id: str, refusal: Refusal) -> str:
    """Its id, which leads to arXiv if the paper can only be there."""
    if refusal is Refusal.PAPER_TOO_OLD:
        return f"**{make_link(paper_id, Paper(paper_id, '', '').arxiv_url, len(paper_id))}**"
    return f"**{escape_markdown(paper_id)}**"


def _describe_others(others: Sequence[str]) -> str:
    """Which links of a message are no papers that we could find."""
    shown = [format_code(each.partition("://")[2] or each, _LINK) for each in others[:_OTHERS]]
    if len(others) > len(shown):
        shown.append(f"{len(others) - len(shown)} more")
    return f"No arXiv paper behind {join_words(shown, 'or')}."


def render_no_references(others: Sequence[str], words: str) -> LayoutView:
    """A message refers to no paper; its `words`, if any, can be searched for. `others` are its links."""
    lines = ["**I found no paper in this message.**"]
    if others:
        lines.append(_describe_others(others))
    lines.append(f"I look for {REFERENCES}. To find a paper by its words, use `/paper search`.")
    container: Container[LayoutView] = Container(TextDisplay("\n".join(lines)), accent_colour=ACCENT)
    if words:
        search = Button[LayoutView](label="Search for its words", custom_id=make_query_id("find:n1", words))
        container.add_item(ActionRow(search))
    return build_view(container)
