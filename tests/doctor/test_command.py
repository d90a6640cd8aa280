"""`paperboy doctor`, as an operator types it."""

import json
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from bot.about import read_version
from tests.support.doctor import HEARTBEAT_WORD, HF_TOKEN, SetUp, hash_folder
from tests.support.proxy import ForwardProxy
from tests.support.wire import TOKEN


def list_names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_the_exit_code_says_how_bad_the_worst_finding_is(set_up: SetUp) -> None:
    code, out, errors = await set_up.run_command("doctor")
    assert (code, errors) == (0, "")
    assert out.endswith("\nNothing is wrong.\n")
    set_up.set("PAPERBOY_BACKUPS", 0)
    code, out, errors = await set_up.run_command("doctor")
    assert (code, errors) == (1, "")
    assert "! backups     No backups are made: PAPERBOY_BACKUPS is 0.\n" in out
    assert "→ Set PAPERBOY_BACKUPS" in out
    assert out.endswith("\n1 warning.\n")
    set_up.set("DISCORD_TOKEN", "a.wrong-token.of-nobody")
    code, out, errors = await set_up.run_command("doctor")
    assert (code, errors) == (2, "")
    assert "✗ discord     Discord doesn't know the token in DISCORD_TOKEN.\n" in out
    assert out.endswith("\n1 error and 1 warning.\n")
    assert "a.wrong-token.of-nobody" not in out


async def test_as_json_it_says_the_same_and_shows_no_secret(set_up: SetUp) -> None:
    set_up.change("UPDATE subscriptions SET ping_role_id = 5")
    before = hash_folder(set_up.folder)
    code, out, errors = await set_up.run_command("doctor", "--json")
    known = json.loads(out)
    assert (code, errors, known["version"], known["worst"]) == (1, "", read_version(), "warning")
    (found,) = [each for each in known["findings"] if each["severity"] == "warning"]
    assert (found["check"], found["kind"], found["facts"]["reason"]) == ("channels", "ping_blocked", "role_gone")
    assert all(found[words] for words in ("what", "why", "fix"))
    assert not any(secret in out for secret in (TOKEN, HF_TOKEN, HEARTBEAT_WORD))
    assert hash_folder(set_up.folder) == before


async def test_without_any_settings_it_says_what_is_missing_and_makes_nothing(set_up: SetUp, tmp_path: Path) -> None:
    set_up.folder = tmp_path / "empty"
    set_up.folder.mkdir()
    code, out, _ = await set_up.run_command("doctor")
    assert code == 2
    assert "✗ settings    DISCORD_TOKEN" in out
    assert "✓ time zones" in out
    assert "– discord     Not looked at, because of what `settings` found." in out
    assert list(set_up.folder.iterdir()) == []


async def test_settings_may_be_in_another_file(set_up: SetUp) -> None:
    (set_up.folder / ".env").rename(set_up.folder / "other.env")
    set_up.environment.clear()
    code, out, errors = await set_up.run_command("--env-file", "other.env", "doctor")
    assert (code, errors) == (0, ""), out
    code, out, errors = await set_up.run_command("--env-file", "missing.env", "doctor")
    assert (code, errors) == (2, "")
    assert "missing.env does not exist." in out
    assert "✓ time zones" in out


async def test_behind_a_proxy_everything_is_asked_through_it_and_its_password_is_not_shown(set_up: SetUp) -> None:
    proxy = ForwardProxy()
    async with proxy.serve() as address:
        set_up.set("PAPERBOY_PROXY_URL", address)
        code, out, _ = await set_up.run_command("doctor")
        assert code == 0, out
        set_up.set("PAPERBOY_PROXY_URL", address.replace("password", "wrong-password"))
        code, out, errors = await set_up.run_command("doctor", "--json")
    assert code == 2
    assert "wrong-password" not in out + errors
    places = (set_up.wire.api_url, set_up.wire.gateway.url, set_up.environment["PAPERBOY_PAPERS_URL"])
    assert proxy.visited == {urlsplit(each).netloc for each in places}


async def test_a_new_set_up_needs_nothing_but_a_start(set_up: SetUp) -> None:
    for path in (set_up.folder / "paperboy.db.index", set_up.folder / "paperboy.db"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    left = list_names(set_up.folder)
    code, out, _ = await set_up.run_command("doctor")
    assert code == 0, out
    assert "the first start makes it" in out
    assert list_names(set_up.folder) == left


async def test_a_strangers_text_is_shown_as_it_is(set_up: SetUp) -> None:
    set_up.wire.user["username"] = "[bold]{paper}[/] %s \x1b[31m"
    code, out, _ = await set_up.run_command("doctor")
    assert code == 0
    assert "[bold]{paper}[/] %s" in out
    assert "\x1b" not in out
