"""Time that passes at once, for code that waits for minutes."""

import asyncio

import pytest


def skip_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """From now on nobody really waits, and only waits move the loop's clock; gives the seconds of each."""
    loop, sleep, waited = asyncio.get_running_loop(), asyncio.sleep, list[float]()
    began = loop.time()

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    monkeypatch.setattr(loop, "time", lambda: began + sum(waited))
    return waited
