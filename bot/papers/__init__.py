"""A paper, and how people refer to one."""

from dataclasses import dataclass
from datetime import date, datetime

from bot.papers.references import (
    ARXIV_ID,
    References,
    find_paper_id,
    find_references,
    has_foreign_link,
    is_before_2007,
    parse_paper_id,
)
from bot.papers.titles import get_display_title

__all__ = [
    "ARXIV_ID",
    "Paper",
    "References",
    "find_paper_id",
    "find_references",
    "has_foreign_link",
    "is_before_2007",
    "parse_paper_id",
]


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as last seen; `id` is its arXiv id.

    `day` is the day (UTC) of the latest daily list it was read from; None if it was only fetched by its id or found by
    a search. The API tells the linked counts only with a single paper; until then they are None.
    """

    id: str
    title: str
    abstract: str
    day: date | None = None
    upvotes: int = 0
    comments: int = 0
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    organization: str | None = None
    ai_summary: str | None = None
    tags: tuple[str, ...] = ()
    github_repo: str | None = None
    github_stars: int | None = None
    project_page: str | None = None
    media_urls: tuple[str, ...] = ()
    linked_models: int | None = None
    linked_datasets: int | None = None
    linked_spaces: int | None = None
    withdrawn_at: datetime | None = None

    @property
    def name(self) -> str:
        """Its title as people read it: in one line, without LaTeX; `arXiv:` and its id if nothing of it is visible."""
        return get_display_title(self.title, self.id)

    @property
    def listed_or_published_on(self) -> date | None:
        """The day it was listed on, or else published."""
        return self.day or (self.published_at.date() if self.published_at else None)

    @property
    def url(self) -> str:
        return f"https://huggingface.co/papers/{self.id}"

    @property
    def arxiv_url(self) -> str:
        return f"https://arxiv.org/abs/{self.id}"

    @property
    def pdf_url(self) -> str:
        return f"https://arxiv.org/pdf/{self.id}"

    @property
    def html_url(self) -> str:
        return f"https://arxiv.org/html/{self.id}"

    @property
    def alphaxiv_url(self) -> str:
        return f"https://www.alphaxiv.org/abs/{self.id}"

    @property
    def thumbnail_url(self) -> str:
        return f"https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{self.id}.png"


@dataclass(frozen=True, slots=True)
class DailyList:
    """One reading of a daily list: its papers, each once, and the `ids` of all its entries, also of unreadable ones.

    `ids` is None if the reading may be incomplete.
    """

    papers: tuple[Paper, ...]
    ids: frozenset[str] | None
