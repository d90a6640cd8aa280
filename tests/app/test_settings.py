"""The settings: each mistake is reported in one line, and no token is ever shown."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.app import find_index_folder
from bot.layouts.terminal_setup import describe_settings_problem
from bot.settings import ArchiveSettings, BotSettings, InvalidSettings, read_settings, render_env_example
from bot.share import Share
from tests.support.paths import ROOT

GARBAGE = {
    "PAPERBOY_DATABASE": (
        [
            *(
                "mysql://a.example/papers",
                "postgresql+asyncpg://a.example/papers",
                "jdbc:postgresql://a.example/papers",
            ),
            *("postgres:papers", "host=a.example dbname=papers", "sqlite:///papers.db", "redis://a.example/0"),
            *("postgresql://a.example", "postgresql://a.example/", "postgresql:///?host=/run/postgresql"),
            *(
                "postgresql://a.example:x/papers",
                "postgresql://a.example:0/papers",
                "postgresql://a.example:65536/papers",
            ),
            *("postgresql://a.example/papers?color=red", "postgresql://a.example/papers?sslmode"),
            *(
                "postgresql://me:p@ss@a.example/papers",
                "postgresql://me:p#ss@a.example/papers",
                "postgresql://[::1/papers",
            ),
        ],
        "postgresql://user:password@host:5432/paperboy",  # any path may be a file; opening it tells
    ),
    "PAPERBOY_SHARDS": (  # 0-3/4 would do for PostgreSQL
        ["0", "0-3", "/4", "4/4", "3-1/4", "0,0/4", "a/4", "0-1/0", "-1/4"],
        "such as 0-24/100",
    ),
    "PAPERBOY_ENCODER": (["small", "a/b/c", "https://a.example/b", "a/b@", "a b/c"], "a model such as"),
    "PAPERBOY_RERANKER": (["large", "a/b@c@d", "@main", "a/"], "a model such as"),
    "PAPERBOY_INDEX": ([], "a folder"),  # any path may be one
    "PAPERBOY_REQUESTS_PER_SECOND": (["0", "-1", "1001", "45.5", "fast"], "how many requests a second"),
    "PAPERBOY_PAPERS_URL": (["x", "huggingface.co", "ftp://a.example", "http://", "file:///etc"], "URL"),
    "HF_TOKEN": (["hf_a hf_b", " ", "hf_\ta"], "one word"),
    "PAPERBOY_BACKFILL_DAYS": (["-1", "1001", "many", "1.5", "1e9", "0x10", "∞"], "how many past days"),
    "PAPERBOY_KEEP_DETAILS_DAYS": (["6", "-1", "3651", "14d", "1.5"], "how many days to keep every detail of a digest"),
    "PAPERBOY_LOG_LEVEL": (["loud", "info ", "0", "INFO,DEBUG"], "DEBUG, INFO, WARNING or ERROR"),
    "PAPERBOY_LOG_FORMAT": (["xml", "JSON ", "text,json"], "text or json"),
    "PAPERBOY_BACKUP_FOLDER": ([], "a folder"),  # any path may be one
    "PAPERBOY_BACKUPS": (["-1", "367", "daily", "1.5"], "how many daily backups"),
    "PAPERBOY_HTTP_PORT": (["0", "65536", "http", "8080/tcp", "127.0.0.1:8080"], "the port"),
    "PAPERBOY_HTTP_HOST": ([], "an address"),  # opening the port tells
    "PAPERBOY_PUBLIC_URL": (
        [
            "x",
            "papers.example",
            "ftp://a.example",
            "https://me:secret@a.example",
            "https://a.example/?q=1",
            "http://a.example#x",
        ],
        "as people outside reach them",
    ),
    "PAPERBOY_HEARTBEAT_URL": (["x", "hc.example/1", "ftp://a.example"], "after each good minute"),
    "PAPERBOY_TELL_OWNER": (["maybe", "2", "-"], "the application's owner"),
    "PAPERBOY_BLOCKED_SERVERS": (["a server", "12;34", "-5", "1.5", "[1]"], "ids of servers"),
    "PAPERBOY_BLOCKED_PEOPLE": (["@ada", "<@5>", "²", "1,x"], "ids of people"),
    "DISCORD_TOKEN": (["two words", " ", "a\tb"], "one word"),
    "PAPERBOY_BRAND": (["maybe", "2", "-"], "name, pictures, description, tags and status"),
    "PAPERBOY_DOCS_URL": (["x", "docs.example", "ftp://a.example"], "the guide"),
    "PAPERBOY_SOURCE_URL": (["x", "code.example", "ftp://a.example"], "the source code"),
    "PAPERBOY_PRIVACY_URL": (["x", "a.example/privacy", "ftp://a.example"], "privacy policy"),
    "PAPERBOY_DISCORD_API_URL": (["x", "ftp://a.example", "ws://a.example"], "REST API"),
    "PAPERBOY_DISCORD_GATEWAY_URL": (["x", "http://a.example"], "gateway"),
}
VALUES = [(name, value, right) for name, (values, right) in GARBAGE.items() for value in values]


@pytest.fixture(autouse=True)
def an_empty_folder_and_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for field in BotSettings.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)


def run(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`paperboy run` in `folder`, as an operator starts it."""
    known = {"PATH": os.environ["PATH"], "COLUMNS": "80", "PYTHONPATH": str(ROOT)} | environment
    program = [str(Path(sys.executable).with_name("paperboy")), "run"]
    return subprocess.run(program, cwd=folder, env=known, capture_output=True, text=True, timeout=300, check=False)


