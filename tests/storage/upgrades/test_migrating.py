"""A file of any earlier schema becomes one of today's, and nothing in it is lost."""

from pathlib import Path

from bot.storage import DeliveryState, SubscriptionState, open_storage, sqlite
from tests.support.builders import query
from tests.support.kept_schemas import DOOMED, NEVER_MADE, READER, VERSIONS, Kept
from tests.support.old_files import migrate
from tests.support.server import GUILD_ID

PARTS = "(SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite%') AS part"
COLUMNS = 'part.name, known.name, known.type, known."notnull", dflt_value, pk, hidden'
SHAPES = (  # without the order of columns, because one that came later is the last
    "PRAGMA user_version",
    f"SELECT part.type, part.name FROM {PARTS} ORDER BY 1, 2",
    f"SELECT {COLUMNS} FROM {PARTS}, pragma_table_xinfo(part.name) AS known ORDER BY 1, 2",
    f"SELECT part.name, known.* FROM {PARTS}, pragma_index_xinfo(part.name) AS known WHERE key ORDER BY 1, 2",
    f"SELECT part.name, known.* FROM {PARTS}, pragma_foreign_key_list(part.name) AS known ORDER BY 1, 2, 3",
)


def test_a_file_is_kept_of_every_schema() -> None:
    newest = max(VERSIONS)
    assert set(VERSIONS) == set(range(1, newest + 1)) - NEVER_MADE
    assert newest <= len(sqlite._load_migrations())


async def test_it_has_the_tables_and_columns_of_a_new_file(kept: Kept, new_database: Path) -> None:
    await migrate(kept.path)
    for shape in SHAPES:
        assert query(kept.path, shape) == query(new_database, shape)


async def test_no_row_is_lost(kept: Kept) -> None:
    before = kept.count_rows()
    await migrate(kept.path)
    after = kept.count_rows()
    assert {name: after[name] for name in before} == before
    assert query(kept.path, "PRAGMA integrity_check") == [("ok",)]
    assert query(kept.path, "PRAGMA foreign_key_check") == []


async def test_everything_in_it_can_be_read(kept: Kept) -> None:
    async with open_storage(kept.path) as storage:
        subscriptions = await storage.subscriptions.list_for_server(GUILD_ID)
        assert len(subscriptions) == (5 if kept.version < 3 else 8)
        states = {each.id: each.state for each in subscriptions}
        assert states[DOOMED] is SubscriptionState.SUSPENDED
        for known in range(1, READER + 1):
            latest = await storage.deliveries.list_latest(known, 100)
            assert all(each.digest.highlights for each in latest if each.state is DeliveryState.SENT)
            assert all(each.reason or each.digest.reason for each in latest if each.state is DeliveryState.FAILED)
        under_way = await storage.deliveries.get_under_way(1)
        assert under_way
        assert under_way.is_in_doubt or under_way.reason
        papers = await storage.papers.get([f"2601.{number:05}" for number in range(1, 200)])
        assert len(papers) == query(kept.path, "SELECT count(*) FROM papers")[0][0]
        assert {each.organization for each in papers} == {"Toy Lab"}
