"""Search: the full-text index over the archive, and the query language."""

from bot.search.index import IndexUnusable, invalidate_index
from bot.search.likeness import LIKENESS_BAR
from bot.search.meaning import MODEL, Encoder, Meaning, get_embedded_text, load_encoder
from bot.search.parser import MAX_WORDS, RIGHT_FORMS, parse_query, parse_with_options
from bot.search.query import HAS, AmbiguousDate, Mistake, Part, Query, Sort
from bot.search.schema import fold_word, get_searchable_prose
from bot.search.search import FoundPapers, SearchIndex, Snippet

__all__ = [
    "HAS",
    "LIKENESS_BAR",
    "MAX_WORDS",
    "MODEL",
    "RIGHT_FORMS",
    "AmbiguousDate",
    "Encoder",
    "FoundPapers",
    "IndexUnusable",
    "Meaning",
    "Mistake",
    "Part",
    "Query",
    "SearchIndex",
    "Snippet",
    "Sort",
    "fold_word",
    "get_embedded_text",
    "get_searchable_prose",
    "invalidate_index",
    "load_encoder",
    "parse_query",
    "parse_with_options",
]
