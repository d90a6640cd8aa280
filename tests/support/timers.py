"""Time that passes for the timers of a test, without waiting."""

import asyncio


def skip_time(seconds: float) -> None:
    """All timers of the running event loop go on as if `seconds` had passed."""
    loop = asyncio.get_running_loop()
    read_time = loop.time
    loop.time = lambda: read_time() + seconds  # type: ignore[method-assign]
