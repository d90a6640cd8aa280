"""A bot whose database was restored from a backup: what it has posted since does not come again."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from bot.app import restore_database
from bot.storage import BackupKind, back_up
from tests.support.bot_process import DUE, World

LATER = DUE + timedelta(hours=1)
MOST_TICKS = 100


@pytest.mark.parametrize("way", ["by the command", "by hand"])
async def test_a_digest_that_was_posted_after_the_backup_does_not_come_again(
    world: World, tmp_path: Path, way: str
) -> None:
    backup = tmp_path / "backup.db"
    back_up(world.database, backup, BackupKind.BY_HAND, DUE - timedelta(minutes=1))
    async with world.child(DUE) as child:
        while not world.channel.messages:
            await child.tick()
        await child.tick()
        await child.kill()
    if way == "by the command":
        restore_database(world.database, backup, LATER, lambda _: None)
    else:
        shutil.copy(backup, world.database)
    async with world.child(LATER) as child:
        for _ in range(MOST_TICKS):
            await child.tick()
            if (await world.deliveries())[0]:
                break
        await child.tick()
        await child.stop()
    await world.assert_arrived_once()
