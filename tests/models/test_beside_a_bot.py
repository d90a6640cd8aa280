"""The real bot starts and posts, whatever becomes of the models that its settings name."""

import asyncio

from bot.models.files import read_failure
from bot.models.loading import ENCODER_SETTING, RERANKER_SETTING
from tests.support.bot_process import DUE, World


async def test_a_model_that_cannot_be_used_keeps_no_digest_waiting(world: World) -> None:
    nowhere, folder = world.database.parent / "nowhere", world.database.parent / "models"
    async with world.child(DUE, PAPERBOY_ENCODER=str(nowhere), PAPERBOY_RERANKER=str(nowhere)) as child:
        await child.tick()
        while not read_failure(folder, RERANKER_SETTING, nowhere):  # noqa: ASYNC110  # a file tells
            await asyncio.sleep(0.05)
        said = await child.stop()
    await world.assert_arrived_once()
    assert f"PAPERBOY_ENCODER: {nowhere} can't be used" in said
    assert f"PAPERBOY_RERANKER: {nowhere} can't be used" in said
    assert read_failure(folder, ENCODER_SETTING, nowhere)
