"""What comes at once: after the lists were read, the papers that pass what people follow, also on open lists."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from bot.digest import Digest, Highlight, get_latest_closed_day
from bot.following.choosing import MAX_PAPERS, get_least_upvotes
from bot.following.listed import Listed, ListedPapers
from bot.ranking import rank_papers
from bot.search import parse_query
from bot.share import Share
from bot.storage import How, Storage, Subscription
from bot.subscription.schedule import Run

DAYS = timedelta(days=7)  # whose lists are looked at, today's among them
MAX_PER_DAY = 12  # messages for a person on one date; what else passes comes with the next run
PAIRS = 500  # of a query and a paper, whose people are looked up at once


@dataclass(frozen=True, slots=True)
class AtOnceDigest:
    """What has to be sent to a person now: a digest beside the runs, with its `number` on the date."""

    subscription: Subscription
    run: Run
    digest: Digest
    number: int


class AtOnce:
    """Looks for what has to be sent at once to the people of `share`. What they were shown is in `storage`."""

    def __init__(self, storage: Storage, share: Share, listed: Listed) -> None:
        self._share = share
        self._personal_digests = storage.personal_digests
        self._listed = listed

    async def find_digests(self, now: datetime) -> AsyncIterator[AtOnceDigest]:
        """Each person for whom something has passed, all of it bundled. Raises `PapersUnavailable`.

        Only people who are concerned cost something. One whose digest is on its way is left to the next call.
        """
        today = now.astimezone(UTC).date()
        listed = await self._listed.read(today - DAYS + timedelta(days=1), today)
        passing = await self._find_passing(listed, today)
        for user_id, queries_by_paper in (await self._find_people(passing)).items():
            if found := await self._compose(user_id, queries_by_paper, listed, now):
                yield found

    async def _find_passing(self, listed: ListedPapers, today: date) -> list[tuple[str, str, date]]:
        """Each query with each paper that passes it, and the last day on which that was listed."""
        passing: list[tuple[str, str, date]] = []
        async for queries in self._personal_digests.list_at_once_queries(self._share):
            for query, matching in (await self._listed.find_matching(queries, listed, today)).items():
                if not matching:
                    continue
                least = get_least_upvotes(parse_query(query, today), How.AT_ONCE)
                candidates = (listed.candidates[each] for each in matching)
                passing += [
                    (query, each.paper.id, max(each.days))
                    for each in candidates
                    if each.paper.upvotes >= least and each.paper.withdrawn_at is None
                ]
            await asyncio.sleep(0)
        return passing

    async def _find_people(self, passing: list[tuple[str, str, date]]) -> Mapping[int, Mapping[str, Collection[str]]]:
        """The people who were not shown what passes for them: by paper, the queries that it passes."""
        people: dict[int, dict[str, list[str]]] = {}
        for start in range(0, len(passing), PAIRS):
            found = await self._personal_digests.find_waiting_people(self._share, passing[start : start + PAIRS])
            for user_id, queries_by_paper in found.items():
                for paper_id, queries in queries_by_paper.items():
                    people.setdefault(user_id, {}).setdefault(paper_id, []).extend(queries)
        return people

    async def _compose(
        self, user_id: int, queries_by_paper: Mapping[str, Collection[str]], listed: ListedPapers, now: datetime
    ) -> AtOnceDigest | None:
        inputs = await self._personal_digests.read_at_once_inputs(user_id, queries_by_paper.keys(), now)
        if inputs is None or inputs.extra_count >= MAX_PER_DAY:
            return None
        today = now.astimezone(UTC).date()
        # Thousands may have come before, so somebody may have stopped a query since it was read.
        wanted = {each: [*filter(inputs.queries.__contains__, found)] for each, found in queries_by_paper.items()}
        ids = {each for each, queries in wanted.items() if queries} - inputs.shown
        ids -= await self._listed.find_muted(inputs.muted, listed, ids, today)
        fresh = [listed.candidates[each].paper for each in ids]
        if not fresh:
            return None
        highlights = tuple(
            Highlight(place, paper, paper.upvotes, paper.comments, followed=tuple(wanted[paper.id]))
            for place, paper in enumerate(rank_papers(fresh)[:MAX_PAPERS], 1)
        )
        highlights = await self._listed.mark_likeness(highlights, today)
        left = max(0, len(fresh) - MAX_PAPERS)
        digest = Digest(get_latest_closed_day(now), (), len(fresh), highlights, left_count=left)
        return AtOnceDigest(inputs.subscription, Run(inputs.day, now), digest, inputs.extra_count + 1)
