"""What a page of results says about the query: how it was read, and what was changed to find something."""

from collections.abc import Iterator

from bot.layouts.text import count_noun, format_code, format_short_day, join_words, mark_text_spans, shorten
from bot.lookups.finder import SearchResults
from bot.search import MAX_WORDS, AmbiguousDate, Mistake, Query

TOO_LONG = "Shorten the query to see more pages."
HUB_MARK = "🤗 from Hugging Face"
_QUERY_LIMIT = 300  # characters
_WORD_LIMIT = 40
_MAX_NOTES = 4  # notes of one kind


def render_query(query: Query) -> str:
    """The query as it is shown, with the parts that are not understood underlined."""
    return mark_text_spans(query.text, [(mistake.start, mistake.end) for mistake in query.mistakes], _QUERY_LIMIT, "__")


def list_search_notes(results: SearchResults) -> Iterator[str]:
    """A line for each thing that people should know about the page they see."""
    for word, other in results.corrections[:_MAX_NOTES]:
        typed, used = shorten(word, _WORD_LIMIT), shorten(other, _WORD_LIMIT)
        yield f"No paper contains *{typed}*. Showing results for **{used}** instead."
    if results.dropped_operators:
        them = "it" if len(results.dropped_operators) == 1 else "them"
        yield f"No paper matches {_join_codes(results.dropped_operators, 'and')}. Showing results without {them}."
    yield from describe_query_mistakes(results.query)
    for each in results.query.ambiguous_dates[:_MAX_NOTES]:
        yield describe_ambiguous_date(each)


def describe_ambiguous_date(read: AmbiguousDate) -> str:
    """How a date such as `5/9/2026` was read, and how to write the other day that it may mean."""
    return (
        f"I read {format_code(read.typed, _WORD_LIMIT)} as {format_short_day(read.day)}. "
        f"For {format_short_day(read.other)}, write {format_code(read.other.isoformat())}."
    )


def describe_nothing_found(results: SearchResults) -> Iterator[str]:
    """Lines that say that nothing was found, and what may help."""
    query = results.query
    if query.reference:
        yield f"**{render_query(query)}** isn't in the archive yet. I can look it up on Hugging Face."
        return
    yield describe_empty_search(render_query(query))
    if results.suggestions:
        yield "Did you mean one of these?"
    yield from describe_query_mistakes(query)


def describe_empty_search(query: str) -> str:
    """`query` is Markdown."""
    return f"No paper in the archive matches **{query}**. Try fewer or different words."


def describe_query_mistakes(query: Query) -> Iterator[str]:
    """The parts of a query that are not understood, and how to write them."""
    yield from (_describe_query_mistake(query, each) for each in query.mistakes[:_MAX_NOTES])
    if len(query.mistakes) > _MAX_NOTES:
        yield f"… and {count_noun(len(query.mistakes) - _MAX_NOTES, 'more mistake')} like these."


def _describe_query_mistake(query: Query, mistake: Mistake) -> str:
    typed = format_code(query.text[mistake.start : mistake.end], _WORD_LIMIT)
    if not mistake.corrections:
        return f"A query can have up to {MAX_WORDS} words, so I ignore everything starting with {typed}."
    return f"I don't understand {typed}. Write it like {_join_codes(mistake.corrections)}."


def _join_codes(texts: tuple[str, ...], joint: str = "or") -> str:
    """`a`, `b` or `c`."""
    return join_words([format_code(text, _WORD_LIMIT) for text in texts[:_MAX_NOTES]], joint)
