"""`paperboy run`, the version and the help."""

import re
import signal
from importlib import metadata
from pathlib import Path

from bot.storage import open_storage
from tests.support.paths import ROOT
from tests.support.terminal import PROGRAM, Terminal

PRESS_CTRL_C = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"


class TestRun:
    async def test_if_the_systems_time_zones_are_older_the_packages_are_used_and_the_log_says_so(
        self, terminal: Terminal, tmp_path: Path
    ) -> None:
        (tmp_path / "zones").mkdir()
        (tmp_path / "zones" / "tzdata.zi").write_text("# version 2022g\n")
        terminal.environment |= {
            "PYTHONTZPATH": str(tmp_path / "zones"),
            "DISCORD_TOKEN": "none",
            "PAPERBOY_DISCORD_API_URL": "http://127.0.0.1:9",
            "PAPERBOY_LOG_LEVEL": "DEBUG",
        }
        ended = await terminal.run("run")
        assert ended.code == 1
        assert "from the package tzdata" in ended.err

    async def test_ctrl_c_while_it_still_loads_ends_it_without_a_word(self, terminal: Terminal, tmp_path: Path) -> None:
        (tmp_path / "early").mkdir()
        (tmp_path / "early" / "typer.py").write_text(PRESS_CTRL_C)
        terminal.environment["PYTHONPATH"] = f"{tmp_path / 'early'}:{ROOT}"
        for ended in await terminal.run_all([("run",), ("health",)]):
            assert (ended.code, ended.out, ended.err) == (-signal.SIGINT, "", "")

    async def test_on_a_full_disk_it_says_so_and_may_be_started_again_by_itself(self, terminal: Terminal) -> None:
        async with open_storage(terminal.folder / "paperboy.db"):
            pass
        terminal.environment |= {"DISCORD_TOKEN": "none", "PYTHONPATH": str(ROOT)}
        terminal.program, words = "/bin/sh", ("-c", f"ulimit -f 8; exec {PROGRAM} run")  # no file may grow beyond that
        ended = await terminal.run(*words)
        path = terminal.folder / "paperboy.db"
        assert (ended.code, ended.err) == (
            1,
            f"The disk with {path} is full. Make room there; Paperboy can't start before.\n",
        )


class TestVersion:
    async def test_the_version_is_printed_without_a_command_or_any_settings(self, terminal: Terminal) -> None:
        ended = await terminal.run("--version")
        assert (ended.code, ended.out, ended.err) == (0, f"paperboy {metadata.version('paperboy')}\n", "")
        assert list(terminal.folder.iterdir()) == []


class TestHelp:
    async def test_help_names_every_command(self, terminal: Terminal) -> None:
        ended = await terminal.run("--help")
        assert ended.code == 0
        named = re.findall(r"^│ ([a-z]+)  ", ended.out, flags=re.MULTILINE)
        in_order = ["init", "run", "invite", "doctor", "health", "backup", "restore", "move", "backfill"]
        assert named == [*in_order, "preview", "brand", "demo"]

    async def test_an_unknown_command_or_option_is_a_usage_error(self, terminal: Terminal) -> None:
        mistakes: list[tuple[str, ...]] = [("nonsense",), ("--nonsense",), ("run", "now"), ("preview", "--sise", "3")]
        for ended in await terminal.run_all(mistakes):
            assert ended.is_mistake_in_usage("paperboy"), ended
