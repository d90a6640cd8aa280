"""The log as JSON, and its last line. It loads little, because it is part of every command, also of health checks."""

import logging
from types import TracebackType

from pythonjsonlogger.json import JsonFormatter

log = logging.getLogger(__name__)


def log_last_words(message: str) -> bool:
    """Log why the program ends, if the log is JSON; returns False if it is not, and somebody reads along."""
    is_json = any(isinstance(each.formatter, JsonFormatter) for each in logging.getLogger().handlers)
    if is_json:
        log.critical("%s", message, extra={"event": "ended"})
    return is_json


def build_json_formatter() -> JsonFormatter:
    names = {"levelname": "level", "name": "logger", "exc_info": "error", "stack_info": "stacks"}
    return JsonFormatter(["levelname", "name", "message"], rename_fields=names, timestamp="time")


def log_bug(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("Paperboy ran into a bug and ends", exc_info=(kind, error, trace), extra={"event": "ended"})
