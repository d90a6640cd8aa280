"""Whoever connects to the port costs the bot next to nothing, and keeps nobody else out."""

import asyncio
import re

import pytest

from bot.layouts.health import describe_port_problem
from bot.logs import should_log
from bot.web import port
from bot.web.pages import Pages, build_app
from bot.web.port import PortUnusable, open_port
from tests.support.pages import Asked, serving
from tests.support.ports import find_free_port

HALF = b"GET /healthz HTTP/1.1\r\nHost: here\r\nX-Slow: "


async def connect(asked: Asked, begin: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", asked.port)
    writer.write(begin)
    await writer.drain()
    return reader, writer


async def is_closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def test_two_hundred_slow_connections_keep_nobody_out() -> None:
    async with serving() as asked:
        slow = [await connect(asked, HALF) for _ in range(200)]
        assert (await asked.ask("/healthz"))[0] == 200
        closed = [asyncio.create_task(is_closed(reader)) for reader, _ in slow]
        await asyncio.gather(*closed[: 200 - port.MAX_CONNECTIONS])  # those who came first had to leave
        for each in closed:
            each.cancel()
        for _, writer in slow:
            writer.close()


async def test_who_says_nothing_or_goes_on_for_ever_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(port, "MAX_SECONDS", 0.2)
    async with serving() as asked:
        silent, slow = await connect(asked), await connect(asked, HALF)
        assert await is_closed(silent[0])
        assert await is_closed(slow[0])
        for _, writer in (silent, slow):
            writer.close()


async def test_a_connection_has_one_answer() -> None:
    async with serving() as asked:
        reader, writer = await connect(asked, b"GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n" * 2)
        answer = await reader.read()
        assert answer.count(b"HTTP/1.1 200") == 1
        assert b"Connection: close" in answer
        writer.close()


async def test_what_is_no_request_of_ours_is_refused() -> None:
    async with serving() as asked:
        assert (await asked.ask("/secrets"))[0] == 404
        assert (await asked.ask("/metrics", "POST", data=b"x" * 10_000))[0] == 405
        assert (await asked.ask("/healthz", headers={"X-Long": "x" * 20_000}))[0] == 400
        assert (await asked.ask("/"))[1].startswith("Paperboy")
        assert (await asked.ask("/healthz", "HEAD"))[0] == 200
        reader, writer = await connect(asked, b"\x16\x03\x01 hello, is this TLS?\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.")
        writer.close()
        assert (await asked.ask("/healthz"))[0] == 200


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /feeds/servers/KEY.atom HTTP/9.x\r\n\r\n",
        b"GET /feeds/search.atom?q=my KEY HTTP/1.1\r\nHost: here\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nKEY of mine: 1\r\n\r\n",
        b"GET /" + b"KEY" * 3_000 + b" HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01 KEY\r\n\r\n",
    ],
)
async def test_a_request_that_is_no_http_is_not_in_the_log(caplog: pytest.LogCaptureFixture, request_: bytes) -> None:
    caplog.handler.addFilter(should_log)
    async with serving() as asked:
        reader, writer = await connect(asked, request_)
        assert b" 400 " in await reader.readline()
        writer.close()
    assert "KEY" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_the_answers_do_not_tell_which_libraries_run() -> None:
    async with serving() as asked:
        reader, writer = await connect(asked, b"GET /nothing HTTP/1.1\r\nHost: here\r\n\r\n")
        assert not re.search(rb"(?i)python|aiohttp", await reader.read())
        writer.close()


@pytest.mark.parametrize(
    "host", ["no.such.host.invalid", "http://127.0.0.1", "203.0.113.7", "a" * 300, "::ffff:1:2:3:4"]
)
async def test_a_host_that_is_none_of_this_machine_is_refused_in_one_line(host: str) -> None:
    with pytest.raises(PortUnusable) as refused:
        async with open_port(build_app(Pages()), host, find_free_port()):
            pass
    told = describe_port_problem(refused.value.host, refused.value.port, refused.value.detail)
    assert "PAPERBOY_HTTP_HOST" in told
    assert "Errno" not in told
    assert "\n" not in told


async def test_a_port_in_use_is_refused() -> None:
    async with serving() as asked:
        with pytest.raises(PortUnusable, match="Address already in use"):
            async with open_port(build_app(Pages()), "127.0.0.1", asked.port):
                pass
