"""The pictures in the docs, taken from the demo: messages alone, at rest, as wide as on a desktop or a phone."""

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from bot.demo import Scene
from bot.demo.browser import Browser
from bot.demo.page import DemoPage

DESKTOP, PHONE = 1200, 360  # CSS pixels of the window
HEIGHT = 900  # at first; then as high as the messages are
SCALE = {DESKTOP: 1.5, PHONE: 2}
CALM = 3  # times that the page has to be the same in a row
MARGIN = 16  # CSS pixels around the messages

_IS_AT_REST = """(() => {
  const page = window.simcordPreview;
  const images = [...document.querySelectorAll("#channel-message-list img")];
  return Boolean(page && page.ready && !page.pendingAction && !page.pendingQuery
    && document.querySelector(".demo-channels button") && document.fonts.status === "loaded"
    && images.every((each) => each.complete && (each.naturalWidth || !each.src)));
})()"""
_STATE = """(() => {
  const { offsetWidth, offsetHeight } = document.getElementById("channel-message-list") ?? {};
  return [window.simcordPreview?.renderGeneration, offsetWidth, offsetHeight, innerWidth, innerHeight].join();
})()"""
_HIDE_THE_REST = 'document.body.classList.add("is-picture")'
_RIGHT = """(() => {
  const list = document.getElementById("channel-message-list");
  const parts = [...list.querySelectorAll(
    ".message-header > *, .message-interaction-header > *, .components-v2 > *, .thread-summary, img"
  )].map((each) => each.getBoundingClientRect());
  for (const text of list.querySelectorAll(".message-content")) {
    const range = document.createRange();
    range.selectNodeContents(text);
    parts.push(range.getBoundingClientRect());
  }
  return Math.max(...parts.filter((each) => each.width && each.height).map((each) => each.right));
})()"""
_CONTENT_HEIGHT = """document.getElementById("channel-message-list").offsetHeight"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a scene, `width` CSS pixels wide."""

    name: str
    scene: Scene
    width: int = DESKTOP


PICTURES = (
    Picture("digest", Scene.DIGEST),
    Picture("digest-phone", Scene.DIGEST, PHONE),
    Picture("panel", Scene.PANEL),
    Picture("panel-phone", Scene.PANEL, PHONE),
    Picture("extras", Scene.EXTRAS),
    Picture("thread", Scene.THREAD),
    Picture("forum", Scene.FORUM),
    Picture("compact", Scene.COMPACT),
    Picture("compact-phone", Scene.COMPACT, PHONE),
    Picture("cards", Scene.CARDS),
    Picture("recap", Scene.RECAP),
    Picture("follow", Scene.FOLLOW),
    Picture("inbox", Scene.INBOX),
    Picture("inbox-phone", Scene.INBOX, PHONE),
    Picture("less", Scene.LESS),
    Picture("following", Scene.FOLLOWING),
    Picture("saved", Scene.SAVED),
    Picture("saved-phone", Scene.SAVED, PHONE),
    Picture("talk", Scene.TALK),
)


async def save_picture(browser: Browser, page: DemoPage, path: Path, width: int = DESKTOP) -> None:
    """Save what the messages of the channel that `page` shows look like in a window of `width` CSS pixels."""
    height = await show_messages(browser, page, width)
    right = min(width, await browser.evaluate(_RIGHT) + MARGIN)
    png = await browser.take_picture(0, 0, right, height)
    await asyncio.to_thread(_save_small, png, path)


async def show_messages(browser: Browser, page: DemoPage, width: int) -> int:
    """Open the page with all its messages in view, and nothing else; returns their height in CSS pixels."""
    await browser.resize(width, HEIGHT, SCALE.get(width, 1))
    await browser.go_to(page.url)
    await wait_for_rest(browser)
    await browser.evaluate(_HIDE_THE_REST)
    await wait_for_rest(browser)
    height = int(await browser.evaluate(_CONTENT_HEIGHT))
    await browser.resize(width, height, SCALE.get(width, 1))
    await wait_for_rest(browser)
    return height


async def wait_for_rest(browser: Browser) -> None:
    """Wait until nothing moves: no action under way, fonts and images loaded, and the same for a while."""
    before, same = "", 0
    while same < CALM:
        await browser.wait_until(_IS_AT_REST)
        await asyncio.sleep(0.15)
        now = str(await browser.evaluate(_STATE))
        same, before = (same + 1 if now == before else 0), now


def _save_small(png: bytes, path: Path) -> None:
    """Text on a plain ground looks the same with 256 colours, in a third of the bytes."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
