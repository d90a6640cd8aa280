"""The wheel in an empty environment, where `uv tool install` and `pipx install` put it: it needs no repository."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest

from tests.support.builders import DAY
from tests.support.paths import ROOT
from tests.support.terminal import LIMIT, Terminal, WatchedServer


@dataclass(frozen=True)
class Installed:
    wheel: Path
    python: Path
    program: Path


def run(*words: str | Path, folder: Path) -> str:
    said = subprocess.run([*map(str, words)], cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT)
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel in a new environment. What it depends on is shared with ours, so that nothing is downloaded."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder, folder=ROOT)
    (wheel,) = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", folder / "venv")
    run(*pip, "install", "--quiet", "--no-index", "--no-deps", wheel, folder=folder)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib"))
    return Installed(wheel, folder / "venv" / "bin" / "python", folder / "venv" / "bin" / "paperboy")


@pytest.fixture
async def terminal(installed: Installed, tmp_path: Path) -> AsyncIterator[Terminal]:
    async with WatchedServer().serve() as url:
        known = {"PATH": os.environ["PATH"], "PAPERBOY_PAPERS_URL": url, "TMPDIR": str(tmp_path), "COLUMNS": "100"}
        yield Terminal(tmp_path, known | {"PYTHONUNBUFFERED": "1"}, str(installed.program))


def test_it_has_every_file_that_the_program_reads_and_nothing_else(installed: Installed) -> None:
    files = {
        str(path.relative_to(ROOT))
        for package in ("bot", "cogs")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = {each for each in ZipFile(installed.wheel).namelist() if ".dist-info/" not in each}
    assert names == files


async def test_it_runs_without_the_repository(installed: Installed, terminal: Terminal) -> None:
    where = run(installed.python, "-c", "import bot, cogs; print(bot.__file__, cogs.__file__)", folder=terminal.folder)
    assert all(each.startswith(str(installed.python.parent.parent)) for each in where.split())
    version, preview = await terminal.run_all([("--version",), ("preview", "--date", DAY.isoformat())])
    packed = installed.wheel.name.split("-")[1]  # not what is installed here, which may be older
    assert (version.code, version.out) == (0, f"paperboy {packed}\n")
    assert (preview.code, preview.err) == (0, "")
    assert "Daily Papers" in preview.out


async def test_it_shows_the_demo_and_leaves_nothing_behind(terminal: Terminal) -> None:
    process = await terminal.start("demo")
    async with asyncio.timeout(LIMIT):
        assert process.stdout
        said = (await process.stdout.readuntil(b"Ctrl-C")).decode()
        url = re.search(r"http://127\.0\.0\.1:\d+/", said.rpartition("Open")[2])
        assert url
        async with aiohttp.ClientSession() as session, session.get(url[0]) as page:
            assert page.status == 200
        process.send_signal(signal.SIGTERM)
        await process.communicate()
    assert (process.returncode, [*terminal.folder.iterdir()]) == (0, [])


def test_an_older_python_is_told_which_one_is_needed() -> None:
    old = "import sys; sys.version_info = (3, 10, 1); import bot.__main__"
    ended = subprocess.run([sys.executable, "-c", old], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "Paperboy needs Python 3.11 or newer, and this is 3.10.\n"
