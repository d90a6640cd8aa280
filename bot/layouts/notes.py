"""What a page of results says about the query: how it was read, and what was changed to find something."""

from collections.abc import Iterator

from bot.layouts.text import code, count, joined, marked, shorten
from bot.lookups.finder import Results
from bot.search import MOST_WORDS, Mistake, Query

TOO_LONG = "Shorten the query to see more pages."
FROM_THE_HUB = "🤗 from Hugging Face"
_QUERY = 300  # characters
_WORD = 40
_MOST = 4  # notes of one kind


def asked(query: Query) -> str:
    """The query as it is shown, with the parts that are not understood underlined."""
    return marked(query.text, [(mistake.start, mistake.end) for mistake in query.mistakes], _QUERY, "__")


def on(results: Results) -> Iterator[str]:
    """A line for each thing that people should know about the page they see."""
    for word, other in results.taken[:_MOST]:
        yield f"No paper contains *{shorten(word, _WORD)}*. Showing results for **{shorten(other, _WORD)}** instead."
    if results.left_out:
        them = "it" if len(results.left_out) == 1 else "them"
        yield f"No paper matches {_codes(results.left_out, 'and')}. Showing results without {them}."
    yield from mistakes(results.query)


def nothing(results: Results) -> Iterator[str]:
    """Lines that say that nothing was found, and what may help."""
    query = results.query
    if query.reference:
        yield f"**{asked(query)}** isn't in the archive yet. I can look it up on Hugging Face."
        return
    yield no_results(asked(query))
    if results.near:
        yield "Did you mean one of these?"
    yield from mistakes(query)


def no_results(query: str) -> str:
    """`query` is Markdown."""
    return f"No paper in the archive matches **{query}**. Try fewer or different words."


def mistakes(query: Query) -> Iterator[str]:
    """The parts of a query that are not understood, and how to write them."""
    yield from (_mistake(query, each) for each in query.mistakes[:_MOST])
    if len(query.mistakes) > _MOST:
        yield f"… and {count(len(query.mistakes) - _MOST, 'more mistake')} like these."


def _mistake(query: Query, mistake: Mistake) -> str:
    typed = code(query.text[mistake.start : mistake.end], _WORD)
    if not mistake.right:
        return f"A query can have up to {MOST_WORDS} words, so I ignore everything starting with {typed}."
    return f"I don't understand {typed}. Write it like {_codes(mistake.right)}."


def _codes(texts: tuple[str, ...], joint: str = "or") -> str:
    """`a`, `b` or `c`."""
    return joined([code(text, _WORD) for text in texts[:_MOST]], joint)
