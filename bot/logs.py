"""What is logged: what whoever runs the bot can do something about, once each, and never a secret.

A message is a sentence. What machines look for comes beside it, by `extra`: `event`, `guild`, `subscription`,
`delivery`, and `kind`, that of the reason.
"""

import asyncio
import logging
import sys
from collections.abc import Iterator

import discord
from aiohttp.http_exceptions import HttpProcessingError

from bot.answering import is_undeliverable
from bot.json_logs import build_json_formatter, log_bug
from bot.storage import DatabaseAway, DatabaseUnusable, DiskFull

log = logging.getLogger(__name__)

CHATTY = {  # libraries that log every minute, or at every start, that all is well; from which level on they matter
    "apscheduler": logging.WARNING,
    "apscheduler.scheduler": logging.ERROR,  # warns each minute while a job is not done, which the watchdog judges
    "discord": logging.WARNING,
}
RECONNECTING = ("Attempting", "Failed to")  # how discord.py begins to say so, with a traceback
COMMANDS = "discord.app_commands.tree"
EXPECTED: dict[str, type[BaseException]] = {  # by the library that logs it
    # A job that was interrupted by stopping the bot continues at the next start.
    "apscheduler.executors.default": asyncio.CancelledError,
    # A stranger sent what is no HTTP. The error repeats it, and that may be the secret address of a feed.
    "aiohttp.server": HttpProcessingError,
}


def set_up_logging(level: str, style: str = "text") -> None:
    """Log to standard error from `level` on, as `text` or `json`. Of chatty libraries, log what matters only.

    At `DEBUG`, they may chat.
    """
    if style == "json":
        discord.utils.setup_logging(level=logging.getLevelName(level), formatter=build_json_formatter())
        logging.captureWarnings(capture=True)
        sys.excepthook = log_bug
    else:
        discord.utils.setup_logging(level=logging.getLevelName(level))
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot never uses voice
    if level != "DEBUG":
        for name, least in CHATTY.items():
            logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))
    for handler in logging.getLogger().handlers:
        handler.addFilter(should_log)


def should_log(record: logging.LogRecord) -> bool:
    """Whether a record belongs in the log. A traceback there should always mean a bug, whichever library logs it."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return True
    if record.name.startswith("discord.") and str(record.msg).startswith(RECONNECTING):  # goes on by itself: no bug
        _shorten(record, error)
        return True
    if any(isinstance(each, DiskFull | DatabaseAway | DatabaseUnusable) for each in _list_causes(error)):
        return False  # the storage logs it, or the command line ends with it
    if isinstance(error, EXPECTED.get(record.name, ())):
        return False
    if record.name == COMMANDS and is_undeliverable(error):  # only from autocompletes; we answer all else ourselves
        log.info("suggestions for an option could not be sent in time: %s", type(error).__name__)
        return False
    return True


def _shorten(record: logging.LogRecord, error: BaseException) -> None:
    record.msg, record.args = f"{record.getMessage()} ({type(error).__name__})", ()
    record.exc_info = record.exc_text = None
    record.levelno, record.levelname = logging.WARNING, "WARNING"


def _list_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
