"""Time that passes at once, for code that waits for minutes."""

import asyncio

import pytest


def skip_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that each wait asked for: nobody really waits, and the loop's clock moves by them alone."""
    loop, sleep, waited = asyncio.get_running_loop(), asyncio.sleep, list[float]()
    began = loop.time()

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    monkeypatch.setattr(loop, "time", lambda: began + sum(waited))
    return waited
