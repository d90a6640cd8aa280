"""Why a paper came to a person, or what keeps it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.app import Services
from bot.delivery.planning import Planner
from bot.following.explainer import Fate, PersonalExplanation, PersonalOutcome
from bot.papers import Paper
from bot.reasons import Reason, ReasonKind
from bot.search import LIKENESS_BAR
from bot.storage import Delivery, How, MessageForm, Muted, MutedKind
from bot.subscription.schedule import Schedule
from tests.support.builders import DAY, FRIDAY, MORNING, REFUSED, Clock, paper, send
from tests.support.readers import list_deliveries_to_people

ADA, BOB, CHANNEL = 7, 8, 55
NINE = Schedule(time(9), ZoneInfo("UTC"))
NEXT_MORNING = datetime(2026, 1, 16, 9, tzinfo=UTC)
MONDAY = datetime(2026, 1, 19, 9, tzinfo=UTC)


def agents(number: int, **known: object) -> Paper:
    """A paper of Thursday's list."""
    return replace(paper(f"2601.{number:05}"), **({"upvotes": 12, "tags": ("agents",)} | known))  # type: ignore[arg-type]


class Asking:
    """A reader who asks about the paper `2601.00001`."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self.services, self.clock, self.storage = services, clock, services.storage
        self.lists: dict[date, list[Paper]] = {}

    async def follow(self, text: str, how: How = How.DAILY, reader: int = ADA) -> None:
        await self.services.follower.follow(reader, text, how, CHANNEL, NINE, self.clock.now)

    async def turn_inbox_on(self, how: How = How.DAILY, size: int = 2) -> None:
        await self.services.follower.change_inbox(ADA, how, CHANNEL, NINE, self.clock.now, size=size)

    async def list_papers(self, *papers: Paper, day: date = DAY) -> None:
        self.lists[day] = [replace(each, day=day) for each in papers]
        await self.read_lists()

    async def read_lists(self) -> None:
        """The lists of the last days are read."""
        today = self.clock.advance(seconds=1).date()
        for day in (today - timedelta(days=back) for back in range(10)):
            await self.storage.papers.record_list(day, self.lists.get(day, ()), self.clock.now)
        await self.services.archive.update_index()

    async def bring_digest(self) -> Delivery | None:
        """The digest that is planned at the next run."""
        known = await self.storage.subscriptions.get_for_person(ADA)
        assert known
        self.clock.now = max(known.next_run.at, self.clock.now)
        await self.read_lists()
        planner = Planner(self.storage, self.services.composer, self.services.personal_composer)
        return await planner.plan_due_run(known, self.clock.now)

    async def ask(self, number: int = 1, reader: int = ADA) -> PersonalExplanation:
        paper_id = f"2601.{number:05}"
        (asked,) = await self.storage.papers.get([paper_id]) or [paper(paper_id)]
        return await self.services.personal_explainer.explain_paper(reader, asked, self.clock.now)

    async def ask_for_fates(self) -> Mapping[str, tuple[Fate, datetime | None]]:
        given = await self.ask()
        return {each.followed.query: (each.fate, each.at) for each in given.fates}


@pytest.fixture
def asking(services: Services, clock: Clock) -> Asking:
    return Asking(services, clock)


class TestItCame:
    async def test_it_says_when_and_which_queries_brought_it(self, asking: Asking) -> None:
        await asking.list_papers(agents(1), agents(2, tags=()))
        await asking.follow("tag:agents")
        await asking.follow("paper")
        await asking.follow("tag:vision")
        delivery = await asking.bring_digest()
        assert (await asking.ask()).outcome is PersonalOutcome.ON_ITS_WAY
        await send(asking.storage, delivery, sent_at=asking.clock.now)
        given = await asking.ask()
        assert (given.outcome, given.brought_by) == (PersonalOutcome.CAME, ("tag:agents", "paper"))
        assert given.delivery
        assert given.message
        assert (given.message.message_id, given.message.sent_at) == (77, asking.clock.now)
        assert (await asking.ask(2)).brought_by == ("paper",)

    async def test_who_stopped_it_all_since_still_learns_that(self, asking: Asking) -> None:
        await asking.list_papers(agents(1))
        await asking.follow("tag:agents")
        await send(asking.storage, await asking.bring_digest())
        await asking.services.follower.stop_all(ADA, asking.clock.now)
        assert (await asking.ask()).outcome is PersonalOutcome.CAME
        assert (await asking.ask(2)).outcome is PersonalOutcome.FOLLOWS_NOTHING

    async def test_what_came_to_another_says_nothing_about_me(self, asking: Asking) -> None:
        await asking.list_papers(agents(1))
        await asking.follow("tag:agents")
        await send(asking.storage, await asking.bring_digest())
        given = await asking.ask(reader=BOB)
        assert given == PersonalExplanation(given.paper, PersonalOutcome.FOLLOWS_NOTHING)


class TestItMayCome:
    async def test_with_the_next_run_of_the_day_or_of_the_week(self, asking: Asking) -> None:
        await asking.list_papers(agents(1))
        await asking.follow("tag:agents")
        await asking.follow("paper", How.WEEKLY)
        await asking.follow("tag:vision")
        await asking.turn_inbox_on()
        assert (await asking.ask()).outcome is PersonalOutcome.MAY_COME
        assert await asking.ask_for_fates() == {
            "tag:agents": (Fate.UPCOMING, NEXT_MORNING),
            "paper": (Fate.UPCOMING, MONDAY),
            "tag:vision": (Fate.NOT_MATCHING, None),
            "": (Fate.UPCOMING, NEXT_MORNING),
        }

    async def test_after_its_list_has_closed(self, asking: Asking) -> None:
        await asking.list_papers(agents(2))
        await asking.list_papers(agents(1), day=FRIDAY)
        await asking.follow("tag:agents")
        assert await asking.ask_for_fates() == {"tag:agents": (Fate.STILL_OPEN, NEXT_MORNING + timedelta(days=1))}

    async def test_at_once_when_it_has_enough_upvotes(self, asking: Asking) -> None:
        await asking.follow("tag:agents", How.AT_ONCE)
        await asking.follow("paper min:10", How.AT_ONCE)
        await asking.follow("paper min:99")
        await asking.list_papers(agents(1), day=FRIDAY)
        assert await asking.ask_for_fates() == {
            "tag:agents": (Fate.TOO_FEW_UPVOTES, None),
            "paper min:10": (Fate.COMING_AT_ONCE, None),
            "paper min:99": (Fate.TOO_FEW_UPVOTES, None),
        }
        given = await asking.ask()
        assert [each.least_upvotes for each in given.fates] == [50, 0, 0]

    async def test_what_did_not_fit_is_left_for_the_next_digest(self, asking: Asking) -> None:
        await asking.list_papers(agents(1, upvotes=1), *(agents(number) for number in range(2, 31)))
        await asking.follow("tag:agents")
        await send(asking.storage, await asking.bring_digest())
        assert await asking.ask_for_fates() == {"tag:agents": (Fate.LEFT_FOR_NEXT, NEXT_MORNING + timedelta(days=1))}


class TestSomethingKeepsIt:
    async def test_nothing_that_i_follow_matches(self, asking: Asking) -> None:
        await asking.list_papers(agents(1))
        await asking.follow("tag:vision")
        assert (await asking.ask()).outcome is PersonalOutcome.NONE_MATCHES

    async def test_it_was_never_listed(self, asking: Asking) -> None:
        await asking.follow("paper")
        await asking.storage.papers.record_paper(agents(1), asking.clock.now)
        given = await asking.ask()
        assert (given.outcome, given.fates[0].fate) == (PersonalOutcome.NEVER_LISTED, Fate.UNLISTED)

    async def test_it_was_listed_before_i_followed_that(self, asking: Asking) -> None:
        await asking.list_papers(agents(1), day=DAY - timedelta(days=1))
        await asking.list_papers(agents(2))
        await asking.follow("tag:agents")
        given = await asking.ask()
        assert given.outcome is PersonalOutcome.KEPT_BACK
        assert [(each.fate, each.day) for each in given.fates] == [(Fate.LISTED_BEFORE, DAY - timedelta(days=1))]

    async def test_it_got_its_upvotes_too_late(self, asking: Asking) -> None:
        await asking.list_papers(agents(1))
        await asking.follow("tag:agents min:50")
        for _ in range(8):
            await asking.bring_digest()
        await asking.list_papers(agents(1, upvotes=60))
        assert await asking.ask_for_fates() == {"tag:agents min:50": (Fate.LISTED_LONG_AGO, None)}

    async def test_the_inbox_had_better_ones(self, asking: Asking) -> None:
        await asking.list_papers(agents(1, upvotes=1), agents(2), agents(3))
        await asking.turn_inbox_on(size=2)
        await send(asking.storage, await asking.bring_digest())
        given = await asking.ask()
        assert (given.outcome, given.fates[0].fate, given.size) == (
            PersonalOutcome.KEPT_BACK,
            Fate.BELOW_THE_TOP,
            2,
        )

    async def test_it_was_withdrawn(self, asking: Asking) -> None:
        await asking.list_papers(agents(1, withdrawn_at=MORNING))
        await asking.follow("tag:agents")
        given = await asking.services.personal_explainer.explain_paper(
            ADA, agents(1, withdrawn_at=MORNING), asking.clock.now
        )
        assert given.outcome is PersonalOutcome.WITHDRAWN

    @pytest.mark.parametrize(
        "muted",
        [Muted(MutedKind.TAG, "agents"), Muted(MutedKind.AUTHOR, "Ada"), Muted(MutedKind.PAPER, "2601.00001")],
    )
    async def test_i_have_muted_it_until_that_is_undone(self, asking: Asking, muted: Muted) -> None:
        await asking.list_papers(agents(1, authors=("Ada",)))
        await asking.follow("tag:agents")
        for each in (muted, Muted(MutedKind.TAG, "vision"), Muted(MutedKind.PAPER, "2601.99999")):
            await asking.services.follower.mute(ADA, each, asking.clock.now)
        given = await asking.ask()
        assert (given.outcome, given.muted) == (PersonalOutcome.MUTED, (muted,))
        await asking.services.follower.unmute(ADA, muted)
        assert (await asking.ask()).outcome is PersonalOutcome.MAY_COME

    async def test_my_inbox_is_closed(self, asking: Asking) -> None:
        await asking.list_papers(agents(1))
        await asking.services.follower.follow(
            ADA, "tag:agents", How.DAILY, 0, NINE, MORNING, obstacle=Reason(ReasonKind.INBOX_CLOSED)
        )
        assert (await asking.ask()).outcome is PersonalOutcome.SUSPENDED

    async def test_discord_rejects_it(self, asking: Asking) -> None:
        await asking.list_papers(agents(1))
        await asking.follow("tag:agents")
        delivery = await asking.bring_digest()
        assert delivery
        deliveries = asking.storage.deliveries
        await deliveries.simplify_message(delivery.id, 1, MessageForm.SET_ASIDE, 50035)
        (refused,) = await list_deliveries_to_people(asking.storage, asking.clock.now)
        await deliveries.fail_delivery(refused.id, REFUSED, asking.clock.now, skipping=refused.rejected_messages)
        given = await asking.ask()
        assert given.outcome is PersonalOutcome.REJECTED
        assert given.delivery
        assert [each.paper_id for each in given.delivery.rejected_papers] == ["2601.00001"]


class TestTasteByExample:
    async def test_each_example_has_its_likeness_whatever_happened(self, asking: Asking) -> None:
        near = {"title": "Agents that plan with tree search", "abstract": "Planning agents search trees of actions."}
        far = {"title": "Protein folding", "abstract": "Molecules fold.", "tags": ()}
        await asking.list_papers(agents(1, **near), agents(2, **near), agents(3, **far))
        await asking.follow("like:2601.00002 -like:2601.00003")
        await asking.follow("agents like:2601.00002 OR like:2601.09999")
        before = await asking.ask()
        assert before.outcome is PersonalOutcome.MAY_COME
        await send(asking.storage, await asking.bring_digest())
        after = await asking.ask()
        assert after.outcome is PersonalOutcome.CAME
        assert [each.example for each in after.likenesses] == [each.example for each in before.likenesses]
        values = {each.example: (each.value, each.is_pushed_away) for each in after.likenesses}
        assert len(values) == len(after.likenesses) == 3
        assert (values["2601.00002"][0] or 0) >= LIKENESS_BAR
        assert (values["2601.00003"][0] or 0) < LIKENESS_BAR
        assert values["2601.00003"][1]
        assert values["2601.09999"] == (None, False)

    async def test_papers_like_one_that_i_muted_are_kept_back(self, asking: Asking) -> None:
        near = {"title": "Agents that plan with tree search", "abstract": "Planning agents search trees of actions."}
        await asking.list_papers(agents(1, **near), agents(2, **near))
        await asking.follow("tag:agents")
        muted = Muted(MutedKind.PAPER, "2601.00002")
        await asking.services.follower.mute(ADA, muted, asking.clock.now)
        assert (await asking.ask()).muted == (muted,)


async def test_what_is_said_to_come_with_a_run_that_is_late_comes_and_nothing_else(asking: Asking) -> None:
    day_before = DAY - timedelta(days=1)
    await asking.list_papers(agents(9), agents(8, upvotes=70), day=day_before)
    asking.clock.now -= timedelta(days=1)
    await asking.follow("tag:agents min:20")  # whose first run is then missed
    asking.clock.now = MORNING
    await asking.list_papers(
        agents(1), agents(2, upvotes=21), agents(3, tags=("video",)), agents(4, tags=("video",), authors=("Ada",))
    )
    await asking.list_papers(agents(5, upvotes=40), agents(6, tags=("video",)), day=FRIDAY)
    await asking.follow("tag:video")
    await asking.follow("paper", How.WEEKLY)
    await asking.services.follower.mute(ADA, Muted(MutedKind.AUTHOR, "Ada"), asking.clock.now)
    said = set()
    for number in (1, 2, 3, 4, 5, 6, 8, 9):
        given = await asking.ask(number)
        if given.outcome is PersonalOutcome.MAY_COME and any(
            each.at and each.at < NEXT_MORNING for each in given.fates
        ):
            said.add(given.paper.id)
    delivery = await asking.bring_digest()
    assert delivery
    assert {each.paper.id for each in delivery.digest.highlights} == said == {"2601.00002", "2601.00003", "2601.00008"}


async def test_asking_again_and_again_changes_nothing(asking: Asking) -> None:
    await asking.list_papers(agents(1))
    await asking.follow("tag:agents")
    assert [await asking.ask() for _ in range(3)] == [await asking.ask()] * 3
