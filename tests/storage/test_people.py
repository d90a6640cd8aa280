"""People: everything stored about them can be read and deleted."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.export import build_export
from bot.storage import DELETED_PERSON, MessageForm, Storage, open_storage
from tests.support.builders import DAY, GONE, MORNING, paper, plan, query, tables
from tests.support.engines import list_columns
from tests.support.paths import ROOT
from tests.support.people import ADA, BOB, add_for_person, bring, furnish
from tests.support.subscriptions import LATER
from tests.support.tables import NO_PERSONS

pytestmark = pytest.mark.usefixtures("the_file_is_sound")

# What the export leaves out: the numbers by which rows are found, and what is only about sending.
INTERNAL = {
    *("id", "delivery_id", "subscription_id", "settings_version", "version", "revision", "position", "nonce"),
    *("attempts", "attempted_at", "attempted_at_discord", "retry_at", "searched_until", "server_errors", "form"),
    *("covered_until", "listed", "next_run_date", "since", "until", "runs", "guild_id", "created_by"),
}


BRIEF = {"found_messages"}  # until they are recorded as deliveries, minutes after the bot was restored
OPEN = {"settings", "earlier_settings", "mistyped", "changes"}  # objects of any names


class TestDeleting:
    async def test_deleting_a_person_deletes_everything_of_them_and_nothing_of_another(
        self, storage: Storage, path: Path
    ) -> None:
        await furnish(storage, BOB)
        without = tables(path)
        await furnish(storage, ADA)
        for name, rows in tables(path).items():
            assert name in NO_PERSONS or len(rows) > len(without[name]), f"nothing of the person is in {name}"
        await storage.people.delete_person(ADA)
        after = tables(path)
        assert all(str(ADA)[:12] not in str(rows) for rows in after.values())
        server_wide = {"subscriptions", "audit_log"}  # what they set up in a server stays there, without them
        assert {name: rows for name, rows in after.items() if name not in NO_PERSONS | server_wide} == {
            name: rows for name, rows in without.items() if name not in NO_PERSONS | server_wide
        }
        for name in server_wide:
            assert set(without[name]) < set(after[name])
        assert (after["papers"], after["listings"]) == (without["papers"], without["listings"])

    async def test_in_a_servers_log_someone_who_deleted_their_data_has_no_id(
        self, storage: Storage, path: Path
    ) -> None:
        await furnish(storage, ADA)
        before = await storage.audit_log.list_latest(1, 99)
        await storage.people.delete_person(ADA)
        assert await storage.audit_log.list_latest(1, 99) == [replace(each, user_id=DELETED_PERSON) for each in before]
        assert query(path, "SELECT DISTINCT created_by, guild_id FROM subscriptions") == [(DELETED_PERSON, 1)]
        assert len(await storage.subscriptions.list_for_server(1)) == 1

    async def test_deleting_twice_or_someone_unknown_changes_nothing(self, storage: Storage, path: Path) -> None:
        await furnish(storage, BOB)
        before = tables(path) | {"traces": []}
        await storage.people.delete_person(ADA)
        await storage.people.delete_person(ADA)
        assert tables(path) | {"traces": []} == before

    async def test_whoever_deleted_their_data_may_start_over_and_read_the_same_papers_again(
        self, storage: Storage
    ) -> None:
        await furnish(storage, ADA)
        await storage.people.delete_person(ADA)
        await furnish(storage, ADA)
        assert len((await storage.people.read_data(ADA)).deliveries) == 16

    async def test_a_digest_that_is_being_sent_meanwhile_leaves_nothing(self, storage: Storage, path: Path) -> None:
        await storage.papers.record_list(DAY, [paper("2602.00001"), paper("2602.00002")], MORNING)
        known = await add_for_person(storage, ADA)
        sent = await plan(storage, known, bring("2602.00001", "2602.00002"))
        assert sent
        assert await storage.deliveries.record_attempt(sent.id, 1, MORNING)
        await storage.people.delete_person(ADA)
        before = tables(path)
        deliveries, (message,) = storage.deliveries, sent.messages
        assert not await deliveries.record_attempt(sent.id, 1, MORNING)
        await deliveries.record_arrival(sent.id, 1, 5, 77, MORNING)
        await deliveries.record_absence(sent.id, 1)
        await deliveries.record_server_error(sent.id, 1)
        await deliveries.simplify_message(sent.id, 1, MessageForm.PLAIN, 50035)
        await deliveries.split_message(sent.id, message, "half", 50035)
        await deliveries.postpone_delivery(sent.id, GONE, LATER)
        await deliveries.complete_delivery(sent)
        await deliveries.fail_delivery(sent.id, GONE, MORNING, suspending=True, skipping=sent.messages)
        await deliveries.undo_delivery(sent, by=ADA, now=MORNING)
        await storage.subscriptions.suspend(known.id, GONE, MORNING)
        await storage.subscriptions.recover(known.id, MORNING)
        assert await plan(storage, known, bring("2602.00002")) is None
        assert tables(path) == before

    async def test_no_byte_of_a_deleted_person_is_left_in_the_file(self, path: Path) -> None:
        async with open_storage(path) as storage:
            await furnish(storage, ADA)
            marks = [ADA.to_bytes(8), (ADA + 5).to_bytes(8), f"words of {ADA}".encode(), f"half past {ADA}".encode()]
            assert all(mark in read_file(path) for mark in marks)
            await storage.people.delete_person(ADA)
            await storage.database.rewrite()
            assert not any(mark in read_file(path) for mark in marks)


def read_file(path: Path) -> bytes:
    return b"".join(each.read_bytes() for each in path.parent.glob(f"{path.name}*") if each.is_file())


class TestExport:
    async def test_everything_stored_of_a_person_is_in_their_export(self, storage: Storage, path: Path) -> None:
        await furnish(storage, ADA)
        exported = set(walk(json.loads(build_export(await storage.people.read_data(ADA), LATER))))
        missing = {
            (table, column, value)
            for table in tables(path).keys() - NO_PERSONS - BRIEF
            for row in rows(path, table)
            for column, value in row.items()
            if column not in INTERNAL and not exported.issuperset(parts_of(value))
        }
        # Of what the server keeps, only who did what and when is the person's.
        assert {each for each in missing if each[0] != "subscriptions"} == set()

    async def test_an_export_has_nothing_of_another_person(self, storage: Storage) -> None:
        await furnish(storage, ADA)
        before = await storage.people.read_data(ADA)
        await furnish(storage, BOB)
        assert await storage.people.read_data(ADA) == before

    async def test_the_documented_example_has_the_fields_of_a_real_export(self, storage: Storage) -> None:
        await furnish(storage, ADA)
        (documented,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "privacy.md").read_text("utf-8"), re.DOTALL)
        example = json.loads(documented)
        assert shape_of(example) == shape_of(json.loads(build_export(await storage.people.read_data(ADA), LATER)))

    async def test_of_someone_unknown_nothing_is_stored(self, storage: Storage) -> None:
        await furnish(storage, BOB)
        assert (await storage.people.read_data(ADA)).is_empty
        assert not (await storage.people.read_data(BOB)).is_empty


def shape_of(value: Any, name: str = "") -> Any:
    """The fields of JSON at all levels, without what is in settings, whose names are those of their columns."""
    if isinstance(value, dict):
        return (
            None
            if name == "reason"
            else {}
            if name in OPEN
            else {key: shape_of(each, key) for key, each in sorted(value.items())}
        )
    if isinstance(value, list):
        shapes = [shape_of(each, name) for each in value if isinstance(each, dict)]
        names = {key for each in shapes for key in each}
        return {key: max((each.get(key) for each in shapes), key=lambda each: len(str(each or ""))) for key in names}
    return None


def rows(path: Path, table: str) -> Iterator[dict[str, Any]]:
    names = list_columns(path, table)
    return (dict(zip(names, row, strict=True)) for row in query(path, f"SELECT * FROM {table}"))


def parts_of(value: Any) -> set[str]:
    """A stored value as the export may have it: JSON and times in parts."""
    if value in (None, 0, 1, ""):
        return set()
    is_json = isinstance(value, str) and value[0] in "[{"
    return set(walk(json.loads(value) if is_json else value))


def walk(value: Any) -> Iterator[str]:
    """All that is in JSON, as text."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from walk(each)
    elif value not in (None, 0, 1, ""):
        yield str(value)
