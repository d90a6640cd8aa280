"""A database with something in every table, and moves of it that are killed.

`python -m tests.support.moving SHARE SOURCE TARGET` moves a database, and dies when so much of it is done.
"""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from bot.database_address import DatabaseAddress, PostgresAddress, read_address
from bot.storage import move, open_storage
from bot.storage.moved_tables import list_moved_tables
from bot.storage.sqlite import open_file
from tests.support.builders import query
from tests.support.paths import ROOT
from tests.support.people import ADA, BOB, furnish

LIMIT = 300  # seconds that a move may take, on the busiest machine
LARGEST = 2**63 - 1
GIVEN = {"subscriptions": 5000, "deliveries": 2**40, "followed_queries": 70_000}  # ids, though the rows are gone
_ODD = f"""
    INSERT INTO guilds (id, joined_at, left_at) VALUES ({LARGEST}, '2026-01-01T00:00:00+00:00', NULL), (-1, '', '');
    INSERT INTO commands VALUES (77, 'fingerprint', '{{"digest": {LARGEST}}}', '2026-01-01T00:00:00+00:00');
    INSERT INTO stored_queries VALUES ('key', 'é 👾 \t\\N\\.\r\n''"', '2026-01-01T00:00:00+00:00');
    INSERT INTO server_feeds VALUES (1, 'key of one', '2026-01-01T00:00:00+00:00');
    INSERT INTO brand VALUES (77, 'name', '', 'Paperboy');
    INSERT INTO owner_notices VALUES ('disk_full', '2026-01-01T00:00:00+00:00', NULL);
    INSERT INTO embeddings SELECT id, 'model', x'00ff5c4e0a00' FROM papers WHERE id = '2602.00000';
    INSERT INTO embeddings SELECT id, 'model', x'' FROM papers WHERE id = '2602.00001';
    UPDATE highlights SET likeness = 0.1 + 0.2;
    UPDATE highlights SET likeness = -0.0 WHERE position = 1;
    UPDATE messages SET attempted_at = NULL;
"""


def fill(path: Path) -> Path:
    """A file with rows in all tables, among them odd ones, and with ids that were given and are gone."""
    asyncio.run(_furnish(path))
    with closing(open_file(path)) as connection:
        connection.executescript(_ODD)
        for table, last in GIVEN.items():
            connection.continue_after_id(table, last)
    assert all(read_all(path).values())
    return path


async def _furnish(path: Path) -> None:
    async with open_storage(path) as storage:
        await furnish(storage, ADA)
        await furnish(storage, BOB)


def read_all(address: DatabaseAddress) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that move, sorted."""
    return {
        table.name: sorted(query(address, f"SELECT {table.column_list} FROM {table.name}"), key=repr)
        for table in list_moved_tables()
    }


def is_untouched(address: DatabaseAddress) -> bool:
    """Whether nothing was ever in a database, as far as anybody can see."""
    if isinstance(address, Path):
        return not address.exists()
    return query(address, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == [(0,)]


def move_until_killed(share: float, source: DatabaseAddress, target: DatabaseAddress) -> bool:
    """Move in a process of its own; returns whether it was killed."""
    texts = [each.url if isinstance(each, PostgresAddress) else str(each) for each in (source, target)]
    told = [sys.executable, "-m", "tests.support.moving", str(share), *texts]
    ended = subprocess.run(told, cwd=ROOT, check=False, capture_output=True, text=True, timeout=LIMIT)
    assert ended.returncode in {0, -signal.SIGKILL}, ended.stderr
    return ended.returncode != 0


def main() -> None:
    share, source, target = float(sys.argv[1]), *map(read_address, sys.argv[2:])

    def die(done: float) -> None:
        if done >= share:
            os.kill(os.getpid(), signal.SIGKILL)

    move(source, target, watch=die)


if __name__ == "__main__":
    main()
