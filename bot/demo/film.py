"""A short film for the README: from `/digest setup` to a digest, typed and clicked in the demo's own page."""

import asyncio
import io
import json
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from bot.demo.browser import Browser
from bot.demo.page import DemoPage
from bot.demo.pictures import wait_for_rest
from bot.demo.scenes import DemoServer
from bot.demo.tour import FIRST_DIGEST

WIDTH, HEIGHT = 700, 840  # CSS pixels
COLORS = 96
FILM = "first-digest.gif"

_SHOW_CHANNEL_ALONE = 'document.body.classList.add("is-film")'
_FOCUS = 'document.getElementById("channel-composer-input").focus()'
_SEND = "button[aria-label='Send command'], #send-message"
_BUTTONS = "#channel-message-list button.component-button"
_FIND = """(() => {
  const buttons = [...document.querySelectorAll(%(where)s)].filter((each) => each.checkVisibility());
  const labels = buttons.map((each) => each.textContent.trim());
  const found = buttons[%(label)s === null ? 0 : labels.lastIndexOf(%(label)s)];
  if (!found) throw new Error(`The page has no button "${%(label)s}", but these: ${labels.join(", ") || "none"}.`);
  %(action)s
})()"""
_POINT = """
  found.scrollIntoView({ block: "nearest" });
  const box = found.getBoundingClientRect();
  const pointer = Object.assign(document.createElement("div"), { className: "demo-pointer" });
  pointer.style.left = `${box.left + box.width / 2}px`;
  pointer.style.top = `${box.top + box.height / 2}px`;
  document.body.append(pointer);
"""
_CLICK = """
  document.querySelectorAll(".demo-pointer").forEach((each) => each.remove());
  found.click();
  document.activeElement.blur();
"""


async def save_film(browser: Browser, demo: DemoServer, page: DemoPage, path: Path) -> None:
    """Save the film of a first digest in an empty channel. Raises `DemoUnavailable` if a button is missing."""
    await page.show(demo.channel)
    await browser.resize(WIDTH, HEIGHT, 1)
    await browser.go_to(page.url)
    await wait_for_rest(browser)
    await browser.evaluate(_SHOW_CHANNEL_ALONE)
    film = _Film(browser)
    await film.add_frame(1)
    await browser.evaluate(_FOCUS)
    command = f"/{FIRST_DIGEST.command}"
    for part in (command[:4], command[4:8], command[8:]):
        await browser.type_text(part)
        await film.add_frame(0.4)
    await browser.press_enter()
    await film.click(_SEND)
    for label in FIRST_DIGEST.clicks:
        await film.click(_BUTTONS, label)
    await film.add_frame(3)
    await asyncio.to_thread(_save, film.frames, path)


class _Film:
    """Frames of the page, each with the milliseconds that it is shown."""

    def __init__(self, browser: Browser) -> None:
        self.frames: list[tuple[bytes, int]] = []
        self._browser = browser

    async def add_frame(self, seconds: float) -> None:
        await wait_for_rest(self._browser)
        picture = await self._browser.take_picture(0, 0, WIDTH, HEIGHT)
        self.frames.append((picture, round(seconds * 1000)))

    async def click(self, where: str, label: str | None = None) -> None:
        """Point at the last button in `where` with this label, click it, and show what came of it."""
        names = {"where": json.dumps(where), "label": json.dumps(label)}
        await self._browser.evaluate(_FIND % {**names, "action": _POINT})
        await self.add_frame(1)
        await self._browser.evaluate(_FIND % {**names, "action": _CLICK})
        await self.add_frame(2.5)


def _save(frames: Sequence[tuple[bytes, int]], path: Path) -> None:
    """As a GIF with one palette, so that what stays the same in the page stays the same in the file."""
    pictures = [Image.open(io.BytesIO(png)).convert("RGB") for png, _ in frames]
    sheet = Image.new("RGB", (WIDTH, HEIGHT * len(pictures)))
    for number, picture in enumerate(pictures):
        sheet.paste(picture, (0, HEIGHT * number))
    palette = sheet.quantize(COLORS, dither=Image.Dither.NONE)
    first, *rest = (each.quantize(palette=palette, dither=Image.Dither.NONE) for each in pictures)
    durations = [milliseconds for _, milliseconds in frames]
    first.save(path, save_all=True, append_images=rest, duration=durations, loop=0, optimize=True)
