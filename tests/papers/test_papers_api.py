"""Fetch: what the papers API answers, on a good day and on a bad one."""

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from tenacity import wait_none
from tenacity.wait import wait_fixed

from bench import corpus
from bot.demo.papers_server import PapersServer
from bot.papers import Paper, find_paper_id, has_foreign_link, parse_paper_id
from bot.papers import api as papers
from bot.papers.api import USER_AGENT, PapersAPI, PapersUnavailable
from bot.papers.entry import read_entry, read_single_paper
from bot.text import join_lines
from tests.support.builders import DAY, entries, entry
from tests.support.shared_cases import shared_cases

REAL_BODY = corpus.CAPTURED.with_name("paper_2401.18030.json")
Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FaultyServer(PapersServer):
    """The papers API on a bad day: answers each request with the next fault, as long as there are any."""

    def __init__(self) -> None:
        super().__init__({DAY: entries(7)})
        self.faults: deque[Fault] = deque()
        self.queries: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []

    async def answer_list(self, request: web.Request) -> web.StreamResponse:
        return await self.fault_or(super().answer_list, request)

    async def answer_paper(self, request: web.Request) -> web.StreamResponse:
        return await self.fault_or(super().answer_paper, request)

    async def answer_search(self, request: web.Request) -> web.StreamResponse:
        return await self.fault_or(super().answer_search, request)

    async def fault_or(self, answer: Fault, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        self.headers.append(dict(request.headers))
        return await (self.faults.popleft() if self.faults else answer)(request)


def answering(status: int, body: str = '{"error": "no"}', **headers: str) -> Fault:
    async def answer(_request: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(status=status, text=body, headers={"Content-Type": "application/json"} | named)

    return answer


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def break_off(request: web.Request) -> web.StreamResponse:
    """Promise more than is sent."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"[")
    assert request.transport is not None
    request.transport.close()
    return response


async def dawdle(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(1)
    return web.json_response([])


@pytest.fixture
def papers_server() -> FaultyServer:
    return FaultyServer()


@pytest.fixture
async def base_url(papers_server: FaultyServer) -> AsyncIterator[str]:
    async with papers_server.serve() as url:
        yield url


def read(known: dict[str, Any], **outer: Any) -> Paper:
    """The paper of an entry whose `paper` holds `known`."""
    return read_entry(entry("2601.00010", **known) | outer, DAY)


class TestReadingAList:
    async def test_a_list_is_read_in_pages_of_a_hundred_until_one_is_short(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.lists = {DAY: entries(250)}
        assert len((await api.fetch_list(DAY)).papers) == 250
        assert papers_server.queries == [{"date": "2026-01-15", "limit": "100", "p": str(n)} for n in range(3)]

    async def test_a_full_last_page_costs_one_empty_page_and_no_paper(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.lists = {DAY: entries(200)}
        assert len((await api.fetch_list(DAY)).papers) == 200

    async def test_a_full_page_without_a_link_to_the_next_is_not_taken_for_the_last(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        pages = entries(100), entries(5, first=200)
        papers_server.faults += [answering(200, json.dumps(page)) for page in pages]
        assert len((await api.fetch_list(DAY)).papers) == 105

    async def test_a_short_page_with_a_link_to_the_next_is_followed(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        first, second = entries(2), entries(3, first=50)
        papers_server.faults += [
            answering(200, json.dumps(first), Link='</api/daily_papers?p=1>; rel="next"'),
            answering(200, json.dumps(second)),
        ]
        assert len((await api.fetch_list(DAY)).papers) == 5
        assert [query["p"] for query in papers_server.queries] == ["0", "1"]

    async def test_a_server_that_always_links_to_another_page_is_left_in_the_end(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        page = answering(200, json.dumps(entries(1)), Link='<?p=9>; rel="next"')
        papers_server.faults += [page] * 100
        assert len((await api.fetch_list(DAY)).papers) == 1
        assert len(papers_server.queries) == papers.MAX_PAGES

    async def test_a_paper_that_a_vote_moved_to_the_next_page_is_there_once(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.lists = {DAY: [*entries(100), entry("2601.00100", upvotes=11)]}
        read_papers = (await api.fetch_list(DAY)).papers
        assert [paper.upvotes for paper in read_papers if paper.id == "2601.00100"] == [11]
        assert len(read_papers) == 100

    async def test_a_weekend_is_an_empty_list_and_no_error(self, api: PapersAPI) -> None:
        assert (await api.fetch_list(date(2026, 1, 17))).papers == ()

    async def test_an_unreadable_entry_costs_itself_alone_and_is_counted_in_one_warning(
        self, papers_server: FaultyServer, api: PapersAPI, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken: list[Any] = [
            None,
            7,
            "x",
            [],
            {},
            {"paper": None},
            {"paper": []},
            entry("hep-th/9901001"),
            entry("2601.1", title=""),
        ]
        papers_server.lists = {DAY: [*broken, *entries(3)]}
        assert len((await api.fetch_list(DAY)).papers) == 3
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert warnings == ["2026-01-15: skipped 9 entries that could not be read"]

    async def test_the_api_is_told_honestly_who_asks(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        await api.fetch_list(DAY)
        assert papers_server.headers[0]["User-Agent"] == USER_AGENT
        assert "paperboy" in USER_AGENT
        assert "Authorization" not in papers_server.headers[0]

    async def test_a_token_is_sent_and_never_told(
        self, papers_server: FaultyServer, base_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        papers_server.faults += [hang_up, answering(401, "hf_secret is wrong")]
        async with PapersAPI(base_url, "hf_secret", backoff=wait_none()) as api:
            with pytest.raises(PapersUnavailable) as failed:
                await api.fetch_list(DAY)
        assert papers_server.headers[0]["Authorization"] == "Bearer hf_secret"
        assert "hf_secret" not in f"{failed.value!r} {failed.value.__cause__!r} {caplog.text}"


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
        assert read_entry(told | {"upvotes": 7}, DAY) == Paper(
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

    def test_upvotes_on_the_outer_level_are_not_believed(self) -> None:
        assert read({"upvotes": 42}, upvotes=0).upvotes == 42

    def test_an_id_that_ends_in_zero_keeps_it(self) -> None:
        assert read({"id": "2601.12340"}).id == "2601.12340"

    def test_an_id_that_came_as_a_number_is_not_guessed_at(self) -> None:
        with pytest.raises(ValueError, match="id"):
            read({"id": 2601.1234})

    def test_the_day_is_the_one_the_entry_was_submitted_on(self) -> None:
        assert read({"submittedOnDailyAt": "2026-01-14T23:59:59.999Z"}).day == date(2026, 1, 14)
        assert read({"submittedOnDailyAt": "2026-01-16T00:00:00Z"}).day == date(2026, 1, 16)

    @pytest.mark.parametrize("told", [5, "0000", 2031, True, "2026-01-13T23:59:59Z", "2026-01-17T00:00:00Z"])
    def test_the_day_is_the_requested_one_where_the_entry_names_one_that_cannot_be(self, told: Any) -> None:
        assert read({"submittedOnDailyAt": told}).day == DAY

    @pytest.mark.parametrize("told", [5, "0000", 2031, "1768435200"])
    def test_a_number_is_no_instant(self, told: Any) -> None:
        assert (read({"publishedAt": told}).published_at, read({"withdrawnAt": told}).withdrawn_at) == (None, None)

    def test_the_day_is_the_requested_one_where_the_entry_does_not_say(self) -> None:
        old = entry("2405.00010")
        del old["paper"]["submittedOnDailyAt"]
        assert read_entry(old, date(2024, 5, 27)).day == date(2024, 5, 27)

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
        assert read_entry({"paper": {"id": "2601.00010", "title": "Alone"}}, DAY) == Paper(
            "2601.00010", "Alone", "", DAY
        )

    def test_null_is_the_same_as_missing(self) -> None:
        told = entry("2601.00010", upvotes=3)
        nulls = dict.fromkeys(("ai_summary", "githubRepo", "organization", "summary", "authors", "mediaUrls"))
        told["paper"] |= nulls
        assert read_entry(told | {"numComments": None}, DAY).abstract == ""

    def test_a_title_hard_wrapped_over_lines_is_one_line(self) -> None:
        assert read({"title": "  Attention\n  Is All\r\n\tYou Need "}).title == "Attention Is All You Need"

    def test_the_outer_title_stands_in_for_a_missing_one(self) -> None:
        told = entry("2601.00010")
        del told["paper"]["title"]
        assert read_entry(told, DAY).title == "Paper 2601.00010"

    def test_all_of_664_authors_are_kept(self) -> None:
        names = [f"Author {n}" for n in range(664)]
        assert read({"authors": [{"name": name} for name in names]}).authors == tuple(names)

    def test_hidden_authors_stay_hidden(self) -> None:
        told = [{"name": "Seen", "hidden": False}, {"name": "Unseen", "hidden": True}, {"name": "Also seen"}]
        assert read({"authors": told}).authors == ("Seen", "Also seen")

    def test_links_that_hold_a_newline_or_a_space_are_mended(self) -> None:
        links = read({"githubRepo": "https://github.com/a/\nb", "projectPage": " http://a.example/x"})
        assert (links.github_repo, links.project_page) == ("https://github.com/a/b", "http://a.example/x")

    @pytest.mark.parametrize(
        "link", ["javascript:alert(1)", "file:///etc/passwd", "a.example", "http://", 7, "http://[::1"]
    )
    def test_a_link_that_is_no_web_address_is_missing(self, link: Any) -> None:
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
    def test_upvotes_that_are_no_count_are_never_taken_for_zero(self, wrong: Any) -> None:
        with pytest.raises(ValueError, match="upvotes"):
            read({"upvotes": wrong})

    @pytest.mark.parametrize("instant", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
    def test_an_instant_beyond_the_calendar_is_missing(self, instant: str) -> None:
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
        paper = read_entry(told, DAY)
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


class TestABadDay:
    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    async def test_a_passing_error_is_tried_again(
        self, papers_server: FaultyServer, api: PapersAPI, status: int
    ) -> None:
        papers_server.faults += [answering(status)] * 4
        assert len((await api.fetch_list(DAY)).papers) == 7
        assert len(papers_server.queries) == 5

    @pytest.mark.parametrize("fault", [hang_up, break_off])
    async def test_a_dropped_connection_is_tried_again(
        self, papers_server: FaultyServer, api: PapersAPI, fault: Fault
    ) -> None:
        papers_server.faults += [fault, fault]
        assert len((await api.fetch_list(DAY)).papers) == 7

    async def test_after_five_tries_it_is_said_what_was_wrong(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(503)] * 5
        with pytest.raises(PapersUnavailable, match="papers_refused number=503"):
            await api.fetch_list(DAY)
        assert len(papers_server.queries) == 5

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 501])
    async def test_a_refusal_is_not_tried_again(self, papers_server: FaultyServer, api: PapersAPI, status: int) -> None:
        papers_server.faults += [answering(status, '{"error": {"code": 1, "message": "no"}}')]
        with pytest.raises(PapersUnavailable, match=f"papers_refused number={status}"):
            await api.fetch_list(DAY)
        assert len(papers_server.queries) == 1

    async def test_nobody_there_is_said_so(self, unused_tcp_port: int) -> None:
        async with PapersAPI(f"http://127.0.0.1:{unused_tcp_port}", backoff=wait_none()) as api:
            with pytest.raises(PapersUnavailable, match="papers_unreachable") as failed:
                await api.fetch_list(DAY)
        assert isinstance(failed.value.__cause__, OSError)

    async def test_a_server_that_dawdles_is_left_after_the_timeout(
        self, papers_server: FaultyServer, base_url: str
    ) -> None:
        papers_server.faults += [dawdle] * 2
        async with PapersAPI(base_url, tries=2, timeout_seconds=0.2, backoff=wait_none()) as api:
            with pytest.raises(PapersUnavailable, match="papers_unreachable"):
                await api.fetch_list(DAY)

    @pytest.mark.parametrize(
        "body",
        ["", "<html>Bad gateway</html>", '{"error": "no"}', '"list"', "null", "[1, 2", "[" * 100_000, '[{"paper"'],
    )
    async def test_an_answer_that_is_no_list_is_said_to_be_none(
        self, papers_server: FaultyServer, api: PapersAPI, body: str
    ) -> None:
        papers_server.faults += [answering(200, body)]
        with pytest.raises(PapersUnavailable, match="is not"):
            await api.fetch_list(DAY)

    async def test_bytes_that_are_no_text_are_said_to_be_none(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        async def answer(_request: web.Request) -> web.StreamResponse:
            return web.Response(body=b"\xff\xfe[\x80]\xc3", content_type="application/json")

        papers_server.faults += [answer]
        with pytest.raises(PapersUnavailable, match="not JSON"):
            await api.fetch_list(DAY)

    async def test_an_html_page_in_place_of_an_error_is_judged_by_its_status(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(502, "<html>oops", Content_Type="text/html")]
        assert len((await api.fetch_list(DAY)).papers) == 7

    @pytest.mark.parametrize(
        "hostile",
        [
            '{"upvotes": ' + "9" * 4000 + "}",
            '{"title": "\\ud800 alone"}',
            '{"summary": ' + "[" * 500 + "]" * 500 + "}",
            '{"githubStars": NaN, "summary": -Infinity}',
        ],
    )
    async def test_hostile_json_in_one_entry_leaves_the_others(
        self, papers_server: FaultyServer, api: PapersAPI, hostile: str
    ) -> None:
        broken = '{"paper": {"id": "2601.09999", "title": "T", ' + hostile[1:] + "}"
        good = json.dumps(entries(7))
        papers_server.faults += [answering(200, f"[{broken}, {good[1:]}")]
        assert {f"2601.0000{n}" for n in range(1, 8)} <= {paper.id for paper in (await api.fetch_list(DAY)).papers}

    @pytest.mark.parametrize("hostile", ["9" * 5000, '{"a":' * 100_000])
    async def test_json_that_would_choke_the_parser_is_said_to_be_none(
        self, papers_server: FaultyServer, api: PapersAPI, hostile: str
    ) -> None:
        papers_server.faults += [answering(200, f"[{hostile}]")]
        with pytest.raises(PapersUnavailable, match="not JSON"):
            await api.fetch_list(DAY)

    async def test_an_endless_body_is_not_read_to_its_end(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        sent = 0

        async def pour(request: web.Request) -> web.StreamResponse:
            nonlocal sent
            response = web.StreamResponse()
            await response.prepare(request)
            while sent < 20 * papers.MAX_BODY_BYTES:
                await response.write(b"[" * 1024 * 1024)
                sent += 1024 * 1024
            return response

        papers_server.faults += [pour]
        with pytest.raises(PapersUnavailable, match="more than"):
            await api.fetch_list(DAY)
        assert sent < 3 * papers.MAX_BODY_BYTES

    @pytest.mark.parametrize(
        "headers",
        [
            {"Retry-After": "²"},
            {"Retry-After": "-1"},
            {"Retry-After": "soon"},
            {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"},
            {"RateLimit": "x"},
            {"RateLimit": '"api";r=5;t=' + "9" * 5000},
            {"Link": "<http://[bad>; rel=next"},
            {"Link": "nonsense"},
        ],
    )
    @pytest.mark.parametrize("status", [200, 429])
    async def test_headers_nobody_can_read_do_no_harm(
        self, papers_server: FaultyServer, api: PapersAPI, headers: dict[str, str], status: int
    ) -> None:
        async def answer(_request: web.Request) -> web.StreamResponse:
            return web.json_response(entries(7), status=status, headers=headers)

        papers_server.faults += [answer]
        assert len((await api.fetch_list(DAY)).papers) == 7


class TestLookingUpAPaper:
    async def test_it_comes_with_its_linked_counts_and_of_no_day(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.unlisted = [
            entry("1706.03762", upvotes=100, numTotalModels=3, numTotalDatasets=0, numTotalSpaces=12)
        ]
        paper = await api.fetch_paper("1706.03762")
        assert paper
        assert (paper.id, paper.title, paper.upvotes, paper.day) == ("1706.03762", "Paper 1706.03762", 100, None)
        assert (paper.linked_models, paper.linked_datasets, paper.linked_spaces) == (3, 0, 12)

    async def test_a_paper_of_a_list_is_found_by_its_id_too(self, api: PapersAPI) -> None:
        paper = await api.fetch_paper("2601.00001")
        assert paper
        assert (paper.upvotes, paper.authors) == (70, ("Ada Lovelace", "Emmy Noether"))
        assert paper.linked_models is None

    async def test_an_unknown_paper_is_none_and_not_asked_for_again(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        assert await api.fetch_paper("2601.99999") is None
        assert len(papers_server.queries) == 1

    @pytest.mark.parametrize("wrong", ["", "search", "../daily_papers", "2601.00001/../x", "2601.00001?x", "2601.1\n"])
    async def test_what_is_no_id_is_not_even_asked_for(
        self, papers_server: FaultyServer, api: PapersAPI, wrong: str
    ) -> None:
        assert await api.fetch_paper(wrong) is None
        assert papers_server.queries == []

    async def test_an_answer_about_another_paper_is_not_taken_for_this_one(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, json.dumps(entry("2601.00002")["paper"]))]
        with pytest.raises(PapersUnavailable, match=r"the answer about 2601\.00001 is about 2601\.00002"):
            await api.fetch_paper("2601.00001")

    @pytest.mark.parametrize(
        "body",
        ["", "null", "[]", "7", "{}", '{"error": "no"}', '{"id": "2601.00001"}', json.dumps(entries(1)), "[" * 9999],
    )
    async def test_an_answer_that_is_no_paper_is_said_to_be_none(
        self, papers_server: FaultyServer, api: PapersAPI, body: str
    ) -> None:
        papers_server.faults += [answering(200, body)]
        with pytest.raises(PapersUnavailable, match="is not"):
            await api.fetch_paper("2601.00001")

    @pytest.mark.parametrize("wrong", [-1, 1.5, "many", [], {}, 2**40])
    async def test_a_count_nobody_can_read_does_not_cost_the_paper(
        self, papers_server: FaultyServer, api: PapersAPI, wrong: Any
    ) -> None:
        papers_server.unlisted = [entry("1706.03762", numTotalModels=wrong, numTotalSpaces=2)]
        paper = await api.fetch_paper("1706.03762")
        assert paper
        assert (paper.linked_models, paper.linked_spaces) == (None, 2)

    async def test_a_passing_error_is_tried_again(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(503), hang_up]
        assert await api.fetch_paper("2601.00001")

    async def test_whoever_waits_may_stop_waiting_and_ask_again(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(503, Retry_After="300")]
        asking = asyncio.create_task(api.fetch_paper("2601.00001"))
        while not api.last_problem:  # noqa: ASYNC110  # it has no event for it
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert await api.fetch_paper("2601.00001")

    @pytest.mark.real_days
    @pytest.mark.skipif(not REAL_BODY.exists(), reason="the captured days do not lie beside the project")
    def test_a_real_answer_is_read(self) -> None:
        paper = read_single_paper(json.loads(REAL_BODY.read_text()))
        assert (paper.id, paper.day, paper.upvotes) == ("2401.18030", None, 0)
        assert (paper.linked_models, paper.linked_datasets, paper.linked_spaces) == (0, 1, 0)
        assert paper.abstract
        assert paper.tags


class TestTheHubsOwnSearch:
    async def test_it_gives_the_hubs_papers_in_the_hubs_order(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, json.dumps([*entries(3, first=5), entry("1706.03762", comments=4)]))]
        found = await api.search_papers("attention", 10)
        assert [paper.id for paper in found] == ["2601.00005", "2601.00006", "2601.00007", "1706.03762"]
        assert found[3].comments == 4
        assert {paper.day for paper in found} == {None}
        assert papers_server.queries == [{"q": "attention", "limit": "10"}]

    async def test_what_nobody_wrote_about_gives_nothing(self, api: PapersAPI) -> None:
        assert await api.search_papers("what paper 2601.00003", 10) != ()
        assert await api.search_papers("knitting", 10) == ()

    @pytest.mark.parametrize("told", ["a" * 1000, "💡" * 1000, "💡a" * 500, "a" + "💡" * 500, "\ud800" + "b" * 251])
    async def test_a_long_query_is_cut_to_what_the_hub_takes(
        self, papers_server: FaultyServer, api: PapersAPI, told: str
    ) -> None:
        await api.search_papers(told, 10)
        (query,) = papers_server.queries
        assert 249 <= len(query["q"].encode("utf-16-le")) / 2 <= 250
        assert query["q"] in told

    @pytest.mark.parametrize("told", ["c++ & c#?", "a=b&limit=120", "%2e%2e/x", "", '"a b"', "ünï\x00"])
    async def test_a_query_arrives_as_it_was_written(
        self, papers_server: FaultyServer, api: PapersAPI, told: str
    ) -> None:
        await api.search_papers(told, 10)
        assert papers_server.queries == [{"q": told, "limit": "10"}]

    async def test_no_more_is_asked_for_than_the_hub_gives_and_no_more_taken_than_asked_for(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, json.dumps(entries(200)))] * 2
        assert len(await api.search_papers("x", 5)) == 5
        assert len(await api.search_papers("x", 500)) == 200
        assert [query["limit"] for query in papers_server.queries] == ["5", "120"]

    async def test_a_paper_told_twice_is_found_once(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(200, json.dumps([*entries(2), *entries(3)]))]
        assert [paper.id for paper in await api.search_papers("x", 4)] == ["2601.00001", "2601.00002", "2601.00003"]

    async def test_an_unreadable_entry_costs_itself_alone_and_is_counted_in_one_warning(
        self, papers_server: FaultyServer, api: PapersAPI, caplog: pytest.LogCaptureFixture
    ) -> None:
        broken = [None, {}, entry("hep-th/9901001"), entry("2601.00009", upvotes=-1)]
        papers_server.faults += [answering(200, json.dumps([*broken, *entries(2)]))]
        assert len(await api.search_papers("x", 10)) == 2
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert warnings == ["search: skipped 4 entries that could not be read"]

    @pytest.mark.parametrize("body", ["", "null", '{"error": "no"}', "<html>"])
    async def test_an_answer_that_is_no_list_is_said_to_be_none(
        self, papers_server: FaultyServer, api: PapersAPI, body: str
    ) -> None:
        papers_server.faults += [answering(200, body)]
        with pytest.raises(PapersUnavailable, match="what was found is not"):
            await api.search_papers("x", 10)

    async def test_a_search_that_is_gone_is_no_empty_answer(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(404)]
        with pytest.raises(PapersUnavailable, match="papers_refused number=404"):
            await api.search_papers("x", 10)


@pytest.fixture
async def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long (s) was waited each time; the loop's clock stands still but for that, and nobody really waits."""
    loop, sleep, waited = asyncio.get_running_loop(), asyncio.sleep, list[float]()
    began = loop.time()

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    monkeypatch.setattr(loop, "time", lambda: began + sum(waited))
    return waited


class TestTheQuota:
    async def test_retry_after_is_obeyed(self, papers_server: FaultyServer, api: PapersAPI, waits: list[float]) -> None:
        papers_server.faults += [answering(503, Retry_After="1")]
        await api.fetch_list(DAY)
        assert waits == [1]

    async def test_retry_after_comes_before_backoff(
        self, papers_server: FaultyServer, base_url: str, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, Retry_After="0")]
        async with PapersAPI(base_url, backoff=wait_fixed(60)) as api:
            await api.fetch_list(DAY)
        assert waits == [0]

    async def test_a_429_waits_for_the_next_window_and_a_second_more(
        self, papers_server: FaultyServer, api: PapersAPI, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, RateLimit='"api";r=0;t=1')]
        await api.fetch_list(DAY)
        assert sum(waits) == pytest.approx(2)

    @pytest.mark.parametrize("left", [0, 3])
    async def test_a_429_at_the_end_of_a_window_waits_the_second_more(
        self, papers_server: FaultyServer, base_url: str, left: int, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, RateLimit=f'"api";r={left};t=0')]
        async with PapersAPI(base_url, backoff=wait_none()) as api:
            await api.fetch_list(DAY)
        assert sum(waits) == pytest.approx(1)

    async def test_a_used_up_quota_is_waited_for_before_the_next_request(
        self, papers_server: FaultyServer, api: PapersAPI, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit='"api";r=0;t=0')]
        await api.fetch_list(DAY)
        assert waits == []
        await api.fetch_list(DAY)
        assert waits == [pytest.approx(1)]

    @pytest.mark.usefixtures("waits")
    @pytest.mark.parametrize("left", [0, 1, 99])
    async def test_look_ups_leave_the_rest_of_the_quota_to_the_lists(
        self, papers_server: FaultyServer, api: PapersAPI, left: int
    ) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit=f'"api";r={left};t=0')]
        await api.fetch_list(DAY)
        for look_up in (api.fetch_paper("2601.00001"), api.search_papers("x", 5)):
            with pytest.raises(PapersUnavailable, match="papers_quota_low"):
                await look_up
        await api.fetch_list(DAY)  # waits, if it must

    @pytest.mark.usefixtures("waits")
    async def test_look_ups_go_on_with_the_next_quota(self, papers_server: FaultyServer, api: PapersAPI) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit='"api";r=0;t=0')]
        await api.fetch_list(DAY)
        await asyncio.sleep(1.1)
        assert await api.search_papers("x", 5) == ()

    async def test_a_quota_that_is_hardly_used_is_there_for_look_ups_too(
        self, papers_server: FaultyServer, api: PapersAPI
    ) -> None:
        papers_server.faults += [answering(200, "[]", RateLimit='"api";r=100;t=200')]
        await api.fetch_list(DAY)
        assert await api.search_papers("x", 5) == ()

    async def test_a_429_from_the_edge_without_headers_backs_off(
        self, papers_server: FaultyServer, base_url: str, waits: list[float]
    ) -> None:
        papers_server.faults += [answering(429, "<html>slow down", Content_Type="text/html")]
        async with PapersAPI(base_url, backoff=wait_fixed(60)) as api:
            await api.fetch_list(DAY)
        assert waits == [60]


