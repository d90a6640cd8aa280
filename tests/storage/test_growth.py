"""The file grows little, and what is asked of the oldest digests is answered as on the first day."""

import asyncio
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.app import Services
from bot.composing.explainer import PaperOutcome
from bot.layouts.history import describe_explanation
from bot.storage import Action, Storage, Subscription, database
from bot.subscription.schedule import Run
from tests.support.builders import (
    DAY,
    MORNING,
    NOTHING_LISTED,
    build_past,
    digest,
    paper,
    plan,
    query,
    send,
    subscribe,
)
from tests.support.paths import ROOT
from tests.support.year import DAYS, FIRST_DAY, KINDS, Year

KILOBYTES = 60  # that a subscription may add to the file in a year
SEVERAL = 4  # subscriptions, lest pages that the archive has left free hold much of what they add
EVER = datetime.min.replace(tzinfo=UTC)
LONG_AGO = MORNING + timedelta(days=100)


@pytest.fixture(scope="module")
def unsynced() -> Iterator[None]:
    """No power cut is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "_PRAGMAS", (*database._PRAGMAS, "PRAGMA synchronous = OFF"))
        yield


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory, unsynced: None) -> Year:
    """A year of a subscription of each kind."""
    year = Year(tmp_path_factory.mktemp("year") / "paperboy.db", list(KINDS.values()))
    asyncio.run(year.live())
    return year


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory, unsynced: None) -> Year:
    """Some months in which nothing was thinned."""
    all_settings = [KINDS["five a day"], KINDS["five a day, a message each"], KINDS["ten a week"]]
    months = Year(tmp_path_factory.mktemp("months") / "paperboy.db", all_settings, shrinking=False, days=60)
    asyncio.run(months.live())
    asyncio.run(look_up_often(months))
    return months


async def look_up_often(months: Year) -> None:
    async with months.open() as services:
        for minutes in range(0, 1000, 10):
            then = MORNING + timedelta(minutes=minutes)
            await services.storage.papers.record_paper(paper("2512.00001", upvotes=minutes), then)


async def subscriptions(services: Services) -> list[Subscription]:
    found = [await services.storage.subscriptions.get(number + 1) for number in range(len(KINDS))]
    return [each for each in found if each]


async def shown(services: Services, known: Subscription) -> list[tuple[Any, Any]]:
    """All that a subscription ever showed, newest first."""
    posted, total = await services.storage.posted_papers.list_since(
        known.guild_id, [known.settings.channel_id], EVER, limit=10_000
    )
    assert len(posted) == total
    return posted


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, unsynced: None) -> Year:
    """A year of the archive, which all share."""
    alone = Year(tmp_path_factory.mktemp("alone") / "paperboy.db", [])
    asyncio.run(alone.live())
    return alone


@pytest.mark.parametrize("kind", KINDS)
async def test_in_a_year_a_subscription_of_any_kind_adds_little_to_the_file(
    alone: Year, tmp_path: Path, kind: str
) -> None:
    several = Year(tmp_path / "paperboy.db", [KINDS[kind]] * SEVERAL)
    await several.live()
    assert 0 < (several.kilobytes - alone.kilobytes) / SEVERAL <= KILOBYTES


class TestAYear:
    async def test_no_paper_came_twice_though_many_were_listed_again(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                ids = [paper.id for paper, _ in await shown(services, known)]
                assert len(ids) == len(set(ids))
                assert await services.storage.deliveries.find_highlighted(known.id, ids) == set(ids)
            again = [len(await services.storage.papers.list_days_of(each)) > 1 for each in ids]
        assert any(again)

    async def test_the_oldest_digest_is_linked_and_explained(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                if posts := await shown(services, known):
                    await self.check_oldest(services, known, posts)

    async def check_oldest(self, services: Services, known: Subscription, posts: list[tuple[Any, Any]]) -> None:
        paper, post = posts[-1]
        assert post.sent_at.date() <= FIRST_DAY + timedelta(days=8)
        assert await services.storage.posted_papers.list_channels(known.guild_id) == [known.settings.channel_id]
        found = await services.storage.posted_papers.find_latest(
            known.guild_id, [known.settings.channel_id], [paper.id]
        )
        assert found == {paper.id: post}
        given = await services.explainer.explain_paper(known, paper, services.clock())
        assert given.delivery
        assert given.delivery.settings == known.settings
        each = known.settings.posting.has_message_per_paper
        assert (
            f"jump]({given.delivery.posted_message.url if given.delivery.posted_message else ''})"
            in describe_explanation(known, given)
        )
        assert each or given.delivery.posted_message == post

    async def test_what_the_oldest_digest_left_out_is_explained(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                listed = await services.storage.papers.list_candidates(FIRST_DAY, FIRST_DAY)
                ids = [each.paper.id for each in listed]
                seen = await services.storage.deliveries.find_highlighted(known.id, ids)
                left_out = next(each.paper for each in listed if each.paper.id not in seen and len(each.days) == 1)
                given = await services.explainer.explain_paper(known, left_out, services.clock())
                assert given.delivery
                assert given.delivery.run_date <= FIRST_DAY + timedelta(days=8)
                quiet = known.settings.selection.min_upvotes > 0
                assert given.outcome is (PaperOutcome.TOO_FEW_UPVOTES if quiet else PaperOutcome.BELOW_THE_CUT)
                assert quiet or f"the last of {known.settings.selection.size} highlights had" in describe_explanation(
                    known, given
                )

    async def test_the_last_digest_can_be_undone_and_the_status_shows_the_latest(self, year: Year) -> None:
        async with year.open() as services:
            for known in await subscriptions(services):
                assert len(await services.storage.deliveries.list_latest(known.id, 5)) == 5
                last = await services.storage.deliveries.get_last_posted(known.id)
                assert last or not await shown(services, known)
                covered = await services.storage.deliveries.get_covered_until(known.id)
                assert covered
                assert covered > FIRST_DAY + timedelta(days=DAYS - 9)


async def answers(year: Year) -> list[Any]:
    """What is told of every paper that was listed, and of every server."""
    told: list[Any] = []
    async with year.open() as services:
        for known in await subscriptions(services):
            posts = await shown(services, known)
            ids = [each.id for listed in year.lists.values() for each in listed]
            told += [posts, await services.storage.deliveries.find_highlighted(known.id, ids)]
            told += [await services.storage.posted_papers.find_latest(known.guild_id, [known.settings.channel_id], ids)]
            told += [await services.storage.deliveries.find_first_seen(known.guild_id, ids)]
            told += [await services.storage.deliveries.get_covered_until(known.id)]
            for listed in year.lists.values():
                given = await services.explainer.explain_paper(known, listed[0], services.clock())
                told += [describe_explanation(known, given), given.delivery and given.delivery.settings]
                given = await services.explainer.explain_paper(known, listed[-1], services.clock())
                told += [describe_explanation(known, given), given.delivery and given.delivery.settings]
    return told


def copy(year: Year, folder: Path) -> Year:
    """The same file once more."""
    again = Year(folder / "copy.db", year.all_settings, days=year.days)
    again.lists, again.now = year.lists, year.now
    shutil.copy(year.path, again.path)
    return again


class TestShrinking:
    async def test_nothing_that_is_asked_gets_another_answer(self, months: Year, tmp_path: Path) -> None:
        before = await answers(months)
        after = copy(months, tmp_path)
        await after.shrink()
        assert await answers(after) == before
        (kept,), (of,) = (query(each.path, "SELECT count(*) FROM deliveries") for each in (after, months))
        assert 0 < kept[0] < of[0] / 2

    @pytest.mark.parametrize(
        "statement",
        [
            "INSERT INTO past_runs",
            "DELETE FROM highlights",
            "DELETE FROM messages",
            "DELETE FROM deliveries",
            "DELETE FROM upvote_snapshots",
            "COMMIT",
        ],
    )
    async def test_a_bot_killed_amid_it_has_lost_nothing_and_the_next_night_goes_on(
        self, months: Year, tmp_path: Path, statement: str
    ) -> None:
        killed, whole = copy(months, tmp_path), (tmp_path / "whole")
        whole.mkdir()
        untouched = copy(months, whole)
        before = await answers(untouched)
        await untouched.shrink()
        assert self.kill_amid(statement, killed) == -signal.SIGKILL
        assert query(killed.path, "PRAGMA integrity_check") == [("ok",)]
        assert await answers(killed) == before
        await killed.shrink()
        assert await answers(killed) == before
        for table in ("deliveries", "highlights", "messages", "past_runs", "upvote_snapshots"):
            count = f"SELECT count(*) FROM {table}"
            assert query(killed.path, count) == query(untouched.path, count)

    def kill_amid(self, statement: str, year: Year) -> int:
        """A process that shrinks the file and kills itself as it begins the statement."""
        program = (
            "import asyncio, sys\n"
            "from datetime import datetime, timedelta\n"
            "from pathlib import Path\n"
            "from bot.storage import open_storage\n"
            "from tests.support.crashing import _plant_kill_amid\n"
            "_plant_kill_amid(sys.argv[2])\n"
            "async def main():\n"
            "    async with open_storage(Path(sys.argv[1])) as storage:\n"
            "        now = datetime.fromisoformat(sys.argv[3])\n"
            "        await storage.deliveries.pack_old_runs(now - timedelta(days=14))\n"
            "        await storage.snapshots.thin_snapshots(now)\n"
            "asyncio.run(main())\n"
        )
        told = [sys.executable, "-c", program, str(year.path), statement, year.now.isoformat()]
        return subprocess.run(told, cwd=ROOT, check=False, capture_output=True, timeout=300).returncode


async def run(storage: Storage, known: Subscription, number: int, outcome: str = "sent") -> None:
    """A run a day, each with a paper of its own; `outcome` is what became of it."""
    day, one = DAY + timedelta(days=number), paper(f"2602.{number:05}")
    await storage.papers.record_list(day, [one], MORNING)
    quiet = outcome == "quiet"
    due = Run(day, MORNING + timedelta(days=number))
    planned = await plan(storage, known, digest(reason=NOTHING_LISTED) if quiet else digest(one), run=due)
    assert planned
    if outcome == "sent":
        await send(storage, planned, message_id=1000 + number)
    if outcome == "undone":
        await send(storage, planned)
        await storage.deliveries.undo_delivery(planned, by=7, now=MORNING)
    if outcome == "failed":
        await storage.deliveries.fail_delivery(planned.id, NOTHING_LISTED, MORNING)


async def runs_left(storage: Storage, known: Subscription) -> list[int]:
    return sorted((each.run_date - DAY).days for each in await storage.deliveries.list_latest(known.id, 99))


class TestWhatStays:
    async def test_the_five_latest_runs_stay_and_what_is_too_little_for_a_row(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(11):
            await run(storage, known, number)
        await storage.deliveries.pack_old_runs(LONG_AGO)
        assert await runs_left(storage, known) == list(range(11))
        await run(storage, known, 11)
        await storage.deliveries.pack_old_runs(LONG_AGO)
        assert await runs_left(storage, known) == [7, 8, 9, 10, 11]

    async def test_nothing_younger_is_touched(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(20):
            await run(storage, known, number)
        await storage.deliveries.pack_old_runs(MORNING)  # planned then, not before
        assert await runs_left(storage, known) == list(range(20))

    @pytest.mark.parametrize("outcome", ["sent", "undone"])
    async def test_the_last_digest_that_was_posted_stays_however_long_ago(self, storage: Storage, outcome: str) -> None:
        known = await subscribe(storage)
        for number in range(30):
            await run(storage, known, number, outcome if number == 10 else "quiet")
        before = await storage.deliveries.get_last_posted(known.id)
        await storage.deliveries.pack_old_runs(LONG_AGO)
        assert await storage.deliveries.get_last_posted(known.id) == before
        assert (await runs_left(storage, known))[0] == 7

    async def test_the_last_run_that_covered_its_days_stays_though_all_since_failed(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(30):
            await run(storage, known, number, "quiet" if number < 9 else "failed")
        before = await storage.deliveries.get_covered_until(known.id)
        await storage.deliveries.pack_old_runs(LONG_AGO)
        assert await storage.deliveries.get_covered_until(known.id) == before
        assert (await runs_left(storage, known))[0] == 7

    async def test_of_what_only_failed_or_was_undone_long_ago_nothing_is_left(
        self, storage: Storage, path: Path
    ) -> None:
        known = await subscribe(storage)
        for number in range(14):
            await run(storage, known, number, ("failed", "undone")[number % 2])
        before = await storage.deliveries.get_covered_until(known.id)
        await storage.deliveries.pack_old_runs(LONG_AGO)
        assert await storage.deliveries.get_covered_until(known.id) == before
        assert await runs_left(storage, known) == [7, 8, 9, 10, 11, 12, 13]
        assert query(path, "SELECT count(*) FROM past_runs") == [(0,)]

    async def test_a_digest_that_is_still_on_its_way_stays(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(12):
            await run(storage, known, number)
        await run(storage, known, 12, "planned")
        await storage.deliveries.pack_old_runs(LONG_AGO)
        (under_way,) = await storage.deliveries.list_under_way(LONG_AGO)
        assert under_way.run_date == DAY + timedelta(days=12)

    async def test_a_paper_of_long_ago_is_not_planned_again_whoever_asks(self, storage: Storage) -> None:
        known = await build_past(storage)
        again = Run(DAY + timedelta(days=50), MORNING + timedelta(days=50))
        assert await plan(storage, known, digest(paper("2602.00001")), run=again) is None

    async def test_where_a_subscription_stands_its_papers_of_long_ago_are_known(self, storage: Storage) -> None:
        known, other = await build_past(storage), await subscribe(storage)
        for days, numbers in ((3, range(4)), (50, range(12))):  # the five last are no past yet
            span = (DAY, DAY + timedelta(days=days))
            standing = await storage.deliveries.read_digest_inputs(known.id, *span, guild_id=1, settings=known.settings)
            assert standing.highlighted == {f"2602.{number:05}" for number in numbers}
            strange = await storage.deliveries.read_digest_inputs(other.id, *span, guild_id=2, settings=other.settings)
            assert not strange.highlighted

    async def test_a_paper_of_long_ago_is_known_though_it_was_taken_off_its_list_before_it_came_again(
        self, storage: Storage, path: Path
    ) -> None:
        known, again = await build_past(storage), DAY + timedelta(days=50)
        query(path, "DELETE FROM listings WHERE paper_id = '2602.00001'")
        later = MORNING + timedelta(days=50)
        await storage.papers.record_list(again, [paper("2602.00001")], later)
        await storage.papers.record_paper(paper("2602.00001", upvotes=99), later)
        assert await storage.deliveries.find_highlighted(known.id, ["2602.00001"]) == {"2602.00001"}
        assert await plan(storage, known, digest(paper("2602.00001")), run=Run(again, later)) is None

    async def test_recaps_know_what_dailies_of_long_ago_had(self, storage: Storage) -> None:
        known = await subscribe(storage)
        for number in range(12):
            await run(storage, known, number)
        before = await storage.deliveries.find_first_seen(1, ["2602.00001", "2602.00009", "2602.00099"])
        await storage.deliveries.pack_old_runs(LONG_AGO)
        assert await storage.deliveries.find_first_seen(1, ["2602.00001", "2602.00009", "2602.00099"]) == before
        assert before == {"2602.00001": DAY + timedelta(days=1), "2602.00009": DAY + timedelta(days=9)}

    async def test_the_log_of_a_server_keeps_its_latest_changes(self, storage: Storage, path: Path) -> None:
        known, other = await subscribe(storage), await subscribe(storage, guild_id=2)
        for number in range(210):
            await storage.subscriptions.suspend(known.id, NOTHING_LISTED, MORNING + timedelta(minutes=number))
            await storage.subscriptions.recover(known.id, MORNING + timedelta(minutes=number))
        assert query(path, "SELECT guild_id, count(*) FROM audit_log GROUP BY 1") == [(1, 200), (2, 1)]
        latest, *_ = await storage.audit_log.list_latest(1, 20)
        assert (latest.action, latest.made_at) == (Action.RECOVERED, MORNING + timedelta(minutes=209))
        assert (await storage.audit_log.list_latest(2, 20))[0].subscription_id == other.id
