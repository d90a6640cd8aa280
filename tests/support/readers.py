"""Readers who follow queries while days of papers go by, and what their digests must hold, by brute force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from bot.app import Services
from bot.delivery.planning import Planner
from bot.papers import Paper
from bot.search import parse_query
from bot.share import WHOLE
from bot.storage import INBOX, Delivery, DeliveryState, How, MutedKind, Storage, Subscription
from bot.subscription.schedule import Schedule
from tests.support.builders import Clock

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
GROWS_FOR = 72  # hours, in which a paper gets its upvotes
CLOSES_AFTER = timedelta(hours=27)
FITS = 25


@dataclass
class Reader:
    """A person, what they were shown and when, and until which day their runs have looked."""

    user_id: int
    schedule: Schedule
    shown: dict[str, datetime] = field(default_factory=dict)
    covered: date | None = None
    last_run: date | None = None
    deliveries: list[Delivery] = field(default_factory=list)

    def find_first_due_day(self, day: date) -> date:
        """The first day of the week of `day` on which they get a digest."""
        monday = day - timedelta(days=day.weekday())
        return next(each for each in (monday + timedelta(days=n) for n in range(7)) if self.is_due(each))

    def find_last_due_day(self, day: date) -> date:
        """The last day up to `day` on which they get a digest."""
        return next(each for each in (day - timedelta(days=n) for n in range(7)) if self.is_due(each))

    def is_due(self, day: date) -> bool:
        return day.weekday() in self.schedule.weekdays


class Readers:
    """Lets the days of `lists` go by for some readers: papers are listed, get upvotes, and come to them."""

    def __init__(
        self, services: Services, clock: Clock, lists: Mapping[date, Sequence[Paper]], scan_every: timedelta
    ) -> None:
        self.services, self.clock, self.lists = services, clock, lists
        self.scan_every = scan_every
        self.storage = services.storage
        self.readers: dict[int, Reader] = {}
        self.planner = Planner(self.storage, services.composer, services.personal_composer)

    def add(self, user_id: int, schedule: Schedule) -> Reader:
        self.readers[user_id] = reader = Reader(user_id, schedule)
        return reader

    async def follow(self, reader: Reader, text: str, how: How = How.DAILY) -> None:
        await self.read_lists()
        await self.services.follower.follow(reader.user_id, text, how, reader.user_id, reader.schedule, self.clock.now)

    async def live_until(self, last: datetime, *, is_down: bool = False) -> None:
        """Read the lists, send what is due, and then what comes at once; while the bot `is_down`, nothing happens."""
        while self.clock.now < last:
            due = [] if is_down else [known.next_run.at for known in await self._list_subscriptions()]
            scan = BEGINNING + self.scan_every * ((self.clock.now - BEGINNING) // self.scan_every + 1)
            self.clock.now = min([scan, last, *(each for each in due if each > self.clock.now)])
            if not is_down:
                await self.read_lists(9 if any(each <= self.clock.now for each in due) else 4)
                await self.run_due()
                if self.clock.now == scan:
                    await self.send_at_once()

    async def _list_subscriptions(self) -> list[Subscription]:
        found = [await self.storage.subscriptions.get_for_person(each) for each in self.readers]
        return [each for each in found if each]

    async def read_lists(self, number: int = 9) -> None:
        """The last lists are read as they are now. Some hours before, upvotes have stopped to grow."""
        now = self.clock.now
        for back in range(number):
            day = now.date() - timedelta(days=back)
            papers = [self._vote(paper, day) for paper in self.lists.get(day, ())]
            await self.storage.papers.record_list(day, papers, now, ids=frozenset(each.id for each in papers))
        await self.services.archive.update_index()

    def _vote(self, paper: Paper, day: date) -> Paper:
        hours = (self.clock.now - datetime.combine(day, time(), UTC)) / timedelta(hours=1)
        return replace(paper, upvotes=int(paper.upvotes * min(1.0, hours / GROWS_FOR)))

    async def run_due(self) -> None:
        for subscription in await self.storage.subscriptions.list_due_people(WHOLE, self.clock.now, limit=100):
            reader = self.readers[subscription.user_id or 0]
            expected = await self._expect_run(reader)
            delivery = await self.planner.plan_due_run(subscription, self.clock.now)
            assert delivery
            self._check(reader, delivery, expected)
            reader.covered, reader.last_run = self._closed, delivery.run_date
            await self._arrive(reader, delivery)

    async def send_at_once(self) -> None:
        expected = {each.user_id: await self._expect_at_once(each) for each in self.readers.values()}
        await self.planner.plan_at_once(self.services.at_once, self.clock.now)
        assert await self.planner.plan_at_once(self.services.at_once, self.clock.now) == 0, "nothing is planned twice"
        for delivery in await list_deliveries_to_people(self.storage, self.clock.now):
            assert delivery.user_id
            reader = self.readers[delivery.user_id]
            self._check(reader, delivery, expected.pop(reader.user_id))
            await self._arrive(reader, delivery)
        assert not any(expected.values()), "missed at once"

    def _check(self, reader: Reader, delivery: Delivery, expected: Mapping[str, set[str]]) -> None:
        """What came is what had to come, and none of it for the second time."""
        came = {each.paper.id: set(each.followed) for each in delivery.digest.highlights}
        assert not came.keys() & reader.shown.keys(), "twice to one reader"
        assert len(came) == len(delivery.digest.highlights) == min(len(expected), FITS)
        assert came == {each: expected.get(each) for each in came}, delivery.run_date
        assert delivery.digest.left_count == len(expected) - len(came)
        assert delivery.user_id == reader.user_id
        day = self.clock.now.astimezone(reader.schedule.timezone).date()
        assert delivery.run_date == (day if delivery.extra else reader.find_last_due_day(day))
        ranks = [(-each.upvotes, -each.comments, each.paper.id) for each in delivery.digest.highlights]
        assert ranks == sorted(ranks)

    async def _arrive(self, reader: Reader, delivery: Delivery) -> None:
        reader.deliveries.append(delivery)
        reader.shown |= dict.fromkeys((each.paper.id for each in delivery.digest.highlights), self.clock.now)
        if delivery.state is DeliveryState.QUIET:
            assert delivery.digest.reason
            return
        for message in delivery.messages:
            await self.storage.deliveries.record_arrival(
                delivery.id, message.number, delivery.channel_id, 1000 + delivery.id, self.clock.now
            )
        await self.storage.deliveries.complete_delivery(delivery)

    # By brute force

    @property
    def _closed(self) -> date:
        return (self.clock.now - CLOSES_AFTER).date()

    async def _expect_run(self, reader: Reader) -> dict[str, set[str]]:
        """Which papers a run has to bring, with all that brings each."""
        closed, after = self._closed, reader.covered and reader.covered + timedelta(days=1)
        today = reader.find_last_due_day(self.clock.now.astimezone(reader.schedule.timezone).date())
        lately = [each for each in reader.deliveries if (today - each.run_date).days <= 14 and not each.extra]
        is_behind = any(each.digest.left_count for each in lately)
        week_begins = reader.find_first_due_day(today)
        is_first_of_week = today == week_begins or bool(reader.last_run and reader.last_run < week_begins)
        expected: dict[str, set[str]] = {}
        known = await self.storage.subscriptions.get_for_person(reader.user_id)
        assert known
        for each in await self.storage.followed_queries.list_for_person(reader.user_id):
            if each.how is How.WEEKLY and not is_first_of_week:
                continue
            days = 7 if each.is_inbox or each.how is not How.WEEKLY else 14
            if is_behind and not each.is_inbox:
                days = 31
            first = max(each.first_day, min(closed - timedelta(days=days - 1), after or date.min))
            if each.query == INBOX and each.how is How.DAILY:
                first = max(each.first_day, after or date.min)
            found = await self._find(reader, each.query, each.how, first, closed)
            for paper in found[: known.settings.selection.size] if each.is_inbox else found:
                expected.setdefault(paper.id, set()).add(each.query)
        return expected

    async def _expect_at_once(self, reader: Reader) -> dict[str, set[str]]:
        today = self.clock.now.date()
        expected: dict[str, set[str]] = {}
        for each in await self.storage.followed_queries.list_for_person(reader.user_id):
            if each.how is How.AT_ONCE:
                first = max(each.first_day, today - timedelta(days=6))
                for paper in await self._find(reader, each.query, each.how, first, today):
                    expected.setdefault(paper.id, set()).add(each.query)
        return expected

    async def _find(self, reader: Reader, query: str, how: How, first: date, last: date) -> list[Paper]:
        """All papers listed from `first` to `last` that a query brings a reader, best first."""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        ids = {paper.id for day in days for paper in self.lists.get(day, ())}
        if query:
            ids = set(self.services.search.find_matching_ids(parse_query(query, last), ids))
        papers = [each for each in await self.storage.papers.get(ids) if each.id not in reader.shown]
        if how is How.AT_ONCE and "min:" not in query:
            papers = [each for each in papers if each.upvotes >= 50]
        for muted in await self.storage.followed_queries.list_muted(reader.user_id):
            papers = [each for each in papers if muted.value not in _names(each, muted.kind)]
        return sorted(papers, key=lambda each: (-each.upvotes, -each.comments, each.id))

    async def check_none_missed(self, reader: Reader, query: str, first: date) -> None:
        """Every paper of a complete list that matches has come, whenever that was."""
        missed = await self._find(reader, query, How.DAILY, first, reader.covered or date.min)
        assert [each.id for each in missed] == []


async def list_deliveries_to_people(storage: Storage, now: datetime) -> list[Delivery]:
    """What is on its way to people."""
    found = await storage.deliveries.list_under_way_to_people(WHOLE, now, limit=100)
    deliveries = [await storage.deliveries.get(delivery_id) for _, delivery_id in found]
    return [each for each in deliveries if each]


def _names(paper: Paper, kind: MutedKind) -> Sequence[str | None]:
    match kind:
        case MutedKind.TAG:
            return paper.tags
        case MutedKind.AUTHOR:
            return paper.authors
        case MutedKind.ORG:
            return (paper.organization,)
    return (paper.id,)
