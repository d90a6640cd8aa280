"""The file that settings are in, unless the environment has them."""

from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from bot.env_file import EnvFileProblem, EnvFileUnusable, read_env_file


@dataclass(frozen=True, slots=True)
class _Source:
    path: Path
    may_be_missing: bool
    text: str | None = None  # of a pipe, which can be read only once


_DEFAULT_SOURCE = _Source(Path(".env"), may_be_missing=True)
_source: ContextVar[_Source] = ContextVar("_source", default=_DEFAULT_SOURCE)


def use_settings_file(path: Path, *, may_be_missing: bool = False) -> None:
    """From now on, read the settings from this file or pipe instead of `.env` in the working folder."""
    is_fifo = False
    with suppress(OSError):  # in a folder that is closed to us: reading it says so
        is_fifo = path.is_fifo()
    _source.set(_Source(path, may_be_missing, read_env_file(path) if is_fifo else None))


def get_settings_file() -> Path:
    """The file with settings, which may not exist, as an absolute path."""
    return _source.get().path.absolute()


def read_settings_file() -> str:
    """The text of the settings file, or none if it may be missing. Raises `EnvFileUnusable`."""
    source = _source.get()
    try:
        return read_env_file(get_settings_file()) if source.text is None else source.text
    except EnvFileUnusable as error:
        if error.problem is EnvFileProblem.MISSING and source.may_be_missing:
            return ""
        raise
