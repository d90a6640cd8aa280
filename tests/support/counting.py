"""What code does, counted in calls: a clock would rather tell how busy the machine is."""

import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import bot

_BOT = str(Path(bot.__file__).parent)


@contextmanager
def count_calls() -> Iterator[Counter[str]]:
    """The calls of the bot's functions and those that they make of functions written in C, such as tantivy's, by name.

    In this thread and in those that begin meanwhile. A generator counts each time that it goes on.
    """
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, called: Any) -> None:
        if frame.f_code.co_filename.startswith(_BOT):
            if event == "call":
                calls[frame.f_code.co_qualname] += 1
            elif event == "c_call":
                calls[called.__qualname__] += 1

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
