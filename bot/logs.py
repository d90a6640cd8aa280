"""What is logged: what whoever runs the bot can do something about, once each, and never a secret."""

import asyncio
import logging
from collections.abc import Iterator

import discord

from bot.answering import is_undeliverable
from bot.storage import DatabaseUnusable, DiskFull

log = logging.getLogger(__name__)

CHATTY = ("apscheduler", "discord")  # libraries that log every minute, or at every start, that all is well
JOBS = "apscheduler.executors.default"
COMMANDS = "discord.app_commands.tree"


def set_up_logging(level: str) -> None:
    """Log to standard error from `level` on. Of chatty libraries, log only warnings, except at `DEBUG`."""
    discord.utils.setup_logging(level=logging.getLevelName(level))
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot never uses voice
    if level != "DEBUG":
        for name in CHATTY:
            logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    for handler in logging.getLogger().handlers:
        handler.addFilter(should_log)


def should_log(record: logging.LogRecord) -> bool:
    """Whether a record belongs in the log. A traceback there should always mean a bug, whichever library logs it."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    if any(isinstance(each, DiskFull | DatabaseUnusable) for each in _list_causes(error)):
        return False  # the storage logs it, or the command line ends with it
    if record.name == JOBS and isinstance(error, asyncio.CancelledError):
        return False  # a job that was interrupted by stopping the bot continues at the next start
    if record.name == COMMANDS and is_undeliverable(error):  # only from autocompletes; we answer all else ourselves
        log.info("suggestions for an option could not be sent in time: %s", type(error).__name__)
        return False
    return True


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
