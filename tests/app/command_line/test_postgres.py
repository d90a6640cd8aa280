"""The command line with a URL in PAPERBOY_DATABASE: it is a secret, and a server that is away is waited for."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.support.ports import find_free_port
from tests.support.refusing_postgres import RefusingServer
from tests.support.terminal import LIMIT, Terminal, is_one_clear_line

PASSWORD = "wh1spered%20word"
SECRETS = (PASSWORD, "wh1spered word", "wh1spered")
BACKFILL = ("backfill", "--since", "2026-05-20", "--until", "2026-05-21")
COMMANDS = (
    ("backup", "paperboy.dump"),
    ("restore", "paperboy.dump", "--yes"),
    BACKFILL,
    ("brand", "--yes"),
    ("doctor",),
    ("doctor", "--json"),
    ("health",),
    ("preview", "--date", "2026-05-20"),
    ("run",),
    ("--version",),
)


async def test_no_command_shows_the_password(terminal: Terminal) -> None:
    terminal.environment |= {"DISCORD_TOKEN": "topsecret", "PAPERBOY_LOG_FORMAT": "json", "PAPERBOY_LOG_LEVEL": "DEBUG"}
    terminal.environment |= {"PAPERBOY_DISCORD_API_URL": "http://127.0.0.1:9", "PAPERBOY_HTTP_PORT": "9"}
    async with RefusingServer("28P01", f"the password {PASSWORD} is wrong, and so is wh1spered word").serve() as server:
        terminal.environment["PAPERBOY_DATABASE"] = server.get_url(PASSWORD, "?application_name=paperboy")
        for name, ended in zip(COMMANDS, await terminal.run_all(COMMANDS), strict=True):
            said = ended.out + ended.err
            assert not any(secret in said for secret in SECRETS), (name, said)
            assert "Traceback" not in said, (name, said)
            assert server.asked.is_set()


@pytest.mark.parametrize(
    "url",
    ["postgresql://ada:wh1spered@word@db/papers", "postgresql://ada:wh1spered@db", "mysql://ada:wh1spered@db/papers"],
)
async def test_nor_does_one_that_cannot_read_the_url(terminal: Terminal, url: str) -> None:
    terminal.environment["PAPERBOY_DATABASE"] = url
    ended = await terminal.run(*BACKFILL)
    assert ended.code == 2
    assert is_one_clear_line(ended)
    assert ended.err.startswith("PAPERBOY_DATABASE: it has to be the path of a file, or a URL of PostgreSQL such as ")
    assert "wh1spered" not in ended.err


async def test_the_demo_is_offered_no_file_where_it_takes_none(terminal: Terminal) -> None:
    ended = await terminal.run("demo", "--database", "mysql://ada:wh1spered@db/papers")
    assert ended.code == 2
    assert "URL of PostgreSQL" in ended.err
    assert "file" not in ended.err
    assert "wh1spered" not in ended.err


@pytest.mark.parametrize(("code", "exit_code"), [("28P01", 2), ("57P03", 1)])
async def test_the_exit_code_says_whether_somebody_has_to_mend_it(
    terminal: Terminal, code: str, exit_code: int
) -> None:
    async with RefusingServer(code).serve() as server:
        terminal.environment["PAPERBOY_DATABASE"] = server.get_url()
        ended = await terminal.run(*BACKFILL)
    assert ended.code == exit_code
    assert is_one_clear_line(ended)


async def test_without_the_driver_it_says_how_to_install_it(terminal: Terminal, tmp_path: Path) -> None:
    shadow = tmp_path / "shadow"
    shadow.mkdir()
    (shadow / "psycopg.py").write_text("raise ImportError(\"No module named 'psycopg'\")\n")
    terminal.environment["PAPERBOY_DATABASE"] = "postgresql://ada:hush@127.0.0.1/papers"
    terminal.environment["PYTHONPATH"] = f"{shadow}:{terminal.environment['PYTHONPATH']}"
    ended = await terminal.run(*BACKFILL)
    assert ended.code == 2
    assert is_one_clear_line(ended)
    assert "requirements/postgres.txt" in ended.err


async def test_the_bot_waits_for_a_server_that_is_not_there_yet_and_ends_once_that_is_useless(
    terminal: Terminal,
) -> None:
    server = RefusingServer("57P03")
    port = find_free_port()
    terminal.environment |= {
        "PAPERBOY_DATABASE": f"postgresql://ada:{PASSWORD}@127.0.0.1:{port}/papers",
        "DISCORD_TOKEN": "topsecret",
        "PAPERBOY_LOG_FORMAT": "json",
    }
    process = await terminal.start("run")
    assert process.stderr is not None
    async with asyncio.timeout(LIMIT):
        said = [await process.stderr.readline()]
        async with server.serve(port):
            said.append(await process.stderr.readline())
            server.code = "28P01"
            said += (await process.stderr.read()).splitlines()
            assert await process.wait() == 2
    messages = [json.loads(line)["message"] for line in said]
    assert [each.split(" ")[0:4] for each in messages[:2]] == [["waiting", "for", "the", "database:"]] * 2
    assert "can't be reached" in messages[0]
    assert "is starting or stopping" in messages[1]
    assert "doesn't let Paperboy in" in messages[-1]
    assert len(messages) == 3, messages
    assert not any(secret in "".join(messages) for secret in SECRETS)


async def test_backups_of_postgresql_are_made_by_its_own_tools(terminal: Terminal) -> None:
    terminal.environment["PAPERBOY_DATABASE"] = "postgresql://ada:hush@db.example:5433/papers?sslmode=require"
    made, restored = await terminal.run_all([("backup", "my papers.dump"), ("restore", "my papers.dump")])
    assert (made.code, restored.code) == (2, 2)
    url = "'postgresql://ada@db.example:5433/papers?sslmode=require'"
    assert f"pg_dump --format=custom --file='my papers.dump' {url}" in made.err
    assert f"--dbname={url} 'my papers.dump'" in restored.err
    assert "hush" not in made.err + restored.err
