"""Where settings come from: the environment, `.env` in the working folder, or the file that --env-file names."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest

from bot.command_line.app import put_env_file_first
from bot.env_file import EnvFileUnusable
from bot.layouts.terminal_setup import describe_settings_problem, describe_unknown_setting, describe_unreadable_line
from bot.settings import (
    BotSettings,
    InvalidSettings,
    find_unknown_settings,
    find_unreadable_settings,
    read_settings,
    use_settings_file,
)
from tests.support.paths import ROOT

MISTYPED = {
    "PAPERBOY_DATABSE": "PAPERBOY_DATABASE",
    "PAPERBOY_DATABASE_PATH": "PAPERBOY_DATABASE",
    "PAPERBOY_LOGLEVEL": "PAPERBOY_LOG_LEVEL",
    "PAPERBOY_LOG_FROMAT": "PAPERBOY_LOG_FORMAT",
    "PAPERBOY_BACKUP": "PAPERBOY_BACKUPS",
    "PAPERBOY_BACKUP_DIR": "PAPERBOY_BACKUP_FOLDER",
    "PAPERBOY_PORT": "PAPERBOY_HTTP_PORT",
    "PAPERBOY_HEARTBEAT": "PAPERBOY_HEARTBEAT_URL",
    "PAPERBOY_BLOCK_SERVERS": "PAPERBOY_BLOCKED_SERVERS",
    "PAPERBOY_TOKEN": "DISCORD_TOKEN",
    "PAPERBOY_DISCORD_TOKEN": "DISCORD_TOKEN",
    "PAPERBOY_HF_TOKEN": "HF_TOKEN",
    "PAPERBOY_FOO": None,
    "PAPERBOY_": None,
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and an environment without our settings."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("PAPERBOY_", "DISCORD_", "HF_TOKEN")):
            monkeypatch.delenv(name)
    return tmp_path


def read_from(path: Path) -> BotSettings:
    """The settings, as after `--env-file`; other tests don't see that it was given."""

    def read() -> BotSettings:
        use_settings_file(path)
        return read_settings(BotSettings)

    return copy_context().run(read)


def explain(path: Path | None = None) -> str:
    try:
        read_from(path) if path else read_settings(BotSettings)
    except (InvalidSettings, EnvFileUnusable) as error:
        return describe_settings_problem(error)
    pytest.fail("nothing was wrong")


def list_unknown() -> Iterator[tuple[str, str | None]]:
    return ((each.name, each.nearest) for each in find_unknown_settings())


def run(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    known = {"PATH": os.environ["PATH"], "COLUMNS": "80", "PYTHONPATH": str(ROOT)} | environment
    program = [str(Path(sys.executable).with_name("paperboy")), *words]
    return subprocess.run(program, cwd=folder, env=known, capture_output=True, text=True, timeout=300, check=False)


class TestFiles:
    @pytest.mark.parametrize(
        "body",
        [
            b"\xef\xbb\xbfDISCORD_TOKEN=secret\nPAPERBOY_BACKUPS=3\n",  # as Windows' Notepad saves it
            b"export DISCORD_TOKEN='secret' # why\r\nPAPERBOY_BACKUPS=3\r\n",
            b"discord_token=secret\npaperboy_backups = 3",
            b"DISCORD_TOKEN=\nPAPERBOY_HTTP_PORT=\nDISCORD_TOKEN=secret\nPAPERBOY_BACKUPS=3",
        ],
    )
    def test_a_file_may_be_written_as_editors_write_it(self, folder: Path, body: bytes) -> None:
        (folder / "bot.env").write_bytes(body)
        settings = read_from(folder / "bot.env")
        assert (settings.discord_token.get_secret_value(), settings.backups) == ("secret", 3)

    def test_a_file_that_is_named_is_read_instead_of_the_one_in_the_folder(self, folder: Path) -> None:
        (folder / ".env").write_text("DISCORD_TOKEN=mine\nPAPERBOY_BACKUPS=3\n")
        (folder / "bot.env").write_text("DISCORD_TOKEN=theirs\n")
        settings = read_from(Path("bot.env"))
        assert (settings.discord_token.get_secret_value(), settings.backups) == ("theirs", 7)

    def test_the_environment_takes_precedence_over_a_named_file(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / "bot.env").write_text("DISCORD_TOKEN=theirs\nPAPERBOY_BACKUPS=3\nPAPERBOY_LOG_LEVEL=DEBUG\n")
        monkeypatch.setenv("PAPERBOY_BACKUPS", "4")
        monkeypatch.setenv("PAPERBOY_LOG_LEVEL", "")  # sets nothing
        settings = read_from(folder / "bot.env")
        assert (settings.backups, settings.log_level) == (4, "DEBUG")

    def test_settings_may_come_through_a_pipe_as_from_a_program_that_decrypts_them(self, folder: Path) -> None:
        os.mkfifo(folder / "pipe")
        writing = threading.Thread(target=(folder / "pipe").write_text, args=["DISCORD_TOKEN=secret\nPAPERBOY_X=1\n"])
        writing.start()

        def read() -> tuple[str, list[tuple[str, str | None]]]:
            use_settings_file(Path("pipe"))
            return read_settings(BotSettings).discord_token.get_secret_value(), [*list_unknown()]

        assert copy_context().run(read) == ("secret", [("PAPERBOY_X", None)])
        writing.join()


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("run --env-file x", "--env-file x run"),
        ("preview --size 3 --env-file=x --date 2026-01-01", "--env-file=x preview --size 3 --date 2026-01-01"),
        ("--env-file x run", "--env-file x run"),
        ("run --env-file", "run --env-file"),
        ("run", "run"),
        ("", ""),
    ],
)
def test_the_file_may_be_named_before_the_command_or_after_it(typed: str, read: str) -> None:
    assert put_env_file_first(typed.split()) == read.split()