def test_without_settings_the_defaults_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    settings = read_settings(BotSettings)
    assert settings.database == Path("paperboy.db")
    assert str(settings.papers_url) == "https://huggingface.co/"
    assert (settings.hf_token, settings.backfill_days, settings.log_level) == (None, 30, "INFO")
    assert settings.keep_details_days == 10
    assert str(settings.discord_api_url) == "https://discord.com/api/v10"
    assert str(settings.discord_gateway_url) == "wss://gateway.discord.gg/"


def test_commands_that_do_not_touch_discord_need_no_token() -> None:
    assert read_settings(ArchiveSettings).hf_token is None


def test_an_empty_setting_is_the_same_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GARBAGE:
        monkeypatch.setenv(name, "")
    with pytest.raises(InvalidSettings, match=r"\ADISCORD_TOKEN: missing\Z"):
        read_settings(BotSettings)


def test_settings_are_read_from_a_file_and_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text('DISCORD_TOKEN="from file"\nPAPERBOY_BACKFILL_DAYS=7\nSOMEBODY_ELSES=1\n# a remark\n')
    monkeypatch.setenv("DISCORD_TOKEN", " secret\n")
    settings = read_settings(BotSettings)
    assert (settings.discord_token.get_secret_value(), settings.backfill_days) == ("secret", 7)


def test_several_processes_share_a_postgresql_and_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAPERBOY_SHARDS", "0-24/100")
    monkeypatch.setenv("PAPERBOY_DATABASE", "postgresql://a.example/papers")
    assert read_settings(ArchiveSettings).shards == Share(frozenset(range(25)), 100)
    monkeypatch.setenv("PAPERBOY_DATABASE", "paperboy.db")
    with pytest.raises(InvalidSettings) as refused:
        read_settings(ArchiveSettings)
    assert "Leave this out, or set PAPERBOY_DATABASE to a URL" in describe_settings_problem(refused.value)


@pytest.mark.parametrize(
    ("settings", "folder"),
    [
        ({}, "paperboy.db.index"),
        ({"PAPERBOY_DATABASE": "/srv/p.db"}, "/srv/p.db.index"),
        ({"PAPERBOY_DATABASE": "postgresql://a.example/papers"}, "paperboy.index"),
        (
            {"PAPERBOY_DATABASE": "postgresql://a.example/papers", "PAPERBOY_SHARDS": "0-3,7/10"},
            "paperboy.index-0-3,7-of-10",
        ),
        (
            {"PAPERBOY_DATABASE": "postgresql://a.example/papers", "PAPERBOY_INDEX": "/var/cache/index"},
            "/var/cache/index",
        ),
    ],
)
def test_each_process_has_an_index_of_its_own(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], folder: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert find_index_folder(read_settings(ArchiveSettings)) == Path(folder)


