"""The demo's page: all channels in one page, and nobody else's business."""

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from rich.console import Console

from bot.demo import Scene
from bot.demo.browser import Browser, open_browser
from bot.demo.page import DemoPage
from bot.demo.pictures import DESKTOP, PHONE, show_messages, wait_for_rest
from bot.demo.scenes import DemoServer
from bot.demo.show import learn_meaning, open_demo, open_page
from bot.search import load_encoder
from tests.support.messages import read_texts

needs_chromium = pytest.mark.skipif(
    not any(map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), reason="no Chromium here"
)
MIN_CONTRAST = 4.5  # what WCAG asks of text


@dataclass
class Visitor:
    """Somebody with the address of the page."""

    demo: DemoServer
    page: DemoPage
    client: aiohttp.ClientSession

    async def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
        address, _, secret = self.page.url.partition("/#")
        sent = {"X-Simcord-Capability": secret} | headers
        async with self.client.request(method, address + path, headers=sent) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await (answer.json() if is_json else answer.text())

    async def open_page(self) -> Mapping[str, Any]:
        """What SimCord's script in the page gets first."""
        address, _, secret = self.page.url.partition("/#")
        headers = {"X-Simcord-Capability": secret}
        async with self.client.post(f"{address}/api/pages", headers=headers, json={}) as answer:
            found: Mapping[str, Any] = await answer.json()
        return found


@asynccontextmanager
async def visiting(folder: Path, scene: Scene = Scene.TOUR) -> AsyncIterator[Visitor]:
    async with (
        open_demo(folder, Console(quiet=True), scene) as demo,
        open_page(demo) as page,
        aiohttp.ClientSession() as client,
    ):
        yield Visitor(demo, page, client)


