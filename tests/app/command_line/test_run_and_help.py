"""`paperboy run`, the version and the help."""

from importlib import metadata
from pathlib import Path

from tests.support.terminal import Terminal


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


class TestVersion:
    async def test_the_version_is_printed_without_a_command_or_any_settings(self, terminal: Terminal) -> None:
        ended = await terminal.run("--version")
        assert (ended.code, ended.out, ended.err) == (0, f"paperboy {metadata.version('paperboy')}\n", "")
        assert list(terminal.folder.iterdir()) == []


class TestHelp:
    async def test_help_names_every_command(self, terminal: Terminal) -> None:
        ended = await terminal.run("--help")
        assert ended.code == 0
        assert all(
            name in ended.out for name in ("init", "invite", "run", "demo", "doctor", "preview", "backfill", "brand")
        )

    async def test_an_unknown_command_or_option_is_a_usage_error(self, terminal: Terminal) -> None:
        mistakes: list[tuple[str, ...]] = [("nonsense",), ("--nonsense",), ("run", "now"), ("preview", "--sise", "3")]
        for ended in await terminal.run_all(mistakes):
            assert ended.is_mistake_in_usage("paperboy"), ended