REFERENCES = [
    template.format("2601.01230")
    for template in (
        "{}",
        " {} ",
        "{}v1",
        "{}v12",
        "arXiv:{}",
        "arxiv: {}v2",
        "ARXIV:{}",
        "https://arxiv.org/abs/{}",
        "http://arxiv.org/abs/{}v3",
        "arxiv.org/abs/{}",
        "https://www.arxiv.org/abs/{}",
        "https://export.arxiv.org/abs/{}",
        "https://arxiv.org/pdf/{}",
        "https://arxiv.org/pdf/{}.pdf",
        "https://arxiv.org/pdf/{}v2.pdf#page=3",
        "https://arxiv.org/html/{}v1",
        "https://huggingface.co/papers/{}",
        "https://huggingface.co/papers/{}/",
        "https://huggingface.co/papers/{}?ref=discord",
        "https://huggingface.co/papers/{}#community",
        "huggingface.co/papers/{}",
        "https://hf.co/papers/{}",
        "<https://huggingface.co/papers/{}>",
        "HTTPS://HUGGINGFACE.CO/papers/{}",
        "https://huggingface.co/papers/{}.md",
        "10.48550/arXiv.{}",
        "doi:10.48550/arxiv.{}",
        "DOI: 10.48550/ARXIV.{}v2",
        "https://doi.org/10.48550/arXiv.{}",
        "http://dx.doi.org/10.48550/arXiv.{}",
        "https://doi.org/10.48550%2FarXiv.{}",
        "https://ar5iv.org/abs/{}",
        "https://ar5iv.labs.arxiv.org/html/{}v1",
        "https://www.alphaxiv.org/abs/{}",
        "https://alphaxiv.org/overview/{}v3?lang=en",
        "https://alphaxiv.org/zh/overview/{}",
        "https://api.semanticscholar.org/arXiv:{}",
        "https://api.semanticscholar.org/graph/v1/paper/ARXIV:{}?fields=title",
        "https://www.semanticscholar.org/arxiv/{}",
        "https://browse.arxiv.org/html/{}v1#S3.F2",
        "(https://arxiv.org/abs/{}).",
        "[{}],",
        "\u201c{}\u201d;",
        "**{}**!",
        "\uff08https://arxiv.org/abs/{}\uff09\u3002",
        "https://arxiv.org/abs/{}\u200b",
        "\u202a{}\u202c",
        "[{0}](https://arxiv.org/abs/{0})",
    )
]
NO_REFERENCES = [
    "",
    " ",
    "attention is all you need",
    "2601",
    "2601.",
    "2601.123",
    "2601.123456",
    "26010.1234",
    "2601.12345v",
    "2601,12345",
    "\uff12\uff16\uff10\uff11.12345",  # fullwidth digits
    "2601.1234\u096b",
    "hep-th/990100",
    "hep-th/99010011",
    "and/9901001",
    "paper 2601.12345",
    "2601.12345 2601.12346",
    "https://evil.example/papers/2601.12345",
    "https://huggingface.co.evil.example/papers/2601.12345",
    "https://evilhuggingface.co/papers/2601.12345",
    "https://huggingface.co/papers/date/2026-01-15",
    "https://huggingface.co/papers/2601.12345/../../x",
    "https://arxiv.org/abs/",
    "https://arxiv.org/list/cs.CL/new",
    "https://evil.example/?https://arxiv.org/abs/2601.12345",
    "https://evil.example/a,2601.12345",
    "https://evil.example/(2601.12345)",
    "10.1038/2601.12345",
    "https://doi.org/10.1038/2601.12345",
    "javascript:2601.12345",
    "2601.12345\n2601.12346",
    "\x00",
]


