"""Search: the full-text index over the archive, and the query language."""

from bot.search.condition import (
    Condition,
    Vocabulary,
    build_condition,
    depends_on_upvotes,
    find_papers,
    list_examples,
    list_necessary_terms,
)
from bot.search.encoders import BundledEncoder, Encoder, MultilingualEncoder, load_encoder
from bot.search.index import IndexUnusable, invalidate_index
from bot.search.inspection import IndexState, inspect_index
from bot.search.letters import is_in_other_script
from bot.search.likeness import LIKENESS_BAR
from bot.search.meaning import Meaning, get_embedded_text
from bot.search.own_words import OwnWords
from bot.search.paper_terms import Change, PaperTerms
from bot.search.parser import MAX_WORDS, RIGHT_FORMS, parse_query, parse_with_options
from bot.search.query import (
    HAS,
    AmbiguousDate,
    Correction,
    Guess,
    Mistake,
    Part,
    Query,
    Sort,
    Translation,
    Word,
    list_clause_texts,
)
from bot.search.reranking import MOST_RATED, Reranker, Reranking
from bot.search.schema import find_written_form, fold_word, get_searchable_prose, list_organizations
from bot.search.search import FoundPapers, SearchIndex
from bot.search.snippets import Snippet

__all__ = [
    "HAS",
    "LIKENESS_BAR",
    "MAX_WORDS",
    "MOST_RATED",
    "RIGHT_FORMS",
    "AmbiguousDate",
    "BundledEncoder",
    "Change",
    "Condition",
    "Correction",
    "Encoder",
    "FoundPapers",
    "Guess",
    "IndexState",
    "IndexUnusable",
    "Meaning",
    "Mistake",
    "MultilingualEncoder",
    "OwnWords",
    "PaperTerms",
    "Part",
    "Query",
    "Reranker",
    "Reranking",
    "SearchIndex",
    "Snippet",
    "Sort",
    "Translation",
    "Vocabulary",
    "Word",
    "build_condition",
    "depends_on_upvotes",
    "find_papers",
    "find_written_form",
    "fold_word",
    "get_embedded_text",
    "get_searchable_prose",
    "inspect_index",
    "invalidate_index",
    "is_in_other_script",
    "list_clause_texts",
    "list_examples",
    "list_necessary_terms",
    "list_organizations",
    "load_encoder",
    "parse_query",
    "parse_with_options",
]
