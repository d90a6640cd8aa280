"""Register the slash commands with Discord, if they have changed since they were registered last."""

import hashlib
import json
import logging
from datetime import datetime
from typing import Any

from discord import app_commands

from bot.channels.requests import ANSWER_TIMEOUT, REQUEST_ERRORS, wait_for_answer
from bot.storage import RegisteredCommands, Storage

log = logging.getLogger(__name__)


async def register_commands(
    tree: app_commands.CommandTree[Any], application_id: int, storage: Storage, now: datetime
) -> None:
    """Have Discord know the commands of `tree`; where it refuses, those that it knows go on working.

    Discord takes some 200 new commands a day: a bot that is started over and over must not use them up.
    """
    fingerprint = _compute_fingerprint(tree)
    known = await storage.commands.get(application_id)
    if known and known.fingerprint == fingerprint:
        return
    try:
        registered = await wait_for_answer(tree.sync(), ANSWER_TIMEOUT)
    except REQUEST_ERRORS as error:
        log.warning(
            "the slash commands could not be registered (%s); those that Discord already has keep working", error
        )
        return
    ids = {each.name: each.id for each in registered}
    await storage.commands.save(application_id, RegisteredCommands(fingerprint, ids), now)


def _compute_fingerprint(tree: app_commands.CommandTree[Any]) -> str:
    described = [command.to_dict(tree) for command in sorted(tree.get_commands(), key=lambda each: each.name)]
    return hashlib.blake2b(json.dumps(described, sort_keys=True).encode(), digest_size=16).hexdigest()