class TestReferences:
    @pytest.mark.parametrize("reference", REFERENCES)
    def test_a_paper_is_known_by_any_of_its_references(self, reference: str) -> None:
        assert parse_paper_id(reference) == "2601.01230"

    def test_an_id_with_four_digits_is_known(self) -> None:
        assert parse_paper_id("arXiv:0704.0001v2") == "0704.0001"

    @pytest.mark.parametrize(
        ("reference", "known"),
        [
            ("cs/0112017", "cs/0112017"),
            ("CS/0112017v2", "cs/0112017"),
            ("math.gt/0309136", "math.GT/0309136"),
            ("arXiv:hep-th/9901001", "hep-th/9901001"),
            ("https://arxiv.org/abs/cs/0112017", "cs/0112017"),
            ("arxiv.org/pdf/math.GT/0309136v1.pdf", "math.GT/0309136"),
            ("https://arxiv.org/abs/cs%2F0112017", "cs/0112017"),
            ("https://doi.org/10.48550/arXiv.cs/0112017", "cs/0112017"),
            ("<https://ar5iv.org/abs/cond-mat/0207270>", "cond-mat/0207270"),
        ],
    )
    def test_an_id_from_before_2007_is_known(self, reference: str, known: str) -> None:
        assert parse_paper_id(reference) == known

    @pytest.mark.parametrize("reference", NO_REFERENCES)
    def test_what_names_no_paper_gives_none(self, reference: str) -> None:
        assert parse_paper_id(reference) is None

    @pytest.mark.parametrize(
        ("text", "known"),
        [
            ("have you read https://arxiv.org/abs/2601.01230, it is good", "2601.01230"),
            ("[Attention](<https://arxiv.org/abs/2601.01230>)", "2601.01230"),
            ("arXiv:2601.01230v1 [cs.CL] 5 May 2026", "2601.01230"),
            ("see:https://hf.co/papers/2601.01230.", "2601.01230"),
            ("2601.01230, 2601.01231", "2601.01230"),
            ("https://github.com/owner/code for 2601.01230", "2601.01230"),
            ("Smith et al., doi: 10.48550/arXiv.cs/0112017.", "cs/0112017"),
            ("https://evil.example/2601.01230", None),
            ("attention is all you need", None),
        ],
    )
    def test_the_first_paper_named_in_a_text_is_found(self, text: str, known: str | None) -> None:
        assert find_paper_id(text) == known
        assert not known or not has_foreign_link(text)

    @pytest.mark.parametrize(
        "text",
        [
            "https://github.com/owner/repository",
            "github.com/owner/repository",
            "<https://openreview.net/forum?id=abcdEFgh12>",
            "look: https://openreview.net/forum?id=abcdEFgh12",
            "www.example.org",
            "10.1038/nature14539",
            "doi: 10.1038/nature14539",
            "https://huggingface.co/papers/date/2026-01-15",
            "ftp://example.org",
        ],
    )
    def test_an_address_that_is_no_paper_is_told_from_words(self, text: str) -> None:
        assert has_foreign_link(text)

    @pytest.mark.parametrize(
        "text",
        [
            "GPT-4o and/or node.js",
            "BERT: pre-training",
            "author:lecun after:2026-05",
            "10.5 GB",
            "Llama-3.1/Qwen",
            "A://",
        ],
    )
    def test_words_are_no_address(self, text: str) -> None:
        assert not has_foreign_link(text)

    @pytest.mark.parametrize(("text", "known"), shared_cases("references"))
    def test_what_people_really_paste_is_read_rightly(self, text: str, known: str) -> None:
        assert (find_paper_id(text) or "-") == known
        assert has_foreign_link(text) == (known == "-")

    @given(st.text() | st.from_regex(r"(https?://)?(hf\.co/papers/|arxiv:)?\d{3,5}\.\d{3,6}.{0,5}"))
    def test_any_text_gives_an_id_or_none(self, reference: str) -> None:
        found = parse_paper_id(reference)
        assert found is None or (
            found.lower() in unquote(join_lines(reference)).lower() and parse_paper_id(found) == found
        )

    def test_a_paper_knows_its_addresses(self) -> None:
        paper = Paper("2601.01230", "T", "", DAY)
        pages = (paper.url, paper.arxiv_url, paper.pdf_url, paper.html_url, paper.alphaxiv_url)
        assert {parse_paper_id(url) for url in pages} == {"2601.01230"}
        assert len(set(pages)) == 5
        assert paper.thumbnail_url.endswith("/papers/2601.01230.png")
