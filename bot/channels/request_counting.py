"""Counts the requests to Discord, each try of discord.py's for itself."""

import asyncio
from types import SimpleNamespace

import aiohttp

from bot import metrics

_TOO_MANY_REQUESTS = 429


def count_requests(trace: aiohttp.TraceConfig) -> None:
    """Count every request that `trace` sees."""
    trace.on_request_start.append(_note_start)
    trace.on_request_end.insert(0, _count_answer)  # first, because others may raise
    trace.on_request_exception.insert(0, _count_missing_answer)


async def _note_start(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,
    started: aiohttp.TraceRequestStartParams,  # noqa: ARG001
) -> None:
    context.started_at = asyncio.get_running_loop().time()


async def _count_answer(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,
    ended: aiohttp.TraceRequestEndParams,
) -> None:
    seconds, headers = _measure(context), ended.response.headers
    metrics.count_request(ended.method, ended.url.path, ended.response.status, seconds)
    if ended.response.status == _TOO_MANY_REQUESTS:
        metrics.count_rate_limit(headers.get("X-RateLimit-Scope", ""), _read_wait(headers.get("Retry-After", "")))


async def _count_missing_answer(
    session: aiohttp.ClientSession,  # noqa: ARG001
    context: SimpleNamespace,
    ended: aiohttp.TraceRequestExceptionParams,
) -> None:
    metrics.count_request(ended.method, ended.url.path, None, _measure(context))


def _measure(context: SimpleNamespace) -> float:
    return float(asyncio.get_running_loop().time() - context.started_at)


def _read_wait(retry_after: str) -> float:
    """The seconds in a `Retry-After` header; 0 if it has none."""
    try:
        return float(retry_after)
    except ValueError:
        return 0.0
