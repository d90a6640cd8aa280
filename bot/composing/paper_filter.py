"""Which papers match a subscription's filter."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import ParamSpec, TypeVar

from bot.archive import Archive
from bot.digest import Likeness
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.search import LIKENESS_BAR, FoundPapers, Query, SearchIndex, parse_query
from bot.storage import Storage

_P = ParamSpec("_P")
_Answer = TypeVar("_Answer")


class PaperFilter:
    """Applies filters through `search`, whose index is first brought up to date with `storage` by `archive`."""

    def __init__(self, storage: Storage, archive: Archive, search: SearchIndex) -> None:
        self._papers = storage.papers
        self._archive = archive
        self._search = search

    async def find_matching(self, filter_: str, ids: Collection[str], today: date) -> frozenset[str]:
        """Those of `ids` that match `query`; all of them if it is empty.

        Raises `PapersUnavailable` while papers are missing from the index.
        """
        if not filter_:
            return frozenset(ids)
        await self.catch_up()
        return await self._ask_index(self._search.find_matching_ids, parse_query(filter_, today), ids)

    async def measure_likeness(
        self, filter_: str, ids: Collection[str], today: date
    ) -> Mapping[str, Mapping[str, float]]:
        """How like each of `ids` is to each example of the filter, also to those that it pushes away.

        Raises `PapersUnavailable` as above.
        """
        examples = parse_query(filter_, today).list_all_examples()
        if not examples:
            return {}
        await self.catch_up()
        return await self._ask_index(self._search.measure_each_likeness, examples, ids)

    async def find_likeness(self, filter_: str, ids: Collection[str], today: date) -> Mapping[str, Likeness]:
        """The nearest example of the filter for those of `ids` that are like one. Raises `PapersUnavailable`."""
        examples = parse_query(filter_, today).list_examples()
        if not examples or not ids:
            return {}
        await self.catch_up()
        near = await self._ask_index(self._search.measure_likeness, examples, ids)
        return {paper_id: each for paper_id, each in near.items() if each.value >= LIKENESS_BAR}

    async def find_most_upvoted(self, query: Query, first: date, last: date) -> FoundPapers:
        """The most upvoted paper listed from `first` to `last` that matches, and how many match; an empty one is any.

        Raises `PapersUnavailable` as above.
        """
        await self.catch_up()
        return await self._ask_index(self._search.find_most_upvoted, query, first, last)

    async def catch_up(self) -> None:
        """Bring the index up to date. Raises `PapersUnavailable` if papers are missing from it all the same."""
        if self._search.change < await self._papers.get_last_change():
            await self._archive.update_index()
        if self._search.change < await self._papers.get_last_change():
            raise PapersUnavailable(Reason(ReasonKind.INDEX_BEHIND))

    async def _ask_index(self, ask: Callable[_P, _Answer], *args: _P.args, **kwargs: _P.kwargs) -> _Answer:
        try:
            return await asyncio.to_thread(ask, *args, **kwargs)
        except ValueError as error:  # the index is damaged or gone; the next write repairs it
            raise PapersUnavailable(Reason(ReasonKind.INDEX_UNREADABLE)) from error
