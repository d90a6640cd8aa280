"""What the log holds: what an operator can do something about, each thing once, and never a secret."""

import asyncio
import logging
from collections.abc import Iterator

import discord

from bot.answering import is_undeliverable
from bot.storage import DatabaseUnusable, DiskFull

log = logging.getLogger(__name__)

CHATTY = ("apscheduler", "discord")  # say each minute, or at each start, that all is as it should be
JOBS = "apscheduler.executors.default"
COMMANDS = "discord.app_commands.tree"


def set_up_logging(level: str) -> None:
    """Log to standard error what is at least of this `level`; of the libraries only what is wrong, unless debugging."""
    discord.utils.setup_logging(level=logging.getLevelName(level))
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # it never speaks
    for name in CHATTY if level != "DEBUG" else ():
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for handler in logging.getLogger().handlers:
        handler.addFilter(should_log)


def should_log(record: logging.LogRecord) -> bool:
    """Whether a line belongs in the log, whoever writes it: a traceback there means a bug to fix."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    if any(isinstance(each, DiskFull | DatabaseUnusable) for each in _list_causes(error)):
        return False  # the storage has said so, or the last line does
    if record.name == JOBS and isinstance(error, asyncio.CancelledError):
        return False  # a job that a stop interrupts goes on at the next start
    if record.name == COMMANDS and is_undeliverable(
        error
    ):  # of what completes an option; the rest is answered by ourselves
        log.info("suggestions for an option could not be sent in time: %s", type(error).__name__)
        return False
    return True


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
