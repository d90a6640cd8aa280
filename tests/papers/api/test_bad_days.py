"""What the papers API answers on a bad day, and what we do about it."""

import json

import pytest
from aiohttp import web
from tenacity import wait_none

from bot.papers import api as papers
from bot.papers.api import PapersAPI, PapersUnavailable
from tests.support.builders import DAY, entries
from tests.support.faulty_papers import Fault, FaultyServer, answering, break_off, dawdle, hang_up


class TestABadDay:
    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    async def test_a_temporary_error_is_tried_again(
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

    async def test_after_five_tries_the_error_says_what_was_wrong(
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

    async def test_a_server_that_cannot_be_reached_is_reported(self, unused_tcp_port: int) -> None:
        async with PapersAPI(f"http://127.0.0.1:{unused_tcp_port}", backoff=wait_none()) as api:
            with pytest.raises(PapersUnavailable, match="papers_unreachable") as failed:
                await api.fetch_list(DAY)
        assert isinstance(failed.value.__cause__, OSError)

    async def test_a_slow_server_is_given_up_after_the_timeout(
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
    async def test_an_answer_that_is_not_a_list_is_reported(
        self, papers_server: FaultyServer, api: PapersAPI, body: str
    ) -> None:
        papers_server.faults += [answering(200, body)]
        with pytest.raises(PapersUnavailable, match="is not"):
            await api.fetch_list(DAY)

    async def test_bytes_that_are_not_text_are_reported(self, papers_server: FaultyServer, api: PapersAPI) -> None:
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
    async def test_json_that_would_crash_the_parser_is_reported(
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
    async def test_unreadable_headers_do_no_harm(
        self, papers_server: FaultyServer, api: PapersAPI, headers: dict[str, str], status: int
    ) -> None:
        async def answer(_request: web.Request) -> web.StreamResponse:
            return web.json_response(entries(7), status=status, headers=headers)

        papers_server.faults += [answer]
        assert len((await api.fetch_list(DAY)).papers) == 7
