"""Find: any text is a query, and the index is only ever derived."""

import json
import resource
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot import search as find
from bot.archive import Archive
from bot.papers import Paper
from bot.papers.api import PapersAPI
from bot.search import Search
from bot.storage import Storage
from tests.builders import DAY, MORNING, paper

SHELF = (
    paper("2601.00010", title="Attention Is All You Need", abstract="A network based solely on attention."),
    paper("2601.00020", title="Training Language Models", abstract="We pay attention to data.", tags=("scaling laws",)),
    paper("2601.00030", title="Diffusion for Molecules", authors=("José Ñandú García", "Zhāng Wěi")),
    paper("2601.00040", title="Running Robots", abstract="Robots that run.", organization="The Robot Lab"),
    paper(
        "2601.00050", title="Graphs", abstract="Neural networks over graphs.", ai_summary="Message passing, in short."
    ),
    paper("2601.00060", title="Networks, Neural", abstract="The words stand apart: neural and then networks."),
    paper("2601.00070", title="Über Modelle", tags=("naïve Bayes",)),
    paper("2601.00080", title="注意力机制", abstract="Αλφα и бета"),
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Search]:
    opened = Search(tmp_path / "paperboy.index", "archive", last_change=0)
    opened.update(list(enumerate(SHELF, 1)))
    yield opened
    opened.close()


def ids(index: Search, query: str, limit: int = 10) -> list[str]:
    return list(index.find(query, limit=limit).ids)


class TestFinding:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("diffusion", ["2601.00030"]),
            ("DIFFUSION", ["2601.00030"]),
            ("molecule", ["2601.00030"]),  # stems
            ("robot run", ["2601.00040"]),
            ("jose", ["2601.00030"]),  # accents
            ("nandu garcia", ["2601.00030"]),
            ("José", ["2601.00030"]),
            ("zhang", ["2601.00030"]),
            ("uber", ["2601.00070"]),
            ("naive", ["2601.00070"]),
            ("scaling", ["2601.00020"]),  # tags
            ("robot lab", ["2601.00040"]),  # organisation
            ("message passing", ["2601.00050"]),  # AI summary
            ("注意力机制", ["2601.00080"]),
            ("бета", ["2601.00080"]),
            ('"neural networks"', ["2601.00050"]),  # a phrase
            ("neural -graphs", ["2601.00060"]),
            ("graphs NOT neural", []),
            ('"all you need"', ["2601.00010"]),
            ("title:attention", ["2601.00010"]),
            ("2601.00010", ["2601.00010"]),
            ("2601.00010v3", ["2601.00010"]),
            ("arXiv:2601.00010", ["2601.00010"]),
            ("https://arxiv.org/abs/2601.00010", ["2601.00010"]),
            ("2601.99999", []),
            ("nothing-of-the-kind", []),
            ("", []),
            ("   ", []),
        ],
    )
    def test_papers_are_found_by(self, index: Search, query: str, expected: list[str]) -> None:
        assert ids(index, query) == expected

    def test_a_word_in_the_title_counts_more_than_in_the_abstract(self, index: Search) -> None:
        named = paper("2601.00100", title="A Long Title That in the End Comes to Zeolites", abstract="x " * 200)
        told = paper("2601.00090", title="Minerals", abstract="Zeolites. Zeolites!")
        index.update([(9, told), (10, named)])
        assert ids(index, "zeolites") == ["2601.00100", "2601.00090"]

    def test_no_word_is_compulsory_and_more_words_rank_higher(self, index: Search) -> None:
        found = ids(index, "all need diffusion")
        assert found[0] == "2601.00010"
        assert "2601.00030" in found

    def test_pages_follow_one_another_and_know_how_many_there_are(self, index: Search) -> None:
        query = "attention OR robots OR graphs OR diffusion"
        pages = [index.find(query, limit=2, offset=offset) for offset in (0, 2, 4, 6)]
        assert [page.total for page in pages] == [5] * 4
        assert len({each for page in pages for each in page.ids}) == 5

    def test_a_changed_paper_is_found_by_its_new_words_alone(self, index: Search) -> None:
        index.update([(9, paper("2601.00030", title="Flows for Proteins"))])
        assert ids(index, "diffusion") == []
        assert ids(index, "proteins") == ["2601.00030"]

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            ("atten", "2601.00010"),
            ("attention is al", "2601.00010"),
            ("Diffu", "2601.00030"),
            ("mole", "2601.00030"),
            ("robo", "2601.00040"),
            ("üb", "2601.00070"),
            ("ub", "2601.00070"),
            ("2601.00050", "2601.00050"),
            ("https://hf.co/papers/2601.00050", "2601.00050"),
        ],
    )
    def test_papers_are_suggested_while_somebody_types(self, index: Search, typed: str, expected: str) -> None:
        assert index.suggest(typed, limit=5).ids[0] == expected