async def test_the_page_has_a_channel_of_each_kind_and_each_has_a_digest(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor:
        _, answer = await visitor.ask("/demo/channels")
        assert {each["kind"] for each in answer["channels"]} == {"text", "announcement", "forum", "thread", "direct"}
        assert answer["shown"] == answer["channels"][0]["id"]
        subscribed = {"daily-papers", "quick-list", "agents", "announcements"}
        shown = {each.name: each for each, _ in visitor.demo.list_channels()}
        for name in subscribed:
            digest, *_ = shown[name].history()
            assert "Thursday 28 May 2026" in read_texts(digest), name
        assert len(shown["paper-forum"].threads) == 3


async def test_another_channel_is_shown_at_the_same_address(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor:
        url = visitor.page.url
        for channel, _ in list(visitor.demo.list_channels()):
            status, answer = await visitor.ask(f"/demo/channels/{channel.id}", "POST")
            assert (status, answer["shown"]) == (200, str(channel.id))
            assert visitor.page.url == url
            assert (await visitor.open_page())["channel"]["name"] == channel.name


async def test_a_channel_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor:
        before = visitor.page.shown.id
        assert (await visitor.ask("/demo/channels/1", "POST"))[0] == 404
        assert visitor.page.shown.id == before


async def test_who_does_not_know_the_secret_sees_and_does_nothing(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor:
        channel = visitor.demo.channel.id
        wrong = {"X-Simcord-Capability": "guess"}
        assert (await visitor.ask("/demo/channels", **wrong))[0] == 401
        assert (await visitor.ask(f"/demo/channels/{channel}", "POST", **wrong))[0] == 401
        assert (await visitor.ask("/api/state", **wrong))[0] == 401
        assert (await visitor.ask("/", Host="evil.example"))[0] == 403
        assert (await visitor.ask("/demo/channels", Origin="http://evil.example"))[0] == 403
        assert visitor.page.shown.id != channel


async def test_the_page_brings_our_style_and_script_and_still_runs_no_strangers_script(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor:
        _, html = await visitor.ask("/")
        assert "/demo/page.css" in html
        assert "/demo/page.js" in html
        assert (await visitor.ask("/demo/page.css"))[0] == (await visitor.ask("/demo/page.js"))[0] == 200
        async with visitor.client.get(visitor.page.url) as answer:
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.skipif(load_encoder() is None, reason="the extra semantic is not installed")
async def test_the_demo_finds_papers_by_their_meaning_once_it_has_read_them(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as demo:
        assert demo.bot.services.search.meaning is None  # the start waits for no model
        async with learn_meaning(demo, Console(quiet=True)) as learning:
            await learning
        meaning = demo.bot.services.search.meaning
        assert meaning is not None
        assert len(meaning) == 168


@needs_chromium
async def test_the_answer_comes_into_view_after_send(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor, open_browser() as browser:
        await browser.resize(900, 500, 1)  # so low that the tour alone fills it
        await browser.go_to(visitor.page.url)
        await wait_for_rest(browser)
        await browser.evaluate('document.getElementById("channel-timeline").scrollTop = 0')
        await browser.evaluate('document.getElementById("channel-composer-input").focus()')
        await browser.type_text("/paper search")
        await wait_for_rest(browser)
        await browser.press_enter()
        await browser.type_text("world models")
        await browser.evaluate("document.querySelector(\"button[aria-label='Send command'], #send-message\").click()")
        await browser.wait_until('document.querySelector("#channel-message-list").textContent.includes("ReactiveGWM")')
        await browser.wait_until(
            """(() => {
              const last = document.querySelector("#channel-message-list .channel-message:last-child");
              const view = document.getElementById("channel-timeline").getBoundingClientRect();
              const top = last.getBoundingClientRect().top;
              return top >= view.top - 1 && top < view.bottom;
            })()"""
        )


@needs_chromium
async def test_the_tour_shows_its_first_line_on_a_phone(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor, open_browser() as browser:
        await browser.resize(PHONE, 640, 1)
        await browser.go_to(visitor.page.url)
        await wait_for_rest(browser)
        await browser.wait_until(
            """(() => {
              const timeline = document.getElementById("channel-timeline");
              return timeline.scrollHeight > timeline.clientHeight && timeline.scrollTop === 0;
            })()"""
        )


@needs_chromium
async def test_a_click_on_a_channel_opens_it_and_the_viewer_stays(tmp_path: Path) -> None:
    async with visiting(tmp_path) as visitor, open_browser() as browser:
        await browser.resize(DESKTOP, 900, 1)
        await browser.go_to(visitor.page.url)
        await wait_for_rest(browser)
        await browser.evaluate(
            f"""(() => {{
              const picker = document.getElementById("viewer-picker");
              picker.value = "{visitor.demo.reader.id}";
              picker.dispatchEvent(new Event("change"));
            }})()"""
        )
        await wait_for_rest(browser)
        await browser.evaluate(
            f"""document.querySelector(".demo-channels [data-channel-id='{visitor.demo.channel.id}']").click()"""
        )
        await browser.wait_until('document.getElementById("channel-name").textContent === "daily-papers"')
        await browser.wait_until(f'window.simcordPreview?.viewerId === "{visitor.demo.reader.id}"')


@needs_chromium
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
@pytest.mark.parametrize("scene", [Scene.DIGEST, Scene.PANEL, Scene.COMPACT])
async def test_all_text_in_the_pictures_is_light_on_dark_with_enough_contrast(
    tmp_path: Path, scene: Scene, width: int
) -> None:
    async with visiting(tmp_path, scene) as visitor, open_browser() as browser:
        await show_messages(browser, visitor.page, width)
        contrasts = await browser.evaluate(_CONTRASTS)
        assert len(contrasts) > 10
        assert [each for each in contrasts if each["contrast"] < MIN_CONTRAST or each["isDarkOnLight"]] == []
        assert await read_ground(browser) == [0x32, 0x33, 0x39]  # Discord's own


@needs_chromium
@pytest.mark.parametrize("scene", [Scene.PANEL, Scene.THREAD])
async def test_a_picture_holds_messages_and_nothing_around_them(tmp_path: Path, scene: Scene) -> None:
    async with visiting(tmp_path, scene) as visitor, open_browser() as browser:
        await show_messages(browser, visitor.page, DESKTOP)
        assert await browser.evaluate(_AROUND) == []
        assert await browser.evaluate(_GREYED) == []


_AROUND = """[...document.querySelectorAll("body *")]
  .filter((each) => each.checkVisibility() && !each.querySelector("#channel-message-list"))
  .filter((each) => !each.closest(".visually-hidden, #channel-message-list"))
  .filter((each) => each.getBoundingClientRect().width * each.getBoundingClientRect().height > 1)
  .map((each) => each.id || each.className)"""
_GREYED = """[...document.querySelectorAll("#channel-message-list button:disabled")]
  .filter((each) => each.checkVisibility()).map((each) => each.outerHTML)"""


async def read_ground(browser: Browser) -> list[int]:
    """The colour behind the messages."""
    color = await browser.evaluate('getComputedStyle(document.getElementById("channel-layout")).backgroundColor')
    return [int(part) for part in str(color).removeprefix("rgb(").removesuffix(")").split(",")]


_CONTRASTS = """(() => {
  const parse = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const over = ([r, g, b, a = 1], ground) => [r, g, b].map((each, i) => each * a + ground[i] * (1 - a));
  const light = (color) => color.map((each) => each / 255)
    .map((each) => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, i) => sum + each * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    if (!element) return [50, 51, 57];
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 0 ? ground(element.parentElement) : over(own, ground(element.parentElement));
  };
  const found = [];
  for (const element of document.querySelectorAll("#channel-message-list *")) {
    const text = [...element.childNodes].filter((each) => each.nodeType === 3).map((each) => each.data).join("").trim();
    if (!text || !element.checkVisibility() || element.closest("[disabled], [aria-disabled='true']")) continue;
    if (element.closest(".visually-hidden") || getComputedStyle(element).opacity === "0") continue;
    const behind = ground(element);
    const front = over(parse(getComputedStyle(element).color), behind);
    const [dark, bright] = [light(behind), light(front)].sort((a, b) => a - b);
    const isDarkOnLight = light(front) < light(behind);
    found.push({ text: text.slice(0, 40), contrast: (bright + 0.05) / (dark + 0.05), isDarkOnLight });
  }
  return found;
})()"""
