"""Asking for feeds: only what changed is sent, bad parameters are explained, and nobody can ask too much."""

import asyncio
import gc
import logging
import re
import tracemalloc
from collections import Counter

import pytest

from bot.app import Services
from bot.client import PaperBot
from bot.feed_addresses import FeedFormat
from bot.lookups.feeds import FeedKind, FeedReader, FeedRequest
from bot.storage import DatabaseAway
from bot.web import feed_maker, limits
from bot.web.feed_maker import FeedMaker
from bot.web.feed_pages import accepts_gzip
from bot.web.limits import FeedLimits, Pace, name_client
from tests.support.builders import DAY, paper
from tests.support.feeds import FeedAsker, serving_feeds
from tests.support.pages import serving

ALL = ("/feeds/daily.atom", "/feeds/daily.json", "/feeds/weekly.atom", "/feeds/weekly.json")


@pytest.fixture
def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RATE", 1e9)
    monkeypatch.setattr(feed_maker, "MAKE_RATE", 1e9)


class TestUnchanged:
    """A reader that has a feed already gets no other copy of it."""

    @pytest.mark.parametrize("path", [*ALL, "/feeds/search.atom?q=paper"])
    async def test_who_has_the_tag_gets_nothing_until_it_changes(self, feeds: FeedAsker, path: str) -> None:
        await feeds.list_papers(DAY, [paper("2601.00001")])
        first = await feeds.get(path)
        again = await feeds.get(path, If_None_Match=first.headers["ETag"])
        assert (again.status, again.body) == (304, b"")
        for name in ("ETag", "Last-Modified", "Cache-Control", "Vary"):
            assert again.headers[name] == first.headers[name]
        assert (await feeds.get(path, If_None_Match='"another", W/"and-another"')).status == 200
        assert (await feeds.get(path, If_None_Match=f'"another", {first.headers["ETag"]}')).status == 304
        assert (await feeds.get(path, If_None_Match="*")).status == 304

    async def test_who_names_the_time_gets_nothing_until_it_changes(self, feeds: FeedAsker, services: Services) -> None:
        await feeds.list_papers(DAY, [paper("2601.00001")])
        first = await feeds.get("/feeds/search.atom?q=paper")
        since = first.headers["Last-Modified"]
        assert (await feeds.get("/feeds/search.atom?q=paper", If_Modified_Since=since)).status == 304
        await feeds.list_papers(DAY, [paper("2601.00001"), paper("2601.00002")])  # within the same second
        second = await feeds.get("/feeds/search.atom?q=paper", If_Modified_Since=since)
        assert second.status == 200
        assert second.headers["Last-Modified"] != since
        later = second.headers["Last-Modified"]
        assert (await feeds.get("/feeds/search.atom?q=paper", If_Modified_Since=later)).status == 304

    async def test_the_tag_has_precedence_over_the_time(self, feeds: FeedAsker) -> None:
        first = await feeds.get("/feeds/daily.atom")
        answer = await feeds.get(
            "/feeds/daily.atom", If_None_Match='"another"', If_Modified_Since=first.headers["Last-Modified"]
        )
        assert answer.status == 200

    @pytest.mark.parametrize("garbage", ["yesterday", "", "Thu, 99 Jan 2026 00:00:00 GMT", "0", "\xff"])
    async def test_garbage_in_the_conditions_gets_the_feed(self, feeds: FeedAsker, garbage: str) -> None:
        for name in ("If_Modified_Since", "If_None_Match"):
            assert (await feeds.get("/feeds/daily.atom", **{name: garbage})).status == 200

    async def test_a_feed_that_has_not_changed_keeps_its_time(self, feeds: FeedAsker, services: Services) -> None:
        first = await feeds.get("/feeds/daily.atom")
        services.clock.advance(hours=1)  # type: ignore[attr-defined]
        assert (await feeds.get("/feeds/daily.atom")).headers["Last-Modified"] == first.headers["Last-Modified"]

    async def test_head_has_the_headers_alone(self, feeds: FeedAsker) -> None:
        whole, head = await feeds.get("/feeds/daily.atom"), await feeds.get("/feeds/daily.atom", "HEAD")
        assert (head.status, head.body) == (200, b"")
        for name in ("ETag", "Content-Type", "Content-Length"):
            assert head.headers[name] == whole.headers[name]


