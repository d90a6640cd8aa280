"""An installed Chromium, steered over its DevTools protocol: one websocket, which aiohttp speaks already."""

import asyncio
import base64
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from bot.demo import DemoUnavailable

PATIENCE = 90  # seconds that anything may take on a busy machine
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--font-render-hinting=none",
    "--remote-debugging-port=0",
)
_POLL = 0.1  # seconds
_LARGEST_ANSWER = 64 * 1024 * 1024


class Browser:
    """A headless Chromium with one page."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._session = ""
        self._last = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}

    async def go_to(self, url: str) -> None:
        await self._send("Page.navigate", url="about:blank")  # the same page with another fragment would not load again
        await self._send("Page.navigate", url=url)

    async def resize(self, width: int, height: int, scale: float) -> None:
        """Make the page `width` × `height` CSS pixels large, drawn with `scale` times as many."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        await self._send("Emulation.setDeviceMetricsOverride", **metrics)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page. Raises `DemoUnavailable` with what went wrong there."""
        answer = await self._send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if problem := answer.get("exceptionDetails"):
            description = str(problem.get("exception", problem).get("description", problem))
            raise DemoUnavailable(description.partition("\n")[0].removeprefix("Error: "))
        return answer["result"].get("value")

    async def wait_until(self, expression: str) -> None:
        """Wait until the expression holds. Raises `DemoUnavailable` if it never does."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    with suppress(DemoUnavailable):  # a page that is just loading lacks what the expression is about
                        if await self.evaluate(expression):
                            return
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            raise DemoUnavailable(f"The page did not come to rest: {expression}") from None

    async def type_text(self, text: str) -> None:
        """Type into what has the focus."""
        await self._send("Input.insertText", text=text)

    async def press_enter(self) -> None:
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        await self._send("Input.dispatchKeyEvent", type="keyDown", **key)
        await self._send("Input.dispatchKeyEvent", type="keyUp", **key)

    async def take_picture(self, x: float, y: float, width: float, height: float) -> bytes:
        """A part of the page as a PNG."""
        clip = {"x": x, "y": y, "width": width, "height": height, "scale": 1}
        answer = await self._send("Page.captureScreenshot", format="png", clip=clip)
        return base64.b64decode(answer["data"])

    async def open_tab(self) -> None:
        """Open the page that everything else is about."""
        target = await self._send("Target.createTarget", url="about:blank")
        attached = await self._send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]

    async def _send(self, method: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        answer = self._waiting[self._last] = asyncio.get_running_loop().create_future()
        message = {"id": self._last, "method": method, "params": params}
        await self._socket.send_json(message | ({"sessionId": self._session} if self._session else {}))
        async with asyncio.timeout(PATIENCE):
            result: dict[str, Any] = await answer
        return result

    async def read_answers(self) -> None:
        """Read what Chromium answers, as long as it runs."""
        async for message in self._socket:
            answer = message.json()
            waiting = self._waiting.pop(answer.get("id", 0), None)  # the rest are events, which nobody waits for
            if waiting is None or waiting.done():
                continue
            if "error" in answer:
                waiting.set_exception(DemoUnavailable(f"Chromium said: {answer['error'].get('message')}"))
            else:
                waiting.set_result(answer["result"])


@asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """A headless Chromium, and nothing of it left afterwards. Raises `DemoUnavailable` if none is installed."""
    program = next(filter(None, map(shutil.which, _CHROMIUMS)), None)
    if program is None:
        names = ", ".join(_CHROMIUMS)
        raise DemoUnavailable(f"A picture needs Chromium. Install it, so that one of these can be found: {names}.")
    with TemporaryDirectory(prefix="paperboy-chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program,
            *_OPTIONS,
            f"--user-data-dir={profile}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            address = await _read_address(process)
            async with (
                aiohttp.ClientSession() as client,
                client.ws_connect(address, max_msg_size=_LARGEST_ANSWER) as socket,
            ):
                browser = Browser(socket)
                reading = asyncio.create_task(browser.read_answers())
                try:
                    await browser.open_tab()
                    yield browser
                finally:
                    reading.cancel()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _read_address(process: asyncio.subprocess.Process) -> str:
    """The address of the protocol, which Chromium prints when it has started."""
    assert process.stderr
    try:
        async with asyncio.timeout(PATIENCE):
            async for line in process.stderr:
                if b"DevTools listening on " in line:
                    return line.decode().split()[-1]
    except TimeoutError:
        pass
    raise DemoUnavailable("Chromium did not start.")
