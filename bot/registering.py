"""Register the commands with Discord, if they have changed since the last time."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from discord import app_commands

from bot.channels.requests import ANSWER_TIMEOUT, REQUEST_ERRORS, wait_for_answer
from bot.layouts.commands import RunnableCommand
from bot.storage import RegisteredCommands, Storage
from bot.vitals import Fault, Vitals

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OwnCommands:
    """The commands of this version: a fingerprint of all that Discord is told of them, and their names."""

    fingerprint: str
    names: frozenset[str]


def describe_commands(tree: app_commands.CommandTree[Any]) -> OwnCommands:
    described = [command.to_dict(tree) for command in sorted(tree.get_commands(), key=lambda each: each.name)]
    fingerprint = hashlib.blake2b(json.dumps(described, sort_keys=True).encode(), digest_size=16).hexdigest()
    return OwnCommands(fingerprint, frozenset(each["name"] for each in described))


async def register_commands(
    tree: app_commands.CommandTree[Any], application_id: int, storage: Storage, now: datetime, vitals: Vitals
) -> Mapping[str, int]:
    """Register the commands of `tree`, if they have changed. Returns the id of each command that Discord has, by name.

    If that fails, the old ones keep working. They are also registered if Discord has others, as after another program
    with the same token has registered its own.

    Discord accepts about 200 new commands a day, and a bot that is restarted again and again must not use them up.
    """
    fingerprint = describe_commands(tree).fingerprint
    known = await storage.commands.get(application_id)
    if known and known.fingerprint == fingerprint and await _has_discord_only(tree, known.ids):
        vitals.report(Fault.COMMANDS_REJECTED, is_present=False)
        return known.ids
    try:
        registered = await wait_for_answer(tree.sync(), ANSWER_TIMEOUT)
    except REQUEST_ERRORS as error:
        log.warning(
            "the slash commands could not be registered (%s); those that Discord already has keep working", error
        )
        vitals.report(Fault.COMMANDS_REJECTED, is_present=True)
        return known.ids if known else {}
    vitals.report(Fault.COMMANDS_REJECTED, is_present=False)
    ids = {each.name: each.id for each in registered}
    await storage.commands.save(application_id, RegisteredCommands(fingerprint, ids), now)
    return ids


async def _has_discord_only(tree: app_commands.CommandTree[Any], ids: Mapping[str, int]) -> bool:
    """Whether Discord has these commands and no others; if it does not answer, it counts as yes."""
    try:
        listed = await wait_for_answer(tree.fetch_commands(), ANSWER_TIMEOUT)
    except REQUEST_ERRORS:
        return True
    return {each.name: each.id for each in listed} == ids


def list_runnable_commands(tree: app_commands.CommandTree[Any], ids: Mapping[str, int]) -> Iterator[RunnableCommand]:
    """The commands of `tree` that people can run, if Discord has them; `ids` has the root commands."""
    for command in tree.walk_commands():
        root = command.root_parent or command
        if isinstance(command, app_commands.Command) and root.name in ids:
            yield RunnableCommand(command.qualified_name, ids[root.name], _needs_server(root))


def _needs_server(root: app_commands.Command[Any, ..., Any] | app_commands.Group) -> bool:
    contexts = root.allowed_contexts
    return root.guild_only or (contexts is not None and not (contexts.dm_channel or contexts.private_channel))