class TestSending:
    """How a feed is sent."""

    async def test_who_takes_gzip_gets_it_and_all_others_plain_text(self, feeds: FeedAsker) -> None:
        await feeds.list_papers(DAY, [paper("2601.00001", abstract="words " * 500)])
        plain = await feeds.get("/feeds/daily.atom")
        packed = await feeds.get("/feeds/daily.atom", Accept_Encoding="br, gzip;q=0.5")
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert int(packed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2
        assert packed.body == plain.body  # the client has unpacked it
        assert packed.headers["ETag"] == plain.headers["ETag"]
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"

    @pytest.mark.parametrize(
        ("accepted", "is_packed"),
        [
            ("gzip", True),
            ("GZIP", True),
            ("*", True),
            ("deflate, gzip;q=1.0", True),
            ("", False),
            ("identity", False),
            ("gzip;q=0", False),
            ("gzip; q=0.000", False),
            ("*;q=0", False),
            ("gzip;q=0, *", False),
            (",;=,", False),
        ],
    )
    def test_what_is_accepted_is_what_is_said(self, accepted: str, is_packed: bool) -> None:
        assert accepts_gzip({"Accept-Encoding": accepted}) is is_packed

    async def test_pages_of_other_sites_and_caches_may_have_it_and_browsers_run_nothing(self, feeds: FeedAsker) -> None:
        for path, kind in (("/feeds/daily.atom", "atom+xml"), ("/feeds/daily.json", "feed+json"), ("/feeds", "html")):
            headers = (await feeds.get(path, Origin="https://reader.example")).headers
            assert kind in headers["Content-Type"]
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert headers["Cache-Control"] == "public, max-age=900"
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Security-Policy"].startswith("default-src 'none'")
            assert headers["Connection"] == "close"

    async def test_the_page_of_feeds_names_them_where_readers_look(self, feeds: FeedAsker) -> None:
        text = (await feeds.get("/feeds")).text
        for name in ("daily.atom", "weekly.json"):
            assert re.search(
                rf'<link rel="alternate" type="[^"]+" title="[^"]+" href="https://papers.example/feeds/{name}"', text
            )
        assert "/feeds" in (await feeds.get("/")).text


class TestBadRequests:
    """Whoever asks wrongly is told what to do."""

    @pytest.mark.parametrize(
        ("query", "told"),
        [
            ("", "needs a query"),
            ("?q=", "needs a query"),
            ("?q=%20%09", "needs a query"),
            ("?q=sort:date", "needs a query"),
            ("?query=robots", "needs a query"),
            ("?q=has:cod", "“has:cod” is not understood. Write has:code"),
            ("?q=after:someday", "“after:someday” is not understood."),
            ("?q=https://a.example/b", "leads to no paper"),
            (f"?q={'x' * 301}", "too long"),
            ("?q=robots&limit=0", "from 1 to 50"),
            ("?q=robots&limit=51", "from 1 to 50"),
            ("?q=robots&limit=-1", "from 1 to 50"),
            ("?q=robots&limit=%D9%A3", "from 1 to 50"),
            ("?q=robots&limit=1e1", "from 1 to 50"),
            ("?q=robots&limit=", "from 1 to 50"),
            (f"?q=robots&limit={'9' * 3000}", "from 1 to 50"),
        ],
    )
    async def test_a_bad_query_is_explained(self, feeds: FeedAsker, query: str, told: str) -> None:
        for format_ in FeedFormat:
            answer = await feeds.get(f"/feeds/search.{format_}{query}")
            assert answer.status == 400
            assert told in answer.text
            assert answer.headers["Content-Type"].startswith("text/plain")
            assert answer.headers["Cache-Control"] == "no-store"

    @pytest.mark.parametrize(
        "path",
        [
            "daily.rss",
            "daily",
            "daily.atom/",
            "search.xml?q=x",
            "servers/.atom",
            "servers/a/b.atom",
            "../feeds/x",
            "%00",
        ],
    )
    async def test_there_are_no_other_feeds(self, feeds: FeedAsker, path: str) -> None:
        answer = await feeds.get(f"/feeds/{path}")
        assert (answer.status, "/feeds lists those there are" in answer.text) == (404, True)

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    async def test_feeds_can_only_be_read(self, feeds: FeedAsker, method: str) -> None:
        assert (await feeds.get("/feeds/daily.atom", method)).status == 405

    @pytest.mark.parametrize(
        "query", ["%FF%FE", "%", "%zz", "%00%01", "%ED%A0%80", "%F0%9F%A4%96", "a%0D%0AX:%20b", "+", "%2B"]
    )
    async def test_any_bytes_are_answered(self, feeds: FeedAsker, query: str) -> None:
        answer = await feeds.get(f"/feeds/search.atom?q=x{query}")
        assert answer.status in {200, 400}
        assert "X" not in answer.headers

    async def test_parameters_that_a_feed_has_not_are_left_alone(self, feeds: FeedAsker) -> None:
        assert (await feeds.get("/feeds/daily.atom?utm_source=x&limit=9&q=has:cod")).status == 200


class TestKeeping:
    """A feed is made once for all who ask, and what is kept is bounded."""

    async def test_a_kept_feed_is_sent_without_looking_at_the_database(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed_maker, "FRESH_FOR", 60)
        async with serving_feeds(services) as feeds:
            await feeds.list_papers(DAY, [paper("2601.00001")])
            first = await feeds.get("/feeds/daily.atom")
            monkeypatch.setattr(FeedReader, "read", None)
            assert (await feeds.get("/feeds/daily.atom")).body == first.body

    async def test_who_asks_at_the_same_time_is_answered_by_one_reading(
        self, feeds: FeedAsker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read, readings, go = FeedReader.read, 0, asyncio.Event()

        async def wait_and_read(*args: object) -> object:
            nonlocal readings
            readings += 1
            await go.wait()
            return await read(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(FeedReader, "read", wait_and_read)
        asking = [asyncio.create_task(feeds.get("/feeds/daily.atom")) for _ in range(10)]
        while not readings:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        while len(feeds.asked.pages.feeds._maker._making) < 1:  # type: ignore[union-attr]  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        go.set()
        assert {each.status for each in await asyncio.gather(*asking)} == {200}
        assert readings <= 2  # those who came after the first was over were answered by the next

    @pytest.mark.usefixtures("unlimited")
    async def test_ten_thousand_queries_take_no_more_room_than_a_thousand(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed_maker, "MAX_KEPT", 300)
        monkeypatch.setattr(feed_maker, "MAX_KEPT_BYTES", 500_000)
        reader, sizes = FeedReader(services.storage, services.search), []
        maker = FeedMaker(reader, None, services.clock)
        tracemalloc.start()
        try:
            for number in range(10_000):
                await maker.get(FeedRequest(FeedKind.SEARCH, f"word{number} {'x' * (number % 99)}"), FeedFormat.ATOM)
                if number % 1000 == 999:
                    gc.collect()
                    sizes.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert len(maker._kept) <= 300
        assert maker._kept_bytes == sum(each.size for each in maker._kept.values()) <= 500_000
        assert max(sizes[2:]) < sizes[1] + 2_000_000
        assert not maker._making

    @pytest.mark.usefixtures("unlimited")
    async def test_what_is_kept_is_bounded_in_bytes_too(
        self, feeds: FeedAsker, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed_maker, "MAX_KEPT_BYTES", 10_000)
        await feeds.list_papers(DAY, [paper(f"2601.{n:05}", abstract=f"{n * 7919} " * 50) for n in range(1, 30)])
        for number in range(20):
            assert (await feeds.get(f"/feeds/search.atom?q=paper+-x{number}")).status == 200
        maker = feeds.asked.pages.feeds._maker
        assert maker
        assert maker._kept_bytes <= 10_000
        assert maker._kept


class TestLimits:
    """A flood of requests costs next to nothing, and keeps nobody from the other pages."""

    async def test_beyond_the_limit_of_all_requests_feeds_are_refused_and_health_is_not(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(limits, "RATE", 1e-6)
        monkeypatch.setattr(limits, "BURST", 3)
        async with serving_feeds(services) as feeds:
            answers = [await feeds.get("/feeds/daily.atom") for _ in range(8)]
            assert [each.status for each in answers] == [200] * 3 + [429] * 5
            refused = answers[-1]
            assert "every quarter of an hour" in refused.text
            assert refused.headers["Retry-After"] == "60"
            assert refused.headers["Cache-Control"] == "no-store"
            assert refused.headers["Access-Control-Allow-Origin"] == "*"
            assert (await feeds.get("/feeds/daily.atom", "HEAD")).status == 429
            assert (await feeds.get("/healthz")).status in {200, 503}
            text = (await feeds.get("/metrics")).text
            assert 'paperboy_feed_requests_total{feed="",result="limited"}' in text

    @pytest.mark.parametrize(
        "begin",
        [
            (b"G", b"ET /feeds/daily.atom HTTP/1.1\r\nHost: a\r\n\r\n"),
            (b"\r\nGET /feeds/daily.atom HTTP/1.1\r\nHost: a\r\n\r\n",),
            (b"GET http://a/feeds/daily.atom HTTP/1.1\r\nHost: a\r\n\r\n",),
            (b"GET /%66eeds/daily.atom HTTP/1.1\r\nHost: a\r\n\r\n",),
        ],
    )
    async def test_whoever_asks_in_another_way_is_refused_too(
        self, services: Services, monkeypatch: pytest.MonkeyPatch, begin: tuple[bytes, ...]
    ) -> None:
        monkeypatch.setattr(limits, "RATE", 1e-6)
        monkeypatch.setattr(limits, "BURST", 1)
        async with serving_feeds(services) as feeds:
            assert (await feeds.get("/feeds/daily.atom")).status == 200
            reader, writer = await asyncio.open_connection("127.0.0.1", feeds.asked.port)
            for each in begin:
                writer.write(each)
                await writer.drain()
                await asyncio.sleep(0.1)
            assert b" 200 " not in (await reader.read()).split(b"\r\n")[0]
            writer.close()

    async def test_in_a_flood_everybody_is_answered_and_the_other_pages_too(self, services: Services) -> None:
        async with serving_feeds(services) as feeds:
            flood = [asyncio.create_task(feeds.get(f"/feeds/search.atom?q=word{n}")) for n in range(400)]
            await asyncio.sleep(0.01)
            for path in ("/healthz", "/metrics", "/readyz"):
                assert (await feeds.get(path)).status in {200, 503}
            counted = Counter(each.status for each in await asyncio.gather(*flood))
            assert {200, 429} <= counted.keys() <= {200, 429, 503}

    async def test_too_many_feeds_to_make_are_refused_but_kept_ones_are_sent(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed_maker, "MAKE_RATE", 1e-6)
        monkeypatch.setattr(feed_maker, "MAKE_BURST", 1)
        async with serving_feeds(services) as feeds:
            assert (await feeds.get("/feeds/daily.atom")).status == 200
            busy = await feeds.get("/feeds/weekly.atom")
            assert (busy.status, busy.headers["Retry-After"]) == (503, "60")
            assert (await feeds.get("/feeds/daily.atom")).status == 200

    async def test_a_feed_that_takes_too_long_is_refused_and_the_others_go_on(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(feed_maker, "MAKE_LIMIT", 0.2)
        read, go = FeedReader.read, asyncio.Event()

        async def hang_for_weeks(reader: FeedReader, request: FeedRequest, *args: object) -> object:
            if request.kind is FeedKind.WEEKLY:
                await go.wait()
            return await read(reader, request, *args)  # type: ignore[arg-type]

        monkeypatch.setattr(FeedReader, "read", hang_for_weeks)
        async with serving_feeds(services) as feeds:
            assert (await feeds.get("/feeds/weekly.atom")).status == 503
            monkeypatch.setattr(feed_maker, "MAKE_LIMIT", 60)
            assert (await feeds.get("/feeds/daily.atom")).status == 200
            go.set()
            assert (await feeds.get("/feeds/weekly.atom")).status == 200

    def test_a_pace_lets_a_burst_through_and_then_one_after_the_other(self) -> None:
        pace = Pace(rate=2, burst=3)
        assert [pace.take(10.0) for _ in range(5)] == [True, True, True, False, False]
        assert not pace.take(10.4)
        assert pace.take(10.5)
        assert not pace.take(10.5)
        assert [pace.take(99.0) for _ in range(4)] == [True, True, True, False]

    def test_one_address_cannot_use_up_what_others_may_ask(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "CLIENT_BURST", 5)
        counted = FeedLimits()
        assert [counted.take("8.8.8.8", 0.0) for _ in range(8)] == [True] * 5 + [False] * 3
        assert not counted.may("8.8.8.8", 0.0)
        assert counted.take("8.8.4.4", 0.0)
        assert all(counted.take("10.0.0.2", 0.0) for _ in range(8))  # a proxy

    def test_an_ipv6_network_counts_as_one_address_and_a_proxy_as_none(self) -> None:
        assert name_client("2a00:1:2:3::1") == name_client("2a00:1:2:3:ffff::2") != name_client("2a00:1:2:4::1")
        assert name_client("::ffff:8.8.8.8") == name_client("8.8.8.8") == "8.8.8.8"
        for each in ("127.0.0.1", "::1", "10.1.2.3", "192.168.0.1", "172.17.0.2", "fd00::1", "fe80::1%eth0", "", "a"):
            assert name_client(each) is None

    def test_addresses_are_forgotten_when_there_are_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_CLIENTS", 10)
        monkeypatch.setattr(limits, "BURST", 10_000)
        counted = FeedLimits()
        for number in range(1000):
            counted.take(f"8.8.{number // 250}.{number % 250}", 0.0)
        assert len(counted._clients) == 10


class TestTrouble:
    """What is not there is said, and nothing tells what somebody asked for."""

    async def test_while_the_bot_starts_or_stops_feeds_say_so(
        self, services: Services, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with serving() as asked:
            for path in (*ALL, "/feeds/search.atom?q=x", "/feeds/servers/key.atom"):
                status, text = await asked.ask(path)
                assert (status, text) == (503, "Paperboy is starting. Try again in a minute.\n")
        async with serving_feeds(services) as feeds:
            monkeypatch.setattr(PaperBot, "is_closed", lambda _: True)
            answer = await feeds.get("/feeds/daily.atom")
            assert (answer.status, answer.headers["Retry-After"]) == (503, "60")

    async def test_while_the_database_is_away_feeds_say_so_and_come_back(
        self, feeds: FeedAsker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = FeedReader.read

        async def fail(*_: object) -> object:
            raise DatabaseAway

        monkeypatch.setattr(FeedReader, "read", fail)
        answer = await feeds.get("/feeds/daily.atom")
        assert (answer.status, answer.text) == (
            503,
            "This feed can't be made at the moment. Try again in a few minutes.\n",
        )
        monkeypatch.setattr(FeedReader, "read", read)
        assert (await feeds.get("/feeds/daily.atom")).status == 200

    async def test_neither_the_log_nor_the_metrics_tell_what_was_asked_for(
        self, feeds: FeedAsker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for path in ("search.atom?q=whispered", "search.atom?q=has:whispered", "servers/whispered.atom"):
            await feeds.get(f"/feeds/{path}")

        async def fail(*_: object) -> object:
            raise RuntimeError

        monkeypatch.setattr(FeedReader, "read", fail)
        assert (await feeds.get("/feeds/search.atom?q=whispered+too")).status == 503
        assert "whispered" not in (await feeds.get("/metrics")).text
        assert "a feed could not be made" in caplog.text
        ours = [each for each in caplog.records if each.name.startswith("bot")]
        assert "whispered" not in "".join(logging.Formatter().format(each) for each in ours)
        caplog.clear()

    async def test_the_metrics_count_what_requests_came_to(self, feeds: FeedAsker) -> None:
        before = await feeds.asked.read_metrics()
        first = await feeds.get("/feeds/daily.atom")
        await feeds.get("/feeds/daily.json", If_None_Match=first.headers["ETag"])
        await feeds.get("/feeds/daily.atom", If_None_Match=first.headers["ETag"])
        await feeds.get("/feeds/search.atom?q=")
        await feeds.get("/feeds/servers/key.json")
        after = await feeds.asked.read_metrics()
        for labels, number in {
            'feed="daily",result="ok"': 2,
            'feed="daily",result="unchanged"': 1,
            'feed="search",result="bad_request"': 1,
            'feed="server",result="not_found"': 1,
        }.items():
            name = f"paperboy_feed_requests_total{{{labels}}}"
            assert after[name] - before.get(name, 0) == number
        assert after['paperboy_feed_seconds_count{feed="daily"}'] > before.get(
            'paperboy_feed_seconds_count{feed="daily"}', 0
        )
