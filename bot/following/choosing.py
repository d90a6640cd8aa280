"""Which papers a followed query brings, and when. Pure."""

from bot.search import Query
from bot.search.query import AnyOf, Clause, Group, Occur, Upvotes
from bot.storage import How

AT_ONCE_UPVOTES = 50  # what comes at once has so many, unless its query asks for another number


def get_least_upvotes(query: Query, how: How) -> int:
    """The upvotes that a paper needs to come, besides matching `query`; 0 if the query says it by itself."""
    return 0 if how is not How.AT_ONCE or any(map(_asks_for_upvotes, query.clauses)) else AT_ONCE_UPVOTES


def _asks_for_upvotes(clause: Clause) -> bool:
    match clause.node:
        case Upvotes():
            return clause.occur is not Occur.NOT
        case AnyOf(options=inner) | Group(clauses=inner):
            return clause.occur is not Occur.NOT and any(map(_asks_for_upvotes, inner))
    return False