ANYTHING = st.text(st.characters(), max_size=6000)
WORDS: tuple[str, ...] = (
    "attention",
    "neural",
    "title:",
    "id:",
    "change:",
    "nope:",
    "AND",
    "OR",
    "NOT",
    "IN",
    "TO",
    "-",
    "+",
    "*",
    "/",
)
WORDS += (
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    '"',
    "'",
    "^2",
    "^1e99",
    "~3",
    ">",
    "<",
    ">=",
    "\\",
    ":",
    "..",
    "5",
    "é",
    "!",
    "?",
)
QUERIES = st.lists(st.sampled_from(WORDS), max_size=40).flatmap(
    lambda words: st.sampled_from(("", " ")).map(lambda between: between.join(words))
)


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Search]:
    opened = Search(tmp_path_factory.mktemp("shelf") / "paperboy.index", "archive", last_change=0)
    opened.update(list(enumerate(SHELF, 1)))
    yield opened
    opened.close()


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANYTHING | QUERIES)
@example("(" * 6000)
@example("(-" * 3000)
@example("((a" * 2000)
@example("title:*")
@example("*:*")
@example("nope:*")
@example("change:[1 TO 5]")
@example("/(a*)*/" + "a" * 1000)
@example("\ud800")
@example("a\x00b")
@example("NOT " * 1500)
@example('"' * 6000)
@example("x" * 6000)
def test_any_text_is_answered(shelf: Search, text: str) -> None:
    known = {each.id for each in SHELF}
    for found in (shelf.find(text, limit=5), shelf.suggest(text, limit=5), shelf.find(text, limit=5, offset=5)):
        assert set(found.ids) <= known
        assert len(found.ids) <= min(5, found.total)


def test_a_title_is_found_with_all_its_punctuation(index: Search) -> None:
    index.update(
        [(9, paper("2601.00090", title="Parrot: Attention - All of It")), (10, paper("2601.00100", title="It"))]
    )
    assert ids(index, "Parrot: Attention - All of It")[0] == "2601.00090"
    assert ids(index, "Parrot: it")[0] == "2601.00090"
    assert "2601.00090" in ids(index, "Nobody - Parrot")
    assert "2601.00090" not in ids(index, "it -parrot")


