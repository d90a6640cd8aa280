"""Each fault that is planted in a healthy set-up is found, and nothing else is."""

import os
import shutil
import sqlite3
import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import discord
import pytest

from bot.app import get_index_path
from bot.clock import system_clock
from bot.findings import Kind
from bot.model_names import ModelName
from bot.models.files import MANIFEST, get_model_folder, record_failure
from bot.models.problems import ModelProblem, ModelUnusable
from bot.reasons import ReasonKind
from bot.search import invalidate_index
from bot.search.index import MARKER
from bot.storage.database import to_iso
from tests.support.builders import query
from tests.support.damage import damage
from tests.support.doctor import SetUp, list_problems
from tests.support.ports import find_free_port
from tests.support.wire import Fault
from tests.support.wire import Kind as ChannelKind

Plant = Callable[[SetUp], object]
MODEL = ModelName("BAAI/bge-small-en-v1.5", "5f2c1a90")
LONG_AGO = system_clock() - timedelta(days=400)


@pytest.fixture(autouse=True)
def usual_timezones() -> Iterator[None]:
    yield
    zoneinfo.reset_tzpath()


def set_to(name: str, value: object) -> Plant:
    return lambda set_up: set_up.set(name, value)


def change(sql: str) -> Plant:
    return lambda set_up: set_up.change(sql)


def describe_application(**known: object) -> Plant:
    return lambda set_up: set_up.wire.application.update(known)


def deny(**permissions: bool) -> Plant:
    def plant(set_up: SetUp) -> None:
        set_up.guild.papers.denied = discord.Permissions(**permissions)

    return plant


def let_others_read_the_settings(set_up: SetUp) -> None:
    (set_up.folder / ".env").chmod(0o644)


def forget_commands(set_up: SetUp) -> None:
    set_up.wire.commands.clear()
    set_up.change("DELETE FROM commands")


def register_another(set_up: SetUp) -> None:
    set_up.wire.commands.append(set_up.wire.commands[0] | {"name": "song", "id": "99"})


def answer_login(*faults: Fault) -> Plant:
    return lambda set_up: set_up.wire.login_faults.extend(faults)


def close_gateway(set_up: SetUp) -> None:
    set_up.wire.gateway.open = False


def leave_starts(number: int) -> Plant:
    def plant(set_up: SetUp) -> None:
        set_up.wire.session_starts = number

    return plant


def leave_server(set_up: SetUp) -> None:
    set_up.wire.guilds.clear()


def delete_channel(set_up: SetUp) -> None:
    set_up.change("UPDATE subscriptions SET channel_id = 5")


def put_into_time_out(set_up: SetUp) -> None:
    deny(send_messages=True)(set_up)
    set_up.guild.timed_out_until = system_clock() + timedelta(hours=1)


def require_a_tag(set_up: SetUp) -> None:
    set_up.guild.papers.kind, set_up.guild.papers.requires_tag = ChannelKind.FORUM, True


def answer_papers(status: int = 200, page: str | None = None) -> Plant:
    def plant(set_up: SetUp) -> None:
        set_up.papers.status, set_up.papers.page = status, page

    return plant


def write_text(name: str, text: str) -> Plant:
    def plant(set_up: SetUp) -> None:
        (set_up.folder / name).parent.mkdir(exist_ok=True)
        (set_up.folder / name).write_text(text)

    return plant


def write_bytes(name: str, content: bytes) -> Plant:
    return lambda set_up: (set_up.folder / name).write_bytes(content)


def make_foreign_database(set_up: SetUp) -> None:
    set_up.database.unlink()
    query(set_up.database, "CREATE TABLE songs (name)")


def make_folder_of_database(set_up: SetUp) -> None:
    set_up.database.unlink()
    set_up.database.mkdir()


def damage_papers(set_up: SetUp) -> None:
    damage(set_up.database, "papers")


def damage_audit_log(set_up: SetUp) -> None:
    damage(set_up.database, "audit_log")


