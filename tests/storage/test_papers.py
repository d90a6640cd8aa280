"""Papers: what a daily list, a look-up or the archive records of them."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.papers import Paper
from bot.storage import Storage, open_storage
from tests.support.builders import DAY, MORNING, paper, query

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

NEXT_DAY = DAY + timedelta(days=1)
A, B, C = (paper(f"2601.0000{number}", upvotes=number) for number in (1, 2, 3))


class TestPapers:
    async def test_a_paper_comes_back_as_it_was_recorded(self, storage: Storage) -> None:
        full = Paper(
            "2601.00010",
            title="Quotes \"'` and 💡",
            abstract="Ünïcödé \u2028 text",
            day=DAY,
            upvotes=42,
            comments=3,
            authors=("Zhāng Wěi", 'The "Quote"', "O'Neil"),
            published_at=datetime(2026, 1, 13, 18, 0, 1, tzinfo=UTC),
            organization="Lab",
            ai_summary="In short.",
            tags=("a", "b, c"),
            github_repo="https://github.com/a/b",
            github_stars=5,
            project_page="https://a.example/",
            media_urls=("https://cdn.example/1.png",),
            linked_models=3,
            linked_datasets=0,
            linked_spaces=12,
            withdrawn_at=datetime(2026, 1, 14, 18, 0, 1, tzinfo=UTC),
        )
        await storage.papers.record_list(DAY, [full, paper("2601.00020")], MORNING)
        assert await storage.papers.get(["2601.00020", "2601.99999", full.id]) == [paper("2601.00020"), full]

    async def test_an_empty_day_is_captured(self, storage: Storage) -> None:
        assert await storage.papers.record_list(DAY, [], MORNING) == 0
        assert await storage.papers.get_capture_times([DAY, NEXT_DAY]) == {DAY: MORNING}
        assert await storage.papers.list_days_with_papers(date.min, date.max) == ()

    async def test_an_older_capture_does_not_undo_a_newer(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [], MORNING)
        await storage.papers.record_list(DAY, [], MORNING - timedelta(hours=1))
        assert await storage.papers.get_capture_times([DAY]) == {DAY: MORNING}

    async def test_a_resubmitted_paper_keeps_one_row_and_remembers_both_days(
        self, storage: Storage, path: Path
    ) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        await storage.papers.record_list(NEXT_DAY, [replace(A, day=NEXT_DAY, upvotes=9)], MORNING)
        assert query(path, "SELECT count(*) FROM papers") == [(2,)]
        candidates = {each.paper.id: each.days for each in await storage.papers.list_candidates(DAY, NEXT_DAY)}
        assert candidates == {A.id: {DAY, NEXT_DAY}, B.id: {DAY}}
        assert await storage.papers.get([A.id]) == [replace(A, day=NEXT_DAY, upvotes=9)]
        assert await storage.papers.list_days_with_papers(DAY, NEXT_DAY) == (DAY, NEXT_DAY)
        assert await storage.papers.list_days_of_paper(A.id) == (DAY, NEXT_DAY)
        assert await storage.papers.list_days_of_paper(B.id) == (DAY,)
        assert await storage.papers.list_days_of_paper("2601.99999") == ()

    async def test_reading_an_older_list_later_does_not_move_a_paper_to_that_day(self, storage: Storage) -> None:
        await storage.papers.record_list(NEXT_DAY, [replace(A, day=NEXT_DAY)], MORNING)
        assert await storage.papers.record_list(DAY, [A], MORNING) == 0
        (known,) = await storage.papers.get([A.id])
        assert known.day == NEXT_DAY
        assert [each.paper.id for each in await storage.papers.list_candidates(DAY, DAY)] == [A.id]

    async def test_a_snapshot_is_kept_only_when_the_upvotes_changed(self, storage: Storage, path: Path) -> None:
        changed = replace(A, upvotes=8)
        renamed = replace(changed, title="Another title")
        for hours, seen in enumerate((A, A, changed, renamed, changed)):
            await storage.papers.record_list(DAY, [seen], MORNING + timedelta(hours=hours))
        snapshots = query(path, "SELECT taken_at, upvotes FROM upvote_snapshots ORDER BY taken_at")
        assert snapshots == [("2026-01-16T08:00:00+00:00", 1), ("2026-01-16T10:00:00+00:00", 8)]

    async def test_change_numbers_only_grow_and_only_for_papers_that_changed(self, storage: Storage) -> None:
        assert await storage.papers.record_list(DAY, [A, B, C], MORNING) == 3
        assert await storage.papers.record_list(DAY, [A, B, C], MORNING) == 0
        assert await storage.papers.get_last_change() == 3
        assert await storage.papers.record_list(DAY, [A, replace(B, upvotes=50), C], MORNING) == 1
        assert await storage.papers.list_changed_since(3, 10) == [(4, replace(B, upvotes=50))]
        assert [change for change, _ in await storage.papers.list_changed_since(0, 10)] == [1, 3, 4]
        assert [change for change, _ in await storage.papers.list_changed_since(0, 2)] == [1, 3]
        assert await storage.papers.get_last_change() == 4

    @pytest.mark.parametrize(
        "change",
        [
            {"title": "T"},
            {"abstract": "A"},
            {"comments": 1},
            {"authors": ("N",)},
            {"tags": ("t",)},
            {"github_stars": 1},
            {"published_at": MORNING},
            {"organization": "O"},
            {"ai_summary": "S"},
            {"project_page": "https://a.example"},
        ],
    )
    async def test_any_changed_field_is_a_change(self, storage: Storage, change: dict[str, object]) -> None:
        await storage.papers.record_list(DAY, [A], MORNING)
        assert await storage.papers.record_list(DAY, [replace(A, **change)], MORNING) == 1  # type: ignore[arg-type]

    async def test_summaries_and_tags_are_kept_when_a_list_comes_without_them(self, storage: Storage) -> None:
        known = replace(A, ai_summary="In short.", tags=("x",), organization="Lab")
        await storage.papers.record_list(DAY, [known], MORNING)
        assert await storage.papers.record_list(DAY, [A], MORNING) == 0
        assert await storage.papers.get([A.id]) == [known]
        await storage.papers.record_list(DAY, [replace(A, ai_summary="Better.")], MORNING)
        assert await storage.papers.get([A.id]) == [replace(known, ai_summary="Better.")]

    async def test_details_that_a_list_leaves_out_are_kept(self, storage: Storage) -> None:
        known = replace(
            A,
            abstract="What it is about.",
            authors=("Ada Lovelace",),
            published_at=MORNING,
            github_repo="https://github.com/a/b",
            github_stars=5,
            project_page="https://a.example/",
            media_urls=("https://cdn.example/1.png",),
            linked_models=3,
            linked_datasets=0,
            linked_spaces=12,
        )
        await storage.papers.record_list(DAY, [known], MORNING)
        assert await storage.papers.record_list(DAY, [A], MORNING) == 0
        await storage.papers.record_list(DAY, [replace(A, comments=2, upvotes=0, github_stars=6)], MORNING)
        assert await storage.papers.get([A.id]) == [replace(known, comments=2, upvotes=0, github_stars=6)]

    async def test_an_id_that_ends_in_zero_keeps_its_zero(self, storage: Storage) -> None:
        ten, one = paper("2601.00010"), paper("2601.0001")
        await storage.papers.record_list(DAY, [ten, one], MORNING)
        assert await storage.papers.get([ten.id, one.id]) == [ten, one]

    async def test_a_leaderboard_counts_a_paper_listed_on_two_days_once(self, storage: Storage) -> None:
        await storage.papers.record_list(DAY, [A, B], MORNING)
        await storage.papers.record_list(NEXT_DAY, [replace(A, day=NEXT_DAY)], MORNING)
        top, total = await storage.papers.list_top_papers(date.min, date.max, limit=10)
        assert ([each.id for each in top], total) == ([B.id, A.id], 2)
        assert await storage.papers.list_top_papers(date(2027, 1, 1), date(2027, 2, 1), limit=10) == ([], 0)

    async def test_two_tasks_that_record_at_once_lose_nothing(self, storage: Storage) -> None:
        lists = [[paper(f"26{month:02}.{number:05}") for number in range(50)] for month in range(1, 9)]
        await asyncio.gather(*(storage.papers.record_list(DAY, each, MORNING) for each in lists))
        changes = await storage.papers.list_changed_since(0, 1000)
        assert [change for change, _ in changes] == list(range(1, 401))
        assert {each.id for _, each in changes} == {each.id for known in lists for each in known}

    async def test_each_archive_has_an_id_of_its_own(self, storage: Storage, path: Path, tmp_path: Path) -> None:
        async with open_storage(tmp_path / "other.db") as other, open_storage(path) as same:
            assert await same.papers.get_archive_id() == await storage.papers.get_archive_id()
            assert await other.papers.get_archive_id() != await storage.papers.get_archive_id()


STRANGER = replace(paper("1706.03762"), day=None, upvotes=100, linked_models=3, linked_datasets=0)


class TestLookedUpPapers:
    async def test_a_paper_that_was_looked_up_is_kept_without_a_day(self, storage: Storage) -> None:
        assert await storage.papers.record_paper(STRANGER, MORNING) == STRANGER
        assert await storage.papers.get([STRANGER.id]) == [STRANGER]
        assert await storage.papers.list_changed_since(0, 10) == [(1, STRANGER)]

    async def test_a_paper_that_was_looked_up_is_on_no_list_and_no_leaderboard(self, storage: Storage) -> None:
        await storage.papers.record_paper(replace(STRANGER, day=DAY), MORNING)
        assert await storage.papers.list_candidates(date.min, date.max) == ()
        assert await storage.papers.list_top_papers(date.min, date.max, limit=10) == ([], 0)
        assert await storage.papers.list_days_with_papers(date.min, date.max) == ()
        assert await storage.papers.get_capture_times([DAY]) == {}

    async def test_a_known_paper_keeps_its_days_and_the_details_a_look_up_leaves_out(self, storage: Storage) -> None:
        known = replace(A, comments=4, authors=("Ada Lovelace",), project_page="https://a.example/")
        await storage.papers.record_list(DAY, [known], MORNING)
        seen = replace(A, day=None, upvotes=9, linked_spaces=2)
        merged = await storage.papers.record_paper(seen, MORNING)
        assert merged == replace(known, upvotes=9, linked_spaces=2)
        assert await storage.papers.get([A.id]) == [merged]
        assert [each.paper for each in await storage.papers.list_candidates(DAY, DAY)] == [merged]

    async def test_a_looked_up_paper_that_is_listed_later_gets_its_day(self, storage: Storage) -> None:
        await storage.papers.record_paper(STRANGER, MORNING)
        listed = replace(STRANGER, day=DAY, linked_models=None, linked_datasets=None)
        assert await storage.papers.record_list(DAY, [listed], MORNING) == 1
        assert await storage.papers.list_changed_since(0, 10) == [(2, replace(STRANGER, day=DAY))]

    async def test_looking_a_paper_up_again_changes_nothing(self, storage: Storage) -> None:
        for hours in range(3):
            await storage.papers.record_paper(STRANGER, MORNING + timedelta(hours=hours))
        assert await storage.papers.get_last_change() == 1
        assert await storage.papers.list_snapshots(STRANGER.id) == [(MORNING, 100)]

    async def test_upvotes_over_time_from_lists_and_look_ups_come_in_order_of_time(self, storage: Storage) -> None:
        later, latest = MORNING + timedelta(hours=1), MORNING + timedelta(days=2)
        await storage.papers.record_paper(replace(A, upvotes=30), latest)
        await storage.papers.record_list(DAY, [A, B], MORNING)
        await storage.papers.record_list(DAY, [replace(A, upvotes=20)], later)
        assert await storage.papers.list_snapshots(A.id) == [(MORNING, 1), (later, 20), (latest, 30)]
        assert await storage.papers.list_snapshots("2601.99999") == []

    async def test_papers_found_elsewhere_are_completed_from_the_archive_but_not_kept(self, storage: Storage) -> None:
        known = replace(A, comments=4, ai_summary="In short.")
        await storage.papers.record_list(DAY, [known], MORNING)
        seen = replace(A, day=None, upvotes=50)
        assert await storage.papers.complete_papers([STRANGER, seen]) == [STRANGER, replace(known, upvotes=50)]
        assert await storage.papers.complete_papers([replace(seen, comments=7)]) == [
            replace(known, upvotes=50, comments=7)
        ]
        assert await storage.papers.get([STRANGER.id, A.id]) == [known]


class TestBestAt:
    """The best papers of a day, as they were at one time: later votes change nothing."""

    NIGHT = datetime(2026, 1, 16, tzinfo=UTC)

    async def record(self, storage: Storage, hours: int, **upvotes: int) -> None:
        """A reading of the day's list so many hours after its end."""
        listed = [paper(f"2601.0000{name[1:]}", upvotes=number) for name, number in upvotes.items()]
        await storage.papers.record_list(DAY, listed, self.NIGHT + timedelta(hours=hours))

    async def list_best(self, storage: Storage, limit: int = 10) -> list[tuple[str, int]]:
        best = await storage.papers.list_best_at(DAY, DAY, self.NIGHT, limit=limit)
        return [(each.id, upvotes) for each, upvotes in best]

    async def test_later_votes_change_nothing(self, storage: Storage) -> None:
        await self.record(storage, -2, p1=5, p2=7)
        await self.record(storage, -1, p1=6, p2=7)
        best = await self.list_best(storage)
        assert best == [("2601.00002", 7), ("2601.00001", 6)]
        await self.record(storage, 9, p1=60, p2=7)
        await storage.snapshots.thin_snapshots(self.NIGHT + timedelta(days=60))
        assert await self.list_best(storage) == best
        assert await self.list_best(storage, limit=1) == best[:1]

    async def test_a_paper_that_was_seen_only_later_has_the_upvotes_of_its_first_sight(self, storage: Storage) -> None:
        await self.record(storage, 8, p1=5, p2=3)
        await self.record(storage, 9, p1=6, p2=30)
        assert await self.list_best(storage) == [("2601.00001", 5), ("2601.00002", 3)]

    async def test_a_withdrawn_paper_is_not_among_them(self, storage: Storage) -> None:
        withdrawn = paper("2601.00001", withdrawn_at=MORNING)
        await storage.papers.record_list(DAY, [withdrawn, paper("2601.00002", upvotes=3)], self.NIGHT)
        assert await self.list_best(storage) == [("2601.00002", 3)]

    async def test_papers_of_other_days_are_not_among_them(self, storage: Storage) -> None:
        other = DAY + timedelta(days=1)
        await storage.papers.record_list(other, [paper("2601.00009", day=other, upvotes=99)], self.NIGHT)
        assert await self.list_best(storage) == []
        assert len(await storage.papers.list_best_at(DAY, other, self.NIGHT, limit=9)) == 1
