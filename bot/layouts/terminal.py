"""The digest in a terminal."""

from collections.abc import Sequence
from datetime import date

from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.digest import Candidate, Highlight, compose
from bot.layouts.text import count, day_name, first_sentences, plain
from bot.papers import Paper
from bot.subscription.settings import Taste

SUMMARY = 300  # characters


def digest_panel(papers: Sequence[Paper], day: date, size: int) -> Panel:
    """The `size` highlights of the list of `day`."""
    candidates = [Candidate(paper, frozenset({day})) for paper in papers]
    digest = compose(candidates, (day,), day, Taste(size, risers=0))
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", style="bold yellow")
    table.add_column(ratio=1)
    for highlight in digest.highlights:
        if highlight.position > 1:
            table.add_row()
        table.add_row(f"▲ {highlight.upvotes}", _text(highlight))
    foot = f"top {len(digest.highlights)} of {digest.listed} papers by upvotes" if papers else "no papers were listed"
    return Panel(table, title=f"Daily Papers · {day_name(day)}", subtitle=foot, border_style="yellow")


def _text(highlight: Highlight) -> Text:
    """The words of strangers as they are: rich reads markup and emoji codes in a str, none in a Text."""
    paper = highlight.paper
    facts = (
        count(highlight.comments, "comment") if highlight.comments else "",
        count(len(paper.authors), "author") if paper.authors else "",
        paper.organization or "",
    )
    return Text.assemble(
        (f"{highlight.position}. {paper.title}\n", "bold"),
        ("".join(f"{fact} · " for fact in facts if fact), "dim"),
        (f"{paper.url}\n", f"dim link {paper.url}"),
        plain(first_sentences(paper.ai_summary or paper.abstract), SUMMARY),
    )
