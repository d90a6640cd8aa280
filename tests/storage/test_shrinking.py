"""Every night old digests are packed and snapshots thinned: no answer changes, not even after a kill."""

import asyncio
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.layouts.history import describe_explanation
from tests.support.builders import MORNING, paper, query
from tests.support.paths import ROOT
from tests.support.year import KINDS, Year, shown, subscriptions

pytestmark = pytest.mark.file


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
    """A copy of the file, to be changed."""
    again = Year(folder / "copy.db", year.all_settings, days=year.days)
    again.lists, again.now = year.lists, year.now
    shutil.copy(year.path, again.path)
    return again


class TestShrinking:
    async def test_shrinking_the_file_changes_no_answer(self, months: Year, tmp_path: Path) -> None:
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
    async def test_a_bot_killed_while_it_shrinks_the_file_loses_nothing_and_goes_on_the_next_night(
        self, months: Year, tmp_path: Path, statement: str
    ) -> None:
        killed, whole = copy(months, tmp_path), (tmp_path / "whole")
        whole.mkdir()
        untouched = copy(months, whole)
        before = await answers(untouched)
        await untouched.shrink()
        assert self.kill_during(statement, killed) == -signal.SIGKILL
        assert query(killed.path, "PRAGMA integrity_check") == [("ok",)]
        assert await answers(killed) == before
        await killed.shrink()
        assert await answers(killed) == before
        for table in ("deliveries", "highlights", "messages", "past_runs", "upvote_snapshots"):
            count = f"SELECT count(*) FROM {table}"
            assert query(killed.path, count) == query(untouched.path, count)

    def kill_during(self, statement: str, year: Year) -> int:
        """A process that shrinks the file and kills itself as it begins the statement."""
        program = (
            "import asyncio, sys\n"
            "from datetime import datetime, timedelta\n"
            "from pathlib import Path\n"
            "from bot.share import WHOLE\n"
            "from bot.storage import open_storage\n"
            "from tests.support.crashing import _plant_kill_amid\n"
            "_plant_kill_amid(sys.argv[2])\n"
            "async def main():\n"
            "    async with open_storage(Path(sys.argv[1])) as storage:\n"
            "        now = datetime.fromisoformat(sys.argv[3])\n"
            "        await storage.deliveries.pack_old_runs(WHOLE, now - timedelta(days=14))\n"
            "        await storage.snapshots.thin_snapshots(now)\n"
            "asyncio.run(main())\n"
        )
        told = [sys.executable, "-c", program, str(year.path), statement, year.now.isoformat()]
        return subprocess.run(told, cwd=ROOT, check=False, capture_output=True, timeout=300).returncode
