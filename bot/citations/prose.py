"""Citations as people write them in texts: plain, and as Markdown."""

import re

from bot.citations.citation import Citation

_MARKED = re.compile(r"([\\`*_\[\]<>#|~&$@^])")
_BEGINS_BLOCK = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")  # a list, a line, or a heading


def write_plain(citation: Citation) -> str:
    """A line, with its line break."""
    title = _replace_backticks(citation.plain_title)
    rest = f"({citation.year}). {title}. arXiv:{citation.paper.id}. {citation.paper.arxiv_url}"
    return f"{_replace_backticks(_join_authors(citation))} {rest}".strip() + "\n"


def write_markdown(citation: Citation) -> str:
    """A line with a link, and with its line break."""
    title = f"[{escape_markdown(citation.plain_title)}]({citation.paper.arxiv_url})"
    authors = escape_markdown(_join_authors(citation))
    # Without authors the year comes last: at the beginning of a line, `2017.` is the number of a list.
    head = f"{authors}, {citation.year}. {title}" if authors else f"{title}, {citation.year}"
    return f"{head}. arXiv:{citation.paper.id}\n"


def write_markdown_item(citation: Citation) -> str:
    """An item of a list, with the tags and the note of the person."""
    lines = [f"- {write_markdown(citation).rstrip()}"]
    if citation.keywords:
        lines.append(f"\\\n  Tags: {escape_markdown(', '.join(citation.keywords))}")
    lines.append("\n")
    quoted = "\\\n  > ".join(map(escape_markdown, filter(None, citation.note.splitlines())))
    if quoted:
        lines.append(f"\n  > {quoted}\n\n")
    return "".join(lines)


def escape_markdown(text: str) -> str:
    """One line of text that Markdown shows as it is."""
    return _BEGINS_BLOCK.sub(_escape_first, _MARKED.sub(r"\\\1", text))


def _escape_first(found: re.Match[str]) -> str:
    return f"\\{found[1]}" if not found[1].isdigit() else found[1] + "\\"


def _join_authors(citation: Citation) -> str:
    return ", ".join([name.spoken for name in citation.authors] + ["et al."] * citation.has_more_authors)


def _replace_backticks(text: str) -> str:
    return text.replace("`", "'")
