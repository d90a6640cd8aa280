"""The citation of a paper, to be copied."""

from bot.layouts.text import MAX_CONTENT, code_block
from bot.lookups.citations import Format, cite
from bot.papers import Paper

_LANGUAGES = {Format.BIBTEX: "bibtex", Format.MARKDOWN: "markdown", Format.PLAIN: ""}
_FRAME = 40  # characters at most around it


def citation(paper: Paper, format_: Format) -> str:
    """A message with the citation in a block of code."""
    return code_block(cite(paper, format_, MAX_CONTENT - _FRAME), _LANGUAGES[format_])
