"""What a page of results says about the query: how it was read, and what was changed to find something."""

from collections.abc import Iterator, Sequence
from itertools import islice

from bot.layouts.text import count_noun, format_code, format_short_day, join_words, mark_text_spans, shorten
from bot.lookups.finder import Exclusion, IndexProgress, SearchResults
from bot.refusals import Refusal
from bot.search import (
    MAX_WORDS,
    AmbiguousDate,
    Correction,
    Guess,
    Mistake,
    Part,
    Query,
    find_written_form,
    is_in_other_script,
)

HUB_MARK = "🤗 from Hugging Face"
_QUERY_LIMIT = 300  # characters
_WORD_LIMIT = 40
_MAX_NOTES = 4  # notes of one kind


def render_query(query: Query) -> str:
    """The query as it is shown, with the parts that are not understood underlined."""
    return mark_text_spans(query.text, [(mistake.start, mistake.end) for mistake in query.mistakes], _QUERY_LIMIT, "__")


def count_results(results: SearchResults) -> str:
    """How many papers were found, and how many of them have all the words."""
    close = results.total - (results.complete or 0)
    if results.complete is None:
        return count_noun(results.total, "paper")
    if not results.complete:
        return f"no paper with all the words, {close:,} with some of them"
    rest = f" and {close:,} that {'comes' if close == 1 else 'come'} close" if close else ""
    return f"{count_noun(results.complete, 'paper')} with all the words{rest}"


def describe_best_match(results: SearchResults) -> str:
    """A few lines over the card of the best hit."""
    notes = islice(list_search_notes(results), _MAX_NOTES)
    return "\n".join([f"Best match for **{render_query(results.query)}**", *notes])


def list_search_notes(results: SearchResults) -> Iterator[str]:
    """A line for each thing that people should know about the page they see."""
    if results.progress:
        yield describe_index_progress(results.progress)
    titles = [hit.paper.title for hit in results.hits]
    if results.translation:
        yield f"Searched in English for **{shorten(results.translation.text, _QUERY_LIMIT)}**."
    yield from (_describe_correction(each, titles) for each in results.corrections[:_MAX_NOTES])
    if results.dropped_operators:
        them = "it" if len(results.dropped_operators) == 1 else "them"
        yield f"No paper matches {_join_codes(results.dropped_operators, 'and')}. Showing results without {them}."
        minimum = next((each for each in results.exclusions if each.best_upvotes is not None), None)
        if minimum:
            yield _describe_best_upvotes(minimum)
    yield from describe_query_mistakes(results.query)
    for each in results.query.ambiguous_dates[:_MAX_NOTES]:
        yield describe_ambiguous_date(each)


def _describe_correction(correction: Correction, titles: Sequence[str]) -> str:
    """What was looked for instead of a word, or too, as the titles of the papers that were found write it."""
    typed = shorten(correction.typed, _WORD_LIMIT)
    words = [f"**{shorten(find_written_form(word, titles), _WORD_LIMIT)}**" for word in correction.words]
    match correction.guess:
        case Guess.SURE:
            return f"No paper contains *{typed}*. Showing results for {words[0]} instead."
        case Guess.DOUBTFUL:
            return f"Also searched for {words[0]}, in case *{typed}* is a typo."
        case Guess.BEGINNING:
            return f"No paper contains *{typed}*. Showing results for words that begin with it: {join_words(words)}."


def describe_ambiguous_date(read: AmbiguousDate) -> str:
    """How a date such as `5/9/2026` was read, and how to write the other day that it may mean."""
    return (
        f"I read {format_code(read.typed, _WORD_LIMIT)} as {format_short_day(read.day)}. "
        f"For {format_short_day(read.other)}, write {format_code(read.other.isoformat())}."
    )


def describe_index_progress(progress: IndexProgress) -> str:
    return (
        f"The search index is still being made: {progress.indexed:,} of {count_noun(progress.total, 'paper')} so far. "
        "Try again in a minute to find the rest."
    )


def describe_nothing_found(results: SearchResults, hub: Refusal | None = None) -> Iterator[str]:
    """Lines that say that nothing was found, and what may help; `hub` is why Hugging Face has no more either."""
    query = results.query
    if results.progress:
        yield describe_index_progress(results.progress)
    if query.reference:
        yield f"**{render_query(query)}** isn't in the archive yet. I can look it up on Hugging Face."
        return
    if results.exclusions:
        yield f"No paper in the archive matches **{render_query(query)}**."
        yield from map(_describe_exclusion, results.exclusions[:_MAX_NOTES])
    else:
        yield describe_empty_search(render_query(query))
    yield from _advise_on_archive(results)
    if hub is Refusal.HUB_HAS_NOTHING_NEW:
        yield "Hugging Face found nothing new either."
    elif hub:
        yield "Hugging Face isn't answering right now, so I could only search the archive."
    if results.suggestions:
        yield "Did you mean one of these?"
    yield from describe_query_mistakes(query)


def _advise_on_archive(results: SearchResults) -> Iterator[str]:
    """What helps if the query asks for what few papers of the archive have."""
    if results.query.asks_for_organization:
        yield "I don't know where most papers come from, so also try the name without `org:`."
    if any(map(is_in_other_script, results.query.list_texts())):
        otherwise = ", or click *Nearest papers by meaning*" if results.knows_meaning else ""
        yield f"Nearly all papers here are in English, so try English words{otherwise}."


def _describe_exclusion(exclusion: Exclusion) -> str:
    """A line such as: without `min:1000`, 12 papers match; the most upvoted one has 412 upvotes."""
    typed = format_code(exclusion.typed, _WORD_LIMIT)
    without = f"Without the quotes in {typed}" if exclusion.part is Part.PHRASE else f"Without {typed}"
    best = f" {_describe_best_upvotes(exclusion)}" if exclusion.best_upvotes is not None else ""
    matches = "matches" if exclusion.total == 1 else "match"
    return f"{without}, {count_noun(exclusion.total, 'paper')} {matches}.{best}"


def _describe_best_upvotes(exclusion: Exclusion) -> str:
    return f"The most upvoted has {count_noun(exclusion.best_upvotes or 0, 'upvote')}."


def describe_empty_search(query: str) -> str:
    """`query` is Markdown."""
    advice = "Try fewer or different words." if " " in query else "Try another word."
    return f"No paper in the archive matches **{query}**. {advice}"


def describe_query_mistakes(query: Query) -> Iterator[str]:
    """The parts of a query that are not understood, and how to write them."""
    yield from (_describe_query_mistake(query, each) for each in query.mistakes[:_MAX_NOTES])
    if len(query.mistakes) > _MAX_NOTES:
        yield f"… and {count_noun(len(query.mistakes) - _MAX_NOTES, 'more mistake')} like these."


def _describe_query_mistake(query: Query, mistake: Mistake) -> str:
    typed = format_code(query.text[mistake.start : mistake.end], _WORD_LIMIT)
    if not mistake.corrections:
        return f"A query can have up to {MAX_WORDS} words, so I ignore everything starting with {typed}."
    if query.text[mistake.start : mistake.end].rstrip('"').endswith(":"):
        return f"{typed} needs a value right after it, such as {_join_codes(mistake.corrections)}."
    return f"I don't understand {typed}. Write it like {_join_codes(mistake.corrections)}."


def _join_codes(texts: tuple[str, ...], joint: str = "or") -> str:
    """`a`, `b` or `c`."""
    return join_words([format_code(text, _WORD_LIMIT) for text in texts[:_MAX_NOTES]], joint)
