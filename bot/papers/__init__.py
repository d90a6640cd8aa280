"""A paper, and how people refer to one."""

import re
from dataclasses import dataclass
from datetime import date, datetime

ARXIV_ID = r"[0-9]{4}\.[0-9]{4,5}"
_REFERENCE = re.compile(
    rf"""^\s*<?(?:
        (?:https?://)?(?:www\.)?(?:
            (?:huggingface\.co|hf\.co)/papers/ | (?:export\.)?arxiv\.org/(?:abs|pdf|html)/ | alphaxiv\.org/abs/
        ) | arxiv:\s*
    )?(?P<id>{ARXIV_ID})(?:v\d+)?(?:\.pdf)?/?(?:[?\#].*)?>?\s*$""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as last seen; `id` is its arXiv id, `day` the latest daily list (UTC) it was on."""

    id: str
    title: str
    abstract: str
    day: date
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

    @property
    def url(self) -> str:
        return f"https://huggingface.co/papers/{self.id}"

    @property
    def arxiv_url(self) -> str:
        return f"https://arxiv.org/abs/{self.id}"

    @property
    def pdf_url(self) -> str:
        return f"https://arxiv.org/pdf/{self.id}"


def paper_id(reference: str) -> str | None:
    """The arXiv id in a bare id, `idvN`, `arXiv:id` or a paper's URL; None where there is none."""
    found = _REFERENCE.match(reference)
    return found["id"] if found else None
