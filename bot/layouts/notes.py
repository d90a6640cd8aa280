"""What a page of results says of the query: how it was read, and what had to be done to find something."""

from collections.abc import Iterator

from bot.layouts.text import code, joined, marked, shorten
from bot.lookups.finder import Results
from bot.search import MOST_WORDS, Mistake, Query

TOO_LONG = "Shorten the query to see more pages."
FROM_THE_HUB = "🤗 from Hugging Face"
_QUERY = 300  # characters
_WORD = 40
_MOST = 4  # notes of a kind


def asked(query: Query) -> str:
    """The query as it is shown, what is not understood in it underlined."""
    return marked(query.text, [(mistake.start, mistake.end) for mistake in query.mistakes], _QUERY, "__")


def on(results: Results) -> Iterator[str]:
    """A line for each thing somebody should know of the page they see."""
    for word, other in results.taken[:_MOST]:
        yield f"No paper holds *{shorten(word, _WORD)}*. Showing results for **{shorten(other, _WORD)}**."
    if results.left_out:
        them = "it" if len(results.left_out) == 1 else "them"
        yield f"No paper matches {_codes(results.left_out, 'and')}. Shown without {them}:"
    yield from mistakes(results.query)


def nothing(results: Results) -> Iterator[str]:
    """That nothing was found, and what may help."""
    query = results.query
    if query.reference:
        yield f"**{asked(query)}** is not in the archive yet. I can look it up."
        return
    yield no_results(asked(query))
    if results.near:
        yield "Did you mean one of these?"
    yield from mistakes(query)


def no_results(query: str) -> str:
    """`query` is Markdown."""
    return f"Nothing in the archive matches **{query}**. Try fewer or other words."


def mistakes(query: Query) -> Iterator[str]:
    """What is not understood in a query, and what would be right."""
    yield from (_mistake(query, each) for each in query.mistakes[:_MOST])
    if len(query.mistakes) > _MOST:
        yield f"… and {len(query.mistakes) - _MOST} more like these."


def _mistake(query: Query, mistake: Mistake) -> str:
    typed = code(query.text[mistake.start : mistake.end], _WORD)
    if not mistake.right:
        return f"A query holds {MOST_WORDS} words at most; from {typed} on it is left out."
    return f"{typed} is not understood: write it like {_codes(mistake.right)}"


def _codes(texts: tuple[str, ...], joint: str = "or") -> str:
    """`a`, `b` or `c`."""
    return joined([code(text, _WORD) for text in texts[:_MOST]], joint)
