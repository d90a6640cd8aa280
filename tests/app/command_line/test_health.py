"""`paperboy health`, as a person or a container asks; and what the bot says if its port cannot be opened."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from tests.support.bot_process import DUE, World
from tests.support.pages import serving
from tests.support.paths import ROOT
from tests.support.ports import answering, find_free_port
from tests.support.terminal import LIMIT, Ended


async def start(folder: Path, *words: str, program: str = "bot.start", **settings: object) -> Ended:
    """The program in an empty folder, with these settings."""
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", program, *words),
        cwd=folder,
        env=known | {f"PAPERBOY_{name}": str(value) for name, value in settings.items()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), LIMIT)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def test_a_check_loads_neither_discord_nor_the_database() -> None:
    """It comes every half a minute."""
    loaded = "import sys, bot.command_line.health; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    assert {"discord", "aiohttp", "tantivy", "bot.storage"} & set(said.stdout.split()) == set()


async def test_what_is_not_well_is_said_in_one_line(tmp_path: Path) -> None:
    async with serving() as asked:
        (tmp_path / ".env").write_text(f"PAPERBOY_HTTP_PORT={asked.port}\n")
        ended = await start(tmp_path, "health")
    assert (ended.code, ended.out, ended.err) == (1, "", "Paperboy is not ready. Paperboy is starting.\n")


async def test_each_of_several_processes_is_asked_by_its_own_file_of_settings(tmp_path: Path) -> None:
    async with serving() as asked:
        (tmp_path / "0-9.env").write_text(f"PAPERBOY_HTTP_PORT={asked.port}\n")
        (tmp_path / ".env").write_text(f"PAPERBOY_HTTP_PORT={find_free_port()}\n")
        for words in (("health", "--env-file", "0-9.env"), ("--env-file", "0-9.env", "health")):
            ended = await start(tmp_path, *words)
            assert ended.err == "Paperboy is not ready. Paperboy is starting.\n"


async def test_without_a_port_it_says_which_setting_is_missing(tmp_path: Path) -> None:
    for program in ("bot.start", "bot"):
        ended = await start(tmp_path, "health", program=program)
        assert ended.code == 2
        assert ended.err.startswith("PAPERBOY_HTTP_PORT is not set")


async def test_a_wrong_setting_option_or_file_is_a_mistake_of_whoever_asks(tmp_path: Path) -> None:
    mistakes = [
        await start(tmp_path, "health", HTTP_PORT="many"),
        await start(tmp_path, "health", "--nonsense"),
        await start(tmp_path, "--env-file", "nowhere.env", "health"),
    ]
    (tmp_path / ".env").mkdir()
    mistakes.append(await start(tmp_path, "health"))
    (tmp_path / ".env").rmdir()
    (tmp_path / ".env").write_bytes(b"PAPERBOY_HTTP_PORT=\xff")
    mistakes.append(await start(tmp_path, "health"))
    for each in mistakes:
        assert (each.code, each.out) == (2, ""), each
        assert "Traceback" not in each.err
    assert "PAPERBOY_HTTP_PORT" in mistakes[0].err


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "no.such.host.invalid", "a" * 300])
async def test_a_bot_that_does_not_run_is_not_well(tmp_path: Path, host: str) -> None:
    ended = await start(tmp_path, "health", HTTP_PORT=find_free_port(), HTTP_HOST=host)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("No answer from http://")
    assert len(ended.err.splitlines()) == 1


async def test_another_program_on_the_port_is_told_from_the_bot(tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="<html>It works!")

    async with answering(answer) as port:
        ended = await start(tmp_path, "health", HTTP_PORT=port)
    assert ended.code == 1
    assert "not as Paperboy does" in ended.err


async def test_a_frozen_bot_is_not_well_and_a_running_one_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    port = find_free_port()
    monkeypatch.setenv("PAPERBOY_HTTP_PORT", str(port))
    folder = world.database.parent
    async with world.child(DUE) as child:
        await child.tick()
        well = await start(folder, "health", HTTP_PORT=port)
        child.process.send_signal(signal.SIGSTOP)
        frozen = await start(folder, "health", "--timeout", "1", HTTP_PORT=port)
        child.process.send_signal(signal.SIGCONT)
        said = await child.stop()
    assert (well.code, well.out) == (0, "Paperboy is ready.\n"), well.err
    assert (frozen.code, frozen.err.count("timed out")) == (1, 1)
    assert f"health, metrics and feeds are on port {port} of 127.0.0.1" in said
    await world.assert_arrived_once()


async def test_a_port_that_cannot_be_opened_ends_the_start_with_one_clear_line(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with answering(answer) as port:
        monkeypatch.setenv("PAPERBOY_HTTP_PORT", str(port))
        async with world.child(DUE) as child:
            code, said = await child.end()
    assert code == 2
    (line,) = [each for each in said.splitlines() if "DeprecationWarning" not in each]
    assert line.startswith(f"Port {port} can't be opened on 127.0.0.1 (Address already in use).")


async def test_a_second_start_with_the_same_port_says_that_the_bot_runs_already(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERBOY_HTTP_PORT", str(find_free_port()))
    async with world.child(DUE) as child:
        await child.tick()
        async with world.child(DUE) as second:
            code, said = await second.end()
        await child.stop()
    assert code == 2
    assert "is in use by another Paperboy. Stop that one, then try again." in said
    assert "Port" not in said


async def test_settings_without_effect_do_not_add_lines_for_a_monitor(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PAPERBOY_BAKUPS=3\nnonsense\n")
    ended = await start(tmp_path, "health", HTTP_PORT=find_free_port())
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
