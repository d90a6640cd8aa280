"""A pseudo-terminal, on which a test sees and types what a person would."""

import asyncio
import os
import pty
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.terminal import LIMIT, PROGRAM, Terminal

CTRL_C = "\x03"
# In a process of its own: what is done between fork and exec may hang, as other threads held locks at the fork.
_LOG_IN = "import os, sys; os.login_tty(0); os.execv(sys.argv[1], sys.argv[1:])"


class Screen:
    """What a program has shown on its terminal, and the keyboard before it."""

    def __init__(self, keyboard: int, process: asyncio.subprocess.Process) -> None:
        self.shown = ""
        self._keyboard = keyboard
        self._process = process
        self._read_until = 0
        self._changed = asyncio.Event()
        asyncio.get_running_loop().add_reader(keyboard, self._read)

    def _read(self) -> None:
        try:
            self.shown += os.read(self._keyboard, 100_000).decode()
        except OSError:  # nobody has the terminal open any more
            asyncio.get_running_loop().remove_reader(self._keyboard)
        self._changed.set()

    async def answer(self, question: str, keys: str) -> str:
        """Wait for a question, and type; gives what was shown since the answer before."""
        async with asyncio.timeout(LIMIT):
            while question not in self.shown[self._read_until :]:
                self._changed.clear()
                await self._changed.wait()
        said = self.shown[self._read_until :]
        self._read_until = len(self.shown)
        os.write(self._keyboard, keys.encode())
        return said

    async def end(self) -> tuple[int, str]:
        """Wait for the program's end: its exit code, and what was shown since the last answer."""
        code = await asyncio.wait_for(self._process.wait(), LIMIT)
        asyncio.get_running_loop().remove_reader(self._keyboard)
        os.set_blocking(self._keyboard, False)
        try:
            while more := os.read(self._keyboard, 100_000):
                self.shown += more.decode()
        except OSError:
            pass
        return code, self.shown[self._read_until :].replace("\r\n", "\n")


@asynccontextmanager
async def typing_at(terminal: Terminal, *words: str) -> AsyncIterator[Screen]:
    """`paperboy` on a pseudo-terminal of its own."""
    keyboard, screen = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _LOG_IN, PROGRAM, *words),
        cwd=terminal.folder,
        env=terminal.environment,
        stdin=screen,
        stdout=screen,
        stderr=screen,
    )
    os.close(screen)
    try:
        yield Screen(keyboard, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        asyncio.get_running_loop().remove_reader(keyboard)
        os.close(keyboard)