@pytest.mark.parametrize("database", ["paperboy.db", "/srv/p.db", "paperboy", "a/b.sqlite", "x.index"])
def test_the_index_is_a_file_beside_the_database_and_never_the_database_itself(
    monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setenv("PAPERBOY_DATABASE", database)
    index = find_index_folder(read_settings(ArchiveSettings))
    assert index.parent == Path(database).parent
    assert index.name.endswith(".index")
    assert index != Path(database)


@pytest.mark.parametrize(("name", "value", "right"), VALUES)
def test_garbage_is_answered_with_one_line_that_says_what_would_be_right(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, right: str
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings) as refused:
        read_settings(BotSettings)
    (line,) = describe_settings_problem(refused.value).splitlines()
    assert line.startswith(f"{name}: it has to be ")
    assert right in line
    assert "something else" not in line
    assert line.endswith("It is set in the environment.")


def test_the_settings_never_print_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "topsecret")
    monkeypatch.setenv("HF_TOKEN", "hushhush")
    monkeypatch.setenv("PAPERBOY_DATABASE", "postgresql://me:whispered@a.example/papers")
    printed = f"{read_settings(BotSettings)!r} {read_settings(BotSettings)}"
    assert "topsecret" not in printed
    assert "hushhush" not in printed
    assert "whispered" not in printed


def test_settings_cannot_be_changed_once_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings(ArchiveSettings).database = Path("another.db")  # type: ignore[misc]


def test_the_example_settings_are_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert example == render_env_example()
    assert all(f"{name}=" in example for name in GARBAGE)


def test_the_example_file_with_its_comments_removed_is_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [line.removeprefix("# ") for line in render_env_example().splitlines() if "=" in line]
    Path(".env").write_text("\n".join(lines).replace("DISCORD_TOKEN=", "DISCORD_TOKEN=secret"))
    from_file = read_settings(BotSettings)
    Path(".env").write_text("DISCORD_TOKEN=secret")
    assert read_settings(BotSettings) == from_file


class TestRunning:
    def test_without_a_token_the_bot_does_not_start(self, tmp_path: Path) -> None:
        ended = run(tmp_path)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == (
            "DISCORD_TOKEN: it is missing (the bot's token, from Discord's developer portal). Paperboy looked in the "
            f"environment and for .env in the folder {tmp_path}, where there is none. `paperboy init` asks for it and "
            "writes it down.\n"
        )
        assert list(tmp_path.iterdir()) == []

    def test_everything_wrong_at_once_is_one_line_each_without_a_token(self, tmp_path: Path) -> None:
        wrong = {name: values[-1] for name, (values, _) in GARBAGE.items() if values}
        ended = run(tmp_path, **wrong | {"DISCORD_TOKEN": "top secret", "HF_TOKEN": "hush hush"})
        assert (ended.returncode, ended.stdout) == (2, "")
        named = {line.partition(":")[0] for line in ended.stderr.splitlines()}
        assert named == {name for name, (values, _) in GARBAGE.items() if values}
        assert len(ended.stderr.splitlines()) == len(named)
        assert "top" not in ended.stderr
        assert "hush" not in ended.stderr
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("database", [".", "/", "nowhere/paperboy.db", "letter.txt/paperboy.db", "letter.txt"])
    def test_a_database_that_cannot_be_used_is_reported_in_one_line(self, tmp_path: Path, database: str) -> None:
        (tmp_path / "letter.txt").write_text("Dear reader, " * 100)
        ended = run(tmp_path, DISCORD_TOKEN="topsecret", PAPERBOY_DATABASE=database)
        assert ended.returncode == 2
        (line,) = [line for line in ended.stderr.splitlines() if str((tmp_path / database).absolute()) in line]
        assert "Traceback" not in ended.stderr
        assert "topsecret" not in ended.stderr + ended.stdout
        assert "PAPERBOY_DATABASE" in line or "Paperboy's database" in line

    @pytest.mark.parametrize("body", [b"DISCORD_TOKEN=top\xff\xfesecret\n", b"\xff\xfeD\x00I\x00S\x00"])
    def test_a_settings_file_that_is_not_text_is_reported_in_one_line(self, tmp_path: Path, body: bytes) -> None:
        (tmp_path / ".env").write_bytes(body)
        ended = run(tmp_path)
        assert ended.returncode == 2
        assert ended.stderr == f"{tmp_path / '.env'}: it is not UTF-8 text. Save it again as UTF-8.\n"

    def test_a_wrong_token_in_a_settings_file_is_never_shown(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("DISCORD_TOKEN=top secret\nnonsense\n=\n")
        ended = run(tmp_path)
        assert ended.returncode == 2
        assert ended.stderr.startswith("DISCORD_TOKEN: it has to be one word without spaces ")
        assert ended.stderr.endswith(f"It is set in .env in the folder {tmp_path}.\n")
        assert "secret" not in ended.stderr
