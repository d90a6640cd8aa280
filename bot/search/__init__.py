"""Find: the full-text index over the archive, and its query language."""

from bot.search.index import IndexRefused, forget_index
from bot.search.meaning import MODEL, Encoder, Meaning, load_encoder, text_of
from bot.search.parser import MOST_WORDS, RIGHT_FORMS, composed, parse
from bot.search.query import HAS, Mistake, Query, Sort
from bot.search.schema import folded, prose
from bot.search.search import Found, Search, Snippet

__all__ = [
    "HAS",
    "MODEL",
    "MOST_WORDS",
    "RIGHT_FORMS",
    "Encoder",
    "Found",
    "IndexRefused",
    "Meaning",
    "Mistake",
    "Query",
    "Search",
    "Snippet",
    "Sort",
    "composed",
    "folded",
    "forget_index",
    "load_encoder",
    "parse",
    "prose",
    "text_of",
]
