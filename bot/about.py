"""What the bot says of itself: its version, and where people read more."""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

# How packages call these links in their metadata, in lower case.
_DOCS = ("documentation", "docs")
_SOURCE = ("source", "source code", "repository", "code")
_PRIVACY = ("privacy", "privacy policy")


@dataclass(frozen=True, slots=True)
class Links:
    """Where people read more, as far as it is known."""

    docs: str | None = None
    source: str | None = None
    privacy: str | None = None


def read_version() -> str:
    return metadata.version("paperboy")


def read_links(docs: str | None = None, source: str | None = None, privacy: str | None = None) -> Links:
    """The links that are given; the others as the package's metadata has them (`[project.urls]`)."""
    known = find_links(metadata.metadata("paperboy").get_all("Project-URL") or ())
    return Links(docs or known.docs, source or known.source, privacy or known.privacy)


def find_links(project_urls: Iterable[str]) -> Links:
    """The links among the lines of a package's metadata, such as `Documentation, https://example.org`."""
    urls = {}
    for line in project_urls:
        label, _, url = line.partition(",")
        urls[label.strip().lower()] = url.strip()
    docs, source, privacy = (
        next((urls[each] for each in names if each in urls), None) for names in (_DOCS, _SOURCE, _PRIVACY)
    )
    return Links(docs, source, privacy)