class TestMistakes:
    def test_a_missing_setting_names_the_file_and_the_folder_that_were_looked_at(self, folder: Path) -> None:
        looked, file = "Paperboy looked in the environment and", f".env in the folder {folder}"
        assert f"{looked} for {file}, where there is none. `paperboy init`" in explain()
        (folder / ".env").write_text("A=1\n")
        assert f"{looked} in {file}. `paperboy init`" in explain()
        (folder / "bot.env").write_text("A=1\n")
        assert f"in bot.env in the folder {folder}." in explain(Path("bot.env"))

    def test_a_missing_setting_with_a_slip_in_its_name_is_recognised(self, folder: Path) -> None:
        (folder / ".env").write_text("DISCORD_TOKN=secret\n")
        assert explain().endswith("Did you mean it by DISCORD_TOKN?")

    def test_a_wrong_setting_names_the_place_where_it_is_wrong(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / ".env").write_text("DISCORD_TOKEN=x\nPAPERBOY_BACKUPS=daily\nPAPERBOY_HTTP_PORT=http\n")
        monkeypatch.setenv("PAPERBOY_HTTP_PORT", "0")
        in_file, in_environment = explain().splitlines()
        assert in_file == (
            "PAPERBOY_BACKUPS: it has to be a whole number from 0 to 366 (how many daily backups to keep; 0 makes "
            f"none). It is set in .env in the folder {folder}."
        )
        assert in_environment == (
            "PAPERBOY_HTTP_PORT: it has to be a whole number from 1 to 65535 (the port for /healthz, /readyz, "
            "/metrics and feeds; if left out, no port is opened). It is set in the environment."
        )

    def test_a_named_file_that_cannot_be_read_is_named(self, folder: Path) -> None:
        (folder / "letter").write_bytes(b"\xff\xfeD\x00")
        assert explain(folder / "nope") == f"{folder}/nope does not exist. Name another file with --env-file."
        assert explain(folder).startswith(f"{folder}: it is a folder. ")
        assert explain(folder / "letter").startswith(f"{folder}/letter: it is not UTF-8 text. ")

    @pytest.mark.parametrize(("name", "nearest"), MISTYPED.items())
    def test_an_unknown_name_is_a_warning_with_the_nearest_right_one(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, nearest: str | None
    ) -> None:
        (folder / ".env").write_text(f"{name}=1\nDISCORD_TOKEN=x\n")
        assert [*list_unknown()] == [(name, nearest)]
        (folder / ".env").unlink()
        monkeypatch.setenv(name, "1")
        assert [*list_unknown()] == [(name, nearest)]
        (unknown,) = find_unknown_settings()
        said = describe_unknown_setting(unknown)
        assert said.startswith(f"{name} is not a setting of Paperboy. It is set in the environment, without effect. ")
        assert (f"Did you mean {nearest}?" in said) == (nearest is not None)

    def test_names_of_other_programs_are_their_own_business(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (folder / ".env").write_text("DISCORD_TOKEN=x\nDISCORD_TOKEN_OLD=y\nHF_HOME=/x\nPORT=1\nGITHUB_TOKEN=z\n")
        monkeypatch.setenv("DISCORD_WEBHOOK", "x")
        assert find_unknown_settings() == []

    def test_lines_that_set_nothing_are_named_by_their_number_alone(self, folder: Path) -> None:
        (folder / ".env").write_text("# a remark\nMTA.secret\n\nA=1\n")
        said = [describe_unreadable_line(each) for each in find_unreadable_settings()]
        assert said == [f"{folder}/.env: line 2 is not NAME=value and has no effect. Remarks begin with #."]

    def test_commands_warn_and_go_on(self, folder: Path) -> None:
        (folder / "bot.env").write_text("PAPERBOY_LOGLEVEL=DEBUG\nnonsense\nDISCORD_TOKEN=x\n")
        ended = run(folder, "invite", "--env-file", "bot.env", PAPERBOY_DISCORD_API_URL="http://127.0.0.1:9")
        assert (ended.returncode, ended.stdout) == (1, "")
        line, name, error = ended.stderr.splitlines()
        assert line.startswith(f"{folder}/bot.env: line 2 is not NAME=value")
        assert name.startswith("PAPERBOY_LOGLEVEL is not a setting of Paperboy. It is set in bot.env")
        assert error.startswith("Paperboy couldn't reach Discord (")

    def test_the_bot_logs_its_warnings(self, folder: Path) -> None:
        (folder / ".env").write_text("DISCORD_TOKEN=x\nPAPERBOY_LOGLEVEL=DEBUG\n")
        ended = run(folder, "run", PAPERBOY_DISCORD_API_URL="http://127.0.0.1:9")
        assert ended.returncode == 1
        (line,) = [each for each in ended.stderr.splitlines() if "PAPERBOY_LOGLEVEL" in each]
        assert "WARNING" in line
        assert line.endswith("Did you mean PAPERBOY_LOG_LEVEL?")
