"""Orders the best papers anew, by a cross-encoder, which reads the query and each paper together."""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from bot.papers import Paper

log = logging.getLogger(__name__)

MOST_RATED = 20  # papers
AT_ONCE = 4  # papers between two looks at the clock
LIMIT = 1.0  # seconds that somebody waits for it; past them, the first order stands
_ABSTRACT = 600  # characters


class Reranker(Protocol):
    """Rates how well passages answer a query; only the order of the numbers means something. Blocks."""

    def rate(self, query: str, passages: Sequence[str]) -> list[float]: ...


class Reranking:
    """Sorts papers for a query, one query at a time, within the limit. Blocks: call it in a thread."""

    def __init__(self, reranker: Reranker, limit: float = LIMIT) -> None:
        self._reranker = reranker
        self._limit = limit
        self._turn = threading.Lock()

    def sort_papers(self, query: str, papers: Sequence[Paper]) -> list[Paper] | None:
        """The best `MOST_RATED` of `papers` anew, and the others after them; None if it failed or had no time."""
        until = time.monotonic() + self._limit
        if not self._turn.acquire(timeout=self._limit):
            return None
        try:
            ratings: list[float] = []
            rated = papers[:MOST_RATED]
            for first in range(0, len(rated), AT_ONCE):
                if time.monotonic() > until:
                    return None
                batch = rated[first : first + AT_ONCE]
                ratings += self._reranker.rate(query, [f"{each.title}. {each.abstract[:_ABSTRACT]}" for each in batch])
        except Exception:  # a model and its runtime fail in ways of their own, and no search waits for their repair
            log.exception("the reranker failed; the first order stands")
            return None
        finally:
            self._turn.release()
        order = sorted(range(len(rated)), key=lambda place: -ratings[place])
        return [*(rated[place] for place in order), *papers[MOST_RATED:]]