def overwrite_index(set_up: SetUp) -> None:
    for path in get_index_path(set_up.database).iterdir():
        if path.suffix in {".store", ".term", ".idx", ".fast"}:
            path.write_bytes(os.urandom(path.stat().st_size))


def remove_index(set_up: SetUp) -> None:
    shutil.rmtree(get_index_path(set_up.database))


def give_up_index(set_up: SetUp) -> None:
    invalidate_index(get_index_path(set_up.database))


def make_index_old(set_up: SetUp) -> None:
    marker = get_index_path(set_up.database) / MARKER
    marker.write_text(marker.read_text().replace('"schema": ', '"schema": 9'))


def fail_to_use_model(problem: ModelProblem) -> Plant:
    """As a start of the bot leaves it."""

    def plant(set_up: SetUp) -> None:
        set_up.set("PAPERBOY_RERANKER", MODEL)
        record_failure(set_up.folder / "models", "PAPERBOY_RERANKER", MODEL, ModelUnusable(problem, "why"))

    return plant


def damage_model(set_up: SetUp) -> None:
    set_up.set("PAPERBOY_ENCODER", MODEL)
    place = get_model_folder(set_up.folder / "models", MODEL)
    place.mkdir(parents=True)
    (place / "model.onnx").write_text("cut off")
    (place / MANIFEST).write_text('{"revision": "5f2c1a90", "files": {"model.onnx": "another"}}')


def make_disk_too_small(set_up: SetUp) -> None:
    """The file becomes larger than the disk, as far as its size says it; it holds nothing more."""
    os.truncate(set_up.database, 2**42)


def shift_discords_clock(set_up: SetUp) -> None:
    set_up.wire.clock = lambda: system_clock() - timedelta(minutes=2)


def shift_papers_clock(set_up: SetUp) -> None:
    set_up.papers.ahead = timedelta(hours=1)


def use_old_timezones(set_up: SetUp) -> None:
    write_text("zones/tzdata.zi", "# version 2019a\n")(set_up)
    zoneinfo.reset_tzpath([str(set_up.folder / "zones")])


def use_for_years(set_up: SetUp) -> None:
    set_up.change(f"UPDATE subscriptions SET created_at = '{to_iso(LONG_AGO)}'")


def share_backup_folder(set_up: SetUp) -> None:
    """With another bot, whose backups are there."""
    use_for_years(set_up)
    with closing(sqlite3.connect(set_up.back_up())) as others, others:
        others.execute("UPDATE archive SET id = 'another'")


def damage_backup(set_up: SetUp) -> None:
    damage(set_up.back_up(), "papers")


