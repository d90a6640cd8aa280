"""How the running bot is: values, put into words by `bot.layouts.health`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ProblemKind(StrEnum):
    """What keeps the bot from its work. The comments say what the numbers of a `HealthProblem` are."""

    STARTING = "starting"
    STOPPING = "stopping"
    STANDBY = "standby"  # a shard that another process has
    LOOP_LATE = "loop_late"  # seconds
    GATEWAY_CLOSED = "gateway_closed"  # connections that are open, and how many there should be
    DATABASE_AWAY = "database_away"
    DATABASE_SILENT = "database_silent"  # seconds that we waited
    DATABASE_LOCKED = "database_locked"  # seconds that a transaction has been at it
    DISK_FULL = "disk_full"
    NO_GOOD_TICK = "no_good_tick"  # seconds since the last one, or since the start


@dataclass(frozen=True, slots=True)
class HealthProblem:
    """One of them, with its numbers."""

    kind: ProblemKind
    numbers: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """The problems, the worst first, and what else was read of the running bot, by the names of metrics."""

    problems: tuple[HealthProblem, ...]
    readings: Mapping[str, float | Mapping[str, float]]