@pytest.mark.parametrize(
    "query",
    ["title:* diffusion", "(diffusion", "diffusion)", '"diffusion', "diffusion AND", "((( diffusion", "nope:diffusion"],
)
def test_a_mistake_in_a_query_does_not_hide_what_its_words_find(index: Search, query: str) -> None:
    assert "2601.00030" in ids(index, query)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of an index over the whole shelf, closed."""
    made = Search(tmp_path / "paperboy.index", "archive", last_change=0)
    made.update(list(enumerate(SHELF, 1)))
    made.close()
    return tmp_path / "paperboy.index"


def reopened(folder: Path, archive: str = "archive", last_change: int = len(SHELF)) -> int:
    """The change number from which an index opened in `folder` goes on; checks that it works."""
    index = Search(folder, archive, last_change)
    change = index.change
    assert len(ids(index, "attention")) == (2 if change else 0)
    index.update([(change + 1, paper("2601.00090", title="One more"))])
    assert ids(index, "more") == ["2601.00090"]
    index.close()
    return change


class TestOpening:
    def test_an_index_goes_on_where_it_was(self, folder: Path) -> None:
        assert reopened(folder) == len(SHELF)

    def test_an_index_behind_its_database_goes_on_where_it_was(self, folder: Path) -> None:
        assert reopened(folder, last_change=1000) == len(SHELF)

    def test_an_index_ahead_of_its_database_is_made_anew(self, folder: Path) -> None:
        assert reopened(folder, last_change=len(SHELF) - 1) == 0

    def test_an_index_of_another_archive_is_made_anew(self, folder: Path) -> None:
        assert reopened(folder, archive="another") == 0

    def test_an_index_of_another_version_is_made_anew(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(find, "SCHEMA_VERSION", find.SCHEMA_VERSION + 1)
        assert reopened(folder) == 0

    def test_a_missing_index_is_made(self, folder: Path) -> None:
        shutil.rmtree(folder)
        assert reopened(folder) == 0

    def test_a_folder_with_something_else_in_it_is_made_an_index(self, folder: Path) -> None:
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "notes.txt").write_text("mine")
        assert reopened(folder) == 0

    @pytest.mark.parametrize("marker", [b"", b"{", b"null", b"[]", b"{}", b"\xff\xfe", b'"' + b"x" * 10])
    def test_a_torn_marker_has_the_index_made_anew(self, folder: Path, marker: bytes) -> None:
        (folder / "paperboy.json").write_bytes(marker)
        assert reopened(folder) == 0

    def test_a_marker_without_an_index_has_it_made_anew(self, folder: Path) -> None:
        marker = json.loads((folder / "paperboy.json").read_text())
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / "paperboy.json").write_text(json.dumps(marker))
        assert reopened(folder) == 0

    @pytest.mark.parametrize("kept", [0, 1, 20, 0.5, -1])
    def test_a_file_cut_short_has_the_index_made_anew_or_does_no_harm(self, folder: Path, kept: float) -> None:
        names = [each.name for each in folder.iterdir() if each.is_file() and not each.name.endswith(".lock")]
        assert len(names) > 6
        for name in names:
            copy = folder.with_name(f"torn-{name}")
            shutil.copytree(folder, copy)
            body = (copy / name).read_bytes()
            size = int(kept) if kept != 0.5 else len(body) // 2
            (copy / name).write_bytes(body[:size])
            assert reopened(copy) in {0, len(SHELF)}, name

    def test_a_lost_file_has_the_index_made_anew_or_does_no_harm(self, folder: Path) -> None:
        for name in [each.name for each in folder.iterdir()]:
            copy = folder.with_name(f"lost-{name}")
            shutil.copytree(folder, copy)
            (copy / name).unlink()
            assert reopened(copy) in {0, len(SHELF)}, name

    def test_rot_in_any_file_is_an_index_made_anew_or_an_error_but_no_panic(self, folder: Path) -> None:
        random = Random(7)
        for name in [each.name for each in folder.iterdir() if each.stat().st_size]:
            copy = folder.with_name(f"rotten-{name}")
            shutil.copytree(folder, copy)
            body = bytearray((copy / name).read_bytes())
            body[random.randrange(len(body))] ^= 0xFF
            (copy / name).write_bytes(body)
            with suppress(ValueError):
                index = Search(copy, "archive", len(SHELF))
                index.find("attention", limit=5)
                index.update([(len(SHELF) + 1, paper("2601.00090", title="One more"))])

    def test_a_forgotten_index_is_made_anew(self, folder: Path) -> None:
        find.forget_index(folder)
        find.forget_index(folder.with_name("nowhere"))
        assert reopened(folder) == 0

    def test_every_file_lost_but_the_marker_and_meta_has_the_index_made_anew(self, folder: Path) -> None:
        for each in folder.iterdir():
            if each.name not in {"paperboy.json", "meta.json"}:
                each.unlink()
        assert reopened(folder) == 0


class TestWriting:
    def test_what_a_full_disk_kept_out_is_taken_in_later(self, index: Search) -> None:
        many = [(n, paper(f"2602.{n:05}", title=f"Late {n}", abstract="word " * 200)) for n in range(100, 1100)]
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, limits[1]))
        try:
            with pytest.raises(ValueError, match=r"."):
                index.update(many)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert index.change == len(SHELF)
        index.update(many)
        assert (index.change, index.find("late", limit=1).total) == (1099, 1000)

    def test_an_index_that_was_killed_while_it_was_written_is_made_anew(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = Search(folder, "archive", len(SHELF))
        with monkeypatch.context() as killed:
            killed.setattr(Search, "_write", lambda *_: sys.exit())
            with pytest.raises(SystemExit):
                index.update([(len(SHELF) + 1, paper("2601.00090"))])
        index.close()
        assert reopened(folder) == 0

    def test_a_stop_while_a_thread_writes_waits_for_it(self, tmp_path: Path) -> None:
        index = Search(tmp_path / "stopping.index", "archive", last_change=0)
        many = [(n, paper(f"2602.{n:05}", abstract="word " * 200)) for n in range(1, 2000)]
        with ThreadPoolExecutor() as pool:
            writing = pool.submit(index.update, many)
            while not index._writing.locked():
                pass
            index.close()
            writing.result()
        assert Search(tmp_path / "stopping.index", "archive", last_change=1999).change == 1999


class TestFollowing:
    """The index and the archive together."""

    async def follow(self, folder: Path, storage: Storage, api: PapersAPI) -> tuple[int, int]:
        """Open the index and let it follow; gives the change number before and after."""
        search = Search(folder, await storage.papers.identity(), await storage.papers.last_change())
        before = search.change
        await Archive(api, storage, search).index()
        after, total = search.change, search.find("attention OR robots OR more", limit=1).total
        search.close()
        assert total >= 3
        return before, after

    async def test_a_restart_adds_nothing_again_and_then_only_what_is_new(
        self, tmp_path: Path, storage: Storage, api: PapersAPI
    ) -> None:
        folder = tmp_path / "paperboy.index"
        await storage.papers.record(DAY, SHELF, MORNING)
        assert await self.follow(folder, storage, api) == (0, 8)
        assert await self.follow(folder, storage, api) == (8, 8)
        await storage.papers.record(DAY, [*SHELF, paper("2601.00090", title="One more")], MORNING)
        assert await self.follow(folder, storage, api) == (8, 9)

    async def test_more_changes_than_fit_into_one_batch_are_all_followed(
        self, tmp_path: Path, storage: Storage, api: PapersAPI
    ) -> None:
        many = [paper(f"2601.{number:05}", title="Many more") for number in range(2500)]
        await storage.papers.record(DAY, many, MORNING)
        search = Search(tmp_path / "paperboy.index", await storage.papers.identity(), 0)
        await Archive(api, storage, search).index()
        assert search.find("many", limit=1).total == 2500
        search.close()

    async def test_an_archive_without_an_index_has_none_to_follow(self, storage: Storage, api: PapersAPI) -> None:
        await storage.papers.record(DAY, SHELF, MORNING)
        await Archive(api, storage).index()


def test_a_paper_with_every_field_full_can_be_found(index: Search) -> None:
    long = Paper(
        "2601.00100",
        title="T" * 500,
        abstract="word " * 5000,
        day=DAY,
        authors=tuple(f"Author Number{n}" for n in range(664)),
        tags=("x" * 300,),
        organization="O" * 200,
    )
    index.update([(9, long)])
    assert ids(index, "Number663") == ["2601.00100"]
