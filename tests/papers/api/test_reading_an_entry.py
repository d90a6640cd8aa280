"""An entry of a daily list becomes a paper, whatever its JSON holds."""

import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.papers import Paper, parse_paper_id
from bot.papers.entry import read_list_entry
from tests.support.builders import DAY, entry


def read(known: dict[str, Any], **outer: Any) -> Paper:
    """The paper of an entry whose `paper` holds `known`."""
    return read_list_entry(entry("2601.00010", **known) | outer, DAY)


class TestReadingAnEntry:
    def test_every_field_is_found_where_the_api_keeps_it(self) -> None:
        told = entry(
            "2601.01230",
            upvotes=42,
            comments=3,
            publishedAt="2026-01-13T18:00:00.000Z",
            organization={"name": "lab", "fullname": "The Lab"},
            ai_summary="In short.",
            ai_keywords=["graphs", "", "trees", "graphs"],
            githubRepo="https://github.com/a/b",
            githubStars=5,
            projectPage="https://a.example/",
            mediaUrls=["https://cdn.example/1.png", "nonsense"],
        )
        assert read_list_entry(told | {"upvotes": 7}, DAY) == Paper(
            id="2601.01230",
            title="Paper 2601.01230",
            abstract="What paper 2601.01230 is about.",
            day=DAY,
            upvotes=42,
            comments=3,
            authors=("Ada Lovelace", "Emmy Noether"),
            published_at=datetime(2026, 1, 13, 18, tzinfo=UTC),
            organization="The Lab",
            ai_summary="In short.",
            tags=("graphs", "trees"),
            github_repo="https://github.com/a/b",
            github_stars=5,
            project_page="https://a.example/",
            media_urls=("https://cdn.example/1.png",),
        )

    def test_upvotes_on_the_outer_level_are_ignored(self) -> None:
        assert read({"upvotes": 42}, upvotes=0).upvotes == 42

    def test_an_id_that_ends_in_zero_keeps_it(self) -> None:
        assert read({"id": "2601.12340"}).id == "2601.12340"

    def test_an_id_that_came_as_a_number_is_not_guessed(self) -> None:
        with pytest.raises(ValueError, match="id"):
            read({"id": 2601.1234})

    def test_the_day_is_the_one_the_entry_was_submitted_on(self) -> None:
        assert read({"submittedOnDailyAt": "2026-01-14T23:59:59.999Z"}).day == date(2026, 1, 14)
        assert read({"submittedOnDailyAt": "2026-01-16T00:00:00Z"}).day == date(2026, 1, 16)

    @pytest.mark.parametrize("told", [5, "0000", 2031, True, "2026-01-13T23:59:59Z", "2026-01-17T00:00:00Z"])
    def test_an_entry_with_an_impossible_day_gets_the_requested_day(self, told: Any) -> None:
        assert read({"submittedOnDailyAt": told}).day == DAY

    @pytest.mark.parametrize("told", [5, "0000", 2031, "1768435200"])
    def test_a_number_is_not_taken_for_a_time(self, told: Any) -> None:
        assert (read({"publishedAt": told}).published_at, read({"withdrawnAt": told}).withdrawn_at) == (None, None)

    def test_an_entry_without_a_day_gets_the_requested_day(self) -> None:
        old = entry("2405.00010")
        del old["paper"]["submittedOnDailyAt"]
        assert read_list_entry(old, date(2024, 5, 27)).day == date(2024, 5, 27)

    def test_the_days_of_the_lists_are_days_in_utc_wherever_the_bot_runs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TZ", "America/New_York")
        time.tzset()
        try:
            assert read({"submittedOnDailyAt": "2026-01-14T23:00:00"}).day == date(2026, 1, 14)
            assert read({"publishedAt": "2026-01-14T23:00:00"}).published_at == datetime(2026, 1, 14, 23, tzinfo=UTC)
        finally:
            monkeypatch.undo()
            time.tzset()

    def test_only_id_and_title_are_needed(self) -> None:
        assert read_list_entry({"paper": {"id": "2601.00010", "title": "Alone"}}, DAY) == Paper(
            "2601.00010", "Alone", "", DAY
        )

    def test_null_is_the_same_as_missing(self) -> None:
        told = entry("2601.00010", upvotes=3)
        nulls = dict.fromkeys(("ai_summary", "githubRepo", "organization", "summary", "authors", "mediaUrls"))
        told["paper"] |= nulls
        assert read_list_entry(told | {"numComments": None}, DAY).abstract == ""

    def test_a_title_hard_wrapped_over_lines_is_one_line(self) -> None:
        assert read({"title": "  Attention\n  Is All\r\n\tYou Need "}).title == "Attention Is All You Need"

    def test_the_outer_title_replaces_a_missing_one(self) -> None:
        told = entry("2601.00010")
        del told["paper"]["title"]
        assert read_list_entry(told, DAY).title == "Paper 2601.00010"

    def test_all_of_664_authors_are_kept(self) -> None:
        names = [f"Author {n}" for n in range(664)]
        assert read({"authors": [{"name": name} for name in names]}).authors == tuple(names)

    def test_hidden_authors_stay_hidden(self) -> None:
        told = [{"name": "Seen", "hidden": False}, {"name": "Unseen", "hidden": True}, {"name": "Also seen"}]
        assert read({"authors": told}).authors == ("Seen", "Also seen")

    def test_links_that_contain_a_newline_or_a_space_are_repaired(self) -> None:
        links = read({"githubRepo": "https://github.com/a/\nb", "projectPage": " http://a.example/x"})
        assert (links.github_repo, links.project_page) == ("https://github.com/a/b", "http://a.example/x")

    @pytest.mark.parametrize(
        "link", ["javascript:alert(1)", "file:///etc/passwd", "a.example", "http://", 7, "http://[::1"]
    )
    def test_a_link_that_is_not_a_web_address_is_left_out(self, link: Any) -> None:
        assert read({"githubRepo": link, "projectPage": link}).project_page is None

    @pytest.mark.parametrize("wrong", [7, -1, 1.5, "words", True, [], [None], {}, {"name": 7}, 10**400, "\ud800"])
    @pytest.mark.parametrize(
        "field",
        [
            "summary",
            "publishedAt",
            "submittedOnDailyAt",
            "authors",
            "organization",
            "ai_summary",
            "ai_keywords",
            "githubRepo",
            "githubStars",
            "projectPage",
            "mediaUrls",
            "withdrawnAt",
        ],
    )
    def test_a_field_of_the_wrong_type_does_not_cost_the_entry(self, field: str, wrong: Any) -> None:
        paper = read({field: wrong, "upvotes": 42})
        assert (paper.id, paper.title, paper.upvotes) == ("2601.00010", "Paper 2601.00010", 42)

    @pytest.mark.parametrize("wrong", [-1, 1.5, "three", [], {}, 10**400])
    def test_a_wrong_number_of_comments_does_not_cost_the_entry(self, wrong: Any) -> None:
        assert read({}, numComments=wrong).comments == 0

    @pytest.mark.parametrize("wrong", [-1, "many", [], {}, 2**31 + 1, float("nan"), float("inf")])
    def test_upvotes_that_are_not_a_number_are_never_taken_for_zero(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match="upvotes"):
            read({"upvotes": wrong})

    @pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
    def test_a_time_beyond_the_calendar_is_left_out(self, instant: str) -> None:
        paper = read({"publishedAt": instant, "submittedOnDailyAt": instant})
        assert (paper.published_at, paper.day) == (None, DAY)

    def test_half_a_surrogate_pair_is_dropped_from_every_text(self) -> None:
        told = {
            "title": "A\ud800B",
            "summary": "\udfffC",
            "ai_summary": "D\ud800",
            "ai_keywords": ["\ud800", "E\ud800"],
        }
        paper = read(told | {"authors": [{"name": "F\ud800"}], "organization": {"fullname": "\ud800"}})
        assert (paper.title, paper.abstract, paper.ai_summary) == ("AB", "C", "D")
        assert (paper.tags, paper.authors, paper.organization) == (("E",), ("F",), None)

    def test_controls_and_bidi_overrides_are_dropped(self) -> None:
        assert read({"title": "Safe\x1b[31m \u202eevil\x00"}).title == "Safe[31m evil"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = (
    "id",
    "title",
    "summary",
    "upvotes",
    "authors",
    "publishedAt",
    "submittedOnDailyAt",
    "organization",
    "ai_summary",
    "ai_keywords",
    "githubRepo",
    "githubStars",
    "projectPage",
    "mediaUrls",
    "numTotalModels",
    "numTotalSpaces",
)
INSTANTS = st.datetimes(timezones=st.timezones() | st.none()).map(datetime.isoformat)
NEARLY = st.builds(
    lambda paper, outer: outer | {"paper": {"id": "2601.00010", "title": "T"} | paper},
    st.dictionaries(st.sampled_from(FIELDS), JSON | INSTANTS | st.text(), max_size=6),
    st.dictionaries(
        st.sampled_from(("title", "summary", "numComments", "organization", "mediaUrls")), JSON, max_size=4
    ),
)


@given(JSON | NEARLY)
def test_any_json_gives_a_storable_paper_or_says_it_cannot_be_read(told: Any) -> None:
    try:
        paper = read_list_entry(told, DAY)
    except ValueError:
        return
    texts = (paper.id, paper.title, paper.abstract, paper.organization or "", paper.ai_summary or "")
    urls = (paper.github_repo or "", paper.project_page or "", *paper.media_urls)
    for text in (*texts, *paper.authors, *paper.tags, *urls):
        text.encode()  # what SQLite and Discord do with it
        assert "\n" not in text
    assert parse_paper_id(paper.id) == paper.id
    assert paper.upvotes in range(2**31 + 1)
    assert paper.comments in range(2**31 + 1)
    assert all(linked is None or linked in range(2**31 + 1) for linked in (paper.linked_models, paper.linked_spaces))
    assert paper.published_at is None or paper.published_at.tzinfo is UTC
