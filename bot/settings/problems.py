"""What can be wrong with settings: values, put into words by `bot.layouts`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from bot.database_address import BadAddress
from bot.share import BadShards


class Form(Enum):
    """What the value of a setting looks like."""

    NUMBER = auto()  # least, most
    YES_NO = auto()
    CHOICE = auto()  # choices
    WORD = auto()
    ADDRESS = auto()
    SOCKET_ADDRESS = auto()
    IDS = auto()
    DATABASE = auto()
    SHARDS = auto()
    MODEL = auto()
    ANYTHING = auto()


class NeedsPostgres(ValueError):
    """Several processes can share a PostgreSQL, but no file."""


Cause = BadAddress | BadShards | NeedsPostgres


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """A setting that is missing, or malformed: then it needs another `form`. `file` is where it was found, if in one.

    `similar` is a name that is set and probably means it. `cause` says what is wrong with the value, which is not here,
    since it may be secret.
    """

    name: str
    meaning: str
    form: Form | None = None
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    file: Path | None = None
    similar: str | None = None
    cause: Cause | None = None


@dataclass(frozen=True, slots=True)
class UnknownSetting:
    """A name that is set and that no setting has, with the `nearest` that one has. It is in a `file`, if in one."""

    name: str
    nearest: str | None
    file: Path | None


@dataclass(frozen=True, slots=True)
class UnreadableLine:
    """A line of the settings file that is not `NAME=value`."""

    number: int
    file: Path


class InvalidSettings(Exception):
    """What is missing or malformed; `file` was looked at, if it exists."""

    def __init__(self, problems: Sequence[SettingProblem], file: Path, *, has_file: bool) -> None:
        super().__init__(", ".join(f"{each.name}: {'malformed' if each.form else 'missing'}" for each in problems))
        self.problems = problems
        self.file = file
        self.has_file = has_file
