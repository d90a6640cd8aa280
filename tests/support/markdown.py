"""What a reader sees of a message's Markdown."""

import re

# Discord takes the backslashes of escapes away, but shows those in the label of a link.
_SHOWN = re.compile(r"\\(?P<escaped>[^0-9A-Za-z\s])|\[(?P<label>[^\[\]]*)\]\((?P<url>https?://[^\s()<>]+)\)")


def visible(markdown: str) -> str:
    """Escaped text as Discord shows it."""
    return _SHOWN.sub(lambda found: found["escaped"] or found["label"], markdown).replace("\u200b", "")


def links(markdown: str) -> list[tuple[str, str]]:
    """The masked links in it: each label, and where it leads."""
    return [(found["label"], found["url"]) for found in _SHOWN.finditer(markdown) if found["url"]]
