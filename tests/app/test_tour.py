"""The demo's tour: everything that it asks for is there, and works."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from rich.console import Console

from bot.demo.scenes import DemoServer
from bot.demo.show import open_demo
from bot.demo.tour import START, TOUR, Step
from tests.support.messages import read_texts


def find_button(components: Any, label: str) -> str | None:
    """The custom_id of the first button with this label."""
    return next((each.custom_id for each in walk(components) if getattr(each, "label", None) == label), None)


def walk(components: Any) -> Iterator[Any]:
    for each in components:
        yield each
        yield from walk(getattr(each, "children", ()))
        yield from walk([each.accessory] if hasattr(each, "accessory") else [])


def find_meant(channel: simcord.ChannelHandle, demo: DemoServer, step: Step) -> discord.Message:
    """The latest message there with what a step asks to click; an answer that only one sees may be below it."""
    wanted = {step.select, *step.clicks[:1]} - {""}
    for message in reversed(channel.history(viewer=demo.admin)):
        shown = list(walk(message.components))
        if wanted & {getattr(each, name, None) for each in shown for name in ("label", "placeholder")}:
            return message
    raise AssertionError(step)


async def follow(demo: DemoServer, step: Step) -> discord.Message | None:
    """Do what a step asks for; returns the message where that ends."""
    channel = demo.guild.channels[step.channel or START]
    message = find_meant(channel, demo, step) if step.channel else None
    if step.command:
        answer = await demo.admin.slash(channel, step.command, **step.options)
        assert answer.response, step
        message = answer.response.message
    if step.select:
        assert message
        menu = next(each for each in walk(message.components) if getattr(each, "placeholder", None) == step.select)
        picked = await demo.admin.select(message, [menu.options[0].value], custom_id=menu.custom_id)
        assert picked.response
        message = picked.response.message
    for label in step.clicks:
        assert message
        custom_id = find_button(message.components, label)
        assert custom_id, f"{label} is not in: {read_texts(message)}"
        clicked = await demo.admin.click(message, custom_id=custom_id)
        assert clicked.acknowledged
        message = clicked.response.message if clicked.response else channel.last_message
    return message


async def test_the_tour_begins_in_its_own_channel_with_one_short_message_a_step(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as demo:
        assert demo.shown.name == START
        assert [message.content for message in demo.shown.history()] == [step.text for step in TOUR]
        assert all(len(step.text) <= 220 for step in TOUR)
        assert next(iter(demo.list_channels()))[0].name == START


def test_the_tour_says_what_it_expects() -> None:
    for step in TOUR:
        quoted = [f"/{step.command}"] if step.command else []
        quoted += step.options.values()
        assert set(quoted) == set(re.findall(r"`(.+?)`", step.text)), step.text
        bold = re.findall(r"\*\*(.+?)\*\*", step.text)
        assert all(label in bold for label in (*step.clicks, *filter(None, [step.select]))), step.text
        assert not step.channel or f"#{step.channel}" in bold, step.text


def test_the_steps_are_numbered_one_after_the_other() -> None:
    numbers = [int(number) for step in TOUR for number in re.findall(r"^\*\*(\d+)\.\*\*", step.text)]
    assert numbers == [*range(1, len(TOUR))]


async def test_every_channel_that_the_tour_names_is_there(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as demo:
        named = {name for step in TOUR for name in re.findall(r"#([a-z-]+)", step.text)}
        assert len(named) >= 5
        assert named <= demo.guild.channels.keys()


async def test_every_step_of_the_tour_works_one_after_the_other(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as demo:
        ends = [await follow(demo, step) for step in TOUR]
        texts = [read_texts(message) for message in ends if message]
        assert len(texts) == sum(bool(step.command or step.clicks or step.select) for step in TOUR)
        assert not [text for text in texts if "can't" in text or "went wrong" in text]


async def test_the_tour_shows_how_a_typo_is_corrected_and_how_to_take_that_back(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as demo:
        (step,) = (each for each in TOUR if each.clicks == ("Only worldvk",))
        found = await follow(demo, replace(step, clicks=()))
        assert found
        assert "WorldKV: Efficient World Memory" in read_texts(found)
        taken_back = await follow(demo, step)
        assert taken_back
        assert "Did you mean" in read_texts(taken_back)
        assert find_button(taken_back.components, "worldkv")


async def test_after_the_tours_setup_a_digest_is_on_the_screen(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as demo:
        (step,) = (each for each in TOUR if each.command == "digest setup")
        before = len(demo.shown.history(viewer=demo.reader))
        await follow(demo, step)
        await demo.env.settle()
        after = demo.shown.history(viewer=demo.reader)  # others see it too
        assert len(after) == before + 1
        assert "Daily Papers" in read_texts(after[-1])


async def test_a_reader_can_look_up_but_is_refused_what_an_admin_may(tmp_path: Path) -> None:
    async with open_demo(tmp_path, Console(quiet=True)) as demo:
        found = await demo.reader.slash(demo.shown, "paper search", query="world models")
        assert found.response
        with pytest.raises(simcord.SetupError):
            await demo.reader.slash(demo.shown, "digest setup")