FAULTS: dict[str, tuple[Plant, Kind]] = {
    "a setting is no number": (set_to("PAPERBOY_BACKFILL_DAYS", "many"), Kind.SETTINGS_INVALID),
    "the token is missing": (set_to("DISCORD_TOKEN", ""), Kind.SETTINGS_INVALID),
    "a setting is mistyped": (set_to("PAPERBOY_BACKUP_FOLDR", "copies"), Kind.SETTING_UNKNOWN),
    "a line of the settings is none": (set_to("PAPERBOY BACKUPS 7", "#"), Kind.SETTING_UNKNOWN),
    "the settings are no text": (write_bytes(".env", b"\xff\xfe\x00"), Kind.SETTINGS_INVALID),
    "others may read the settings": (let_others_read_the_settings, Kind.ENV_FILE_EXPOSED),
    "the token is wrong": (set_to("DISCORD_TOKEN", "another.token"), Kind.TOKEN_REJECTED),
    "Discord is down": (answer_login(Fault(503)), Kind.DISCORD_FAILED),
    "Discord cannot be reached": (
        set_to("PAPERBOY_DISCORD_API_URL", f"http://127.0.0.1:{find_free_port()}/api"),
        Kind.DISCORD_UNREACHABLE,
    ),
    "the invite needs a code grant": (describe_application(bot_require_code_grant=True), Kind.CODE_GRANT_REQUIRED),
    "clicks go to another address": (
        describe_application(interactions_endpoint_url="https://a.example/"),
        Kind.INTERACTIONS_ELSEWHERE,
    ),
    "an intent is switched on": (describe_application(flags=1 << 19), Kind.INTENTS_UNNEEDED),
    "the gateway is closed": (close_gateway, Kind.GATEWAY_UNREACHABLE),
    "hardly any start is left": (leave_starts(50), Kind.STARTS_RUNNING_OUT),
    "no start is left": (leave_starts(0), Kind.STARTS_USED_UP),
    "the commands were never registered": (forget_commands, Kind.COMMANDS_NOT_REGISTERED),
    "a command was deleted": (lambda set_up: set_up.wire.commands.pop(), Kind.COMMANDS_MISSING),
    "another program registers commands": (register_another, Kind.COMMANDS_FOREIGN),
    "the commands are of another version": (
        change("UPDATE commands SET fingerprint = 'old'"),
        Kind.COMMANDS_OUTDATED,
    ),
    "the role to ping is gone": (change("UPDATE subscriptions SET ping_role_id = 5"), Kind.PING_BLOCKED),
    "the papers API refuses": (answer_papers(400), Kind.PAPERS_UNAVAILABLE),
    "the papers API sends a page": (answer_papers(page="<html>"), Kind.PAPERS_UNAVAILABLE),
    "the papers API cannot be reached": (
        set_to("PAPERBOY_PAPERS_URL", f"http://127.0.0.1:{find_free_port()}"),
        Kind.PAPERS_UNAVAILABLE,
    ),
    "the papers token is wrong": (answer_papers(401), Kind.PAPERS_TOKEN_REJECTED),
    "the database's folder is missing": (set_to("PAPERBOY_DATABASE", "away/paperboy.db"), Kind.DATABASE_FOLDER_MISSING),
    "the database is the root": (set_to("PAPERBOY_DATABASE", "/"), Kind.DATABASE_IS_FOLDER),
    "the database is a folder": (make_folder_of_database, Kind.DATABASE_IS_FOLDER),
    "the database is another program's": (make_foreign_database, Kind.DATABASE_FOREIGN),
    "the database is a letter": (write_text("paperboy.db", "Dear reader, " * 999), Kind.DATABASE_UNUSABLE),
    "the database is newer": (change("PRAGMA user_version = 9999"), Kind.DATABASE_NEWER),
    "the database is older": (change("PRAGMA user_version = 9"), Kind.DATABASE_OLDER),
    "pages of papers are damaged": (damage_papers, Kind.DATABASE_DAMAGED),
    "pages that are hardly read are damaged": (damage_audit_log, Kind.DATABASE_DAMAGED),
    "a paper is gone that others name": (
        change("DELETE FROM papers WHERE change = (SELECT min(change) FROM papers)"),
        Kind.DATABASE_DAMAGED,
    ),
    "no bot runs": (change(f"UPDATE subscriptions SET next_run_at = '{to_iso(LONG_AGO)}'"), Kind.RUNS_WAITING),
    "a time zone is unknown": (
        change("UPDATE subscriptions SET timezone = 'Mars/Olympus'"),
        Kind.SUBSCRIPTIONS_UNREADABLE,
    ),
    "the index is missing": (remove_index, Kind.INDEX_MISSING),
    "a restore has given up the index": (give_up_index, Kind.INDEX_MISSING),
    "the index is damaged": (overwrite_index, Kind.INDEX_DAMAGED),
    "the index is of another version": (make_index_old, Kind.INDEX_OUTDATED),
    "the index is of another database": (change("UPDATE archive SET id = 'another'"), Kind.INDEX_FOREIGN),
    "the index is far behind": (change("UPDATE papers SET change = change + 5000"), Kind.INDEX_BEHIND),
    "a model's extra is missing": (fail_to_use_model(ModelProblem.NOT_INSTALLED), Kind.MODEL_NOT_INSTALLED),
    "a model is unknown": (fail_to_use_model(ModelProblem.UNKNOWN), Kind.MODEL_UNKNOWN),
    "a model could not be fetched": (fail_to_use_model(ModelProblem.UNREACHABLE), Kind.MODEL_UNREACHABLE),
    "a model is too large": (fail_to_use_model(ModelProblem.NO_MEMORY), Kind.MODEL_NO_MEMORY),
    "a model does not work": (fail_to_use_model(ModelProblem.UNUSABLE), Kind.MODEL_UNUSABLE),
    "a model's folder is missing": (set_to("PAPERBOY_ENCODER", "./nowhere"), Kind.MODEL_UNUSABLE),
    "a model's files are damaged": (damage_model, Kind.MODEL_DAMAGED),
    "the disk is too small": (make_disk_too_small, Kind.DISK_TIGHT),
    "the clock is a little ahead": (shift_discords_clock, Kind.CLOCK_WRONG),
    "the clock is far behind": (shift_papers_clock, Kind.CLOCK_FAR_OFF),
    "the time zones are old": (use_old_timezones, Kind.TIMEZONES_OLD),
    "no backups are wanted": (set_to("PAPERBOY_BACKUPS", 0), Kind.BACKUPS_OFF),
    "no backup was ever made": (use_for_years, Kind.BACKUPS_MISSING),
    "all backups are another bot's": (share_backup_folder, Kind.BACKUPS_MISSING),
    "the latest backup is old": (lambda set_up: set_up.back_up(days_ago=9), Kind.BACKUPS_OLD),
    "the latest backup is damaged": (damage_backup, Kind.BACKUP_DAMAGED),
    "the latest backup is empty": (
        write_text(f"backups/paperboy-{system_clock():%Y-%m-%dT%H%M}Z.db", ""),
        Kind.BACKUP_DAMAGED,
    ),
    "the folder of the backups is a file": (write_text("backups", ""), Kind.BACKUP_FOLDER_UNUSABLE),
    "feeds have an address and no port": (
        set_to("PAPERBOY_PUBLIC_URL", "https://papers.example"),
        Kind.FEEDS_NOT_SERVED,
    ),
    "the heartbeat cannot be reached": (
        set_to("PAPERBOY_HEARTBEAT_URL", f"http://127.0.0.1:{find_free_port()}/beat-5f2c1a90-of-this-bot"),
        Kind.HEARTBEAT_UNREACHABLE,
    ),
}
BLOCKED: dict[str, tuple[Plant, ReasonKind]] = {
    "it may not send": (deny(send_messages=True), ReasonKind.PERMISSIONS_MISSING),
    "it may not read the history": (deny(read_message_history=True), ReasonKind.PERMISSIONS_MISSING),
    "it may not see the channel": (deny(view_channel=True), ReasonKind.CHANNEL_HIDDEN),
    "it is in time-out": (put_into_time_out, ReasonKind.IN_TIME_OUT),
    "the channel is gone": (delete_channel, ReasonKind.CHANNEL_GONE),
    "it was removed from the server": (leave_server, ReasonKind.SERVER_GONE),
    "the forum wants a tag": (require_a_tag, ReasonKind.NO_USABLE_TAG),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_is_found_and_nothing_else_is(set_up: SetUp, fault: str) -> None:
    plant, kind = FAULTS[fault]
    plant(set_up)
    assert set(list_problems(await set_up.examine())) == {kind}


@pytest.mark.parametrize("fault", BLOCKED)
async def test_where_a_digest_cannot_be_posted_it_says_where_and_why(set_up: SetUp, fault: str) -> None:
    plant, reason = BLOCKED[fault]
    plant(set_up)
    problems = list_problems(await set_up.examine())
    assert set(problems) == {Kind.CHANNEL_BLOCKED}
    facts = problems[Kind.CHANNEL_BLOCKED].facts
    assert (facts["server"], facts["reason"].kind) == (set_up.guild.id, reason)
