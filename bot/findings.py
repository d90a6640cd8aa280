"""What the doctor finds: values, which `bot/layouts/doctor.py` puts into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any


class Severity(IntEnum):
    """How much a finding matters. The worst one decides the exit code."""

    SKIPPED = -1  # could not be looked at, for a reason that another finding tells
    OK = 0
    WARNING = 1
    ERROR = 2


class Kind(StrEnum):
    """What was found. The comments name the facts of a kind. The values are in `--json`, so they never change."""

    # Of any check
    SKIPPED = "skipped"  # needed: the check whose finding tells why
    CHECK_FAILED = "check_failed"  # detail
    CHECK_TOO_SLOW = "check_too_slow"  # seconds

    # Settings
    SETTINGS_READ = "settings_read"
    SETTINGS_INVALID = "settings_invalid"  # detail
    SETTING_UNKNOWN = "setting_unknown"  # detail
    ENV_FILE_EXPOSED = "env_file_exposed"  # path

    # Discord
    LOGGED_IN = "logged_in"  # name, id, servers
    TOKEN_REJECTED = "token_rejected"  # noqa: S105
    DISCORD_FAILED = "discord_failed"  # number: the HTTP status
    DISCORD_SILENT = "discord_silent"  # seconds
    DISCORD_UNREACHABLE = "discord_unreachable"  # detail
    DISCORD_UNANSWERED = "discord_unanswered"  # reason; of one request, after the login
    IDENTITY_FINE = "identity_fine"  # address: the invite
    CODE_GRANT_REQUIRED = "code_grant_required"
    INTERACTIONS_ELSEWHERE = "interactions_elsewhere"
    INTENTS_FINE = "intents_fine"
    INTENTS_UNNEEDED = "intents_unneeded"  # names
    GATEWAY_FINE = "gateway_fine"  # remaining, total: starts of a session a day
    GATEWAY_UNREACHABLE = "gateway_unreachable"  # detail
    STARTS_RUNNING_OUT = "starts_running_out"  # remaining, total
    STARTS_USED_UP = "starts_used_up"  # total
    COMMANDS_FINE = "commands_fine"  # number
    COMMANDS_NOT_REGISTERED = "commands_not_registered"
    COMMANDS_MISSING = "commands_missing"  # names
    COMMANDS_FOREIGN = "commands_foreign"  # names
    COMMANDS_OUTDATED = "commands_outdated"

    # Channels
    CHANNELS_FINE = "channels_fine"  # asked, subscriptions
    CHANNEL_BLOCKED = "channel_blocked"  # server, channel, subscription, reason
    PING_BLOCKED = "ping_blocked"  # server, channel, subscription, reason
    MORE_CHANNELS_BLOCKED = "more_channels_blocked"  # number
    CHANNELS_UNANSWERED = "channels_unanswered"  # number, reason

    # Papers
    PAPERS_FINE = "papers_fine"  # number, day
    PAPERS_UNAVAILABLE = "papers_unavailable"  # reason
    PAPERS_TOKEN_REJECTED = "papers_token_rejected"  # noqa: S105  # number: the HTTP status

    # Database
    DATABASE_FINE = "database_fine"  # path, size, wal_size, papers, subscriptions, growth (of a month)
    DATABASE_NEW = "database_new"  # path
    DATABASE_FOLDER_MISSING = "database_folder_missing"  # path
    DATABASE_IS_FOLDER = "database_is_folder"  # path
    DATABASE_FOREIGN = "database_foreign"  # path
    DATABASE_NEWER = "database_newer"  # path, detail
    DATABASE_OLDER = "database_older"  # path, schema, needed
    DATABASE_UNUSABLE = "database_unusable"  # path, detail
    DATABASE_DAMAGED = "database_damaged"  # path, detail
    DATABASE_UNWRITABLE = "database_unwritable"  # path
    DATABASE_ON_NETWORK = "database_on_network"  # path, system
    WAL_LARGE = "wal_large"  # path, wal_size
    POSTGRES_FINE = "postgres_fine"  # path, version, size, papers, subscriptions, growth (of a month), connections
    POSTGRES_NEW = "postgres_new"  # path
    POSTGRES_OLDER = "postgres_older"  # path, schema, needed
    POSTGRES_AWAY = "postgres_away"  # problem, detail
    POSTGRES_UNUSABLE = "postgres_unusable"  # problem, detail
    TABLES_NOT_OURS = "tables_not_ours"  # path, names
    CONNECTIONS_SHORT = "connections_short"  # path, free, needed
    SHARDS_DIFFER = "shards_differ"  # ours, theirs: how many there are
    INTEGRITY_ELSEWHERE = "integrity_elsewhere"
    INTEGRITY_FINE = "integrity_fine"
    RUNNING_FINE = "running_fine"
    NOT_RUNNING = "not_running"
    RUNS_OVERDUE = "runs_overdue"  # number, since
    RUNS_WAITING = "runs_waiting"  # number, since: overdue, and no bot is seen running
    SUBSCRIPTIONS_UNREADABLE = "subscriptions_unreadable"  # number, names
    ARCHIVE_BEHIND = "archive_behind"  # age

    # Index
    INDEX_FINE = "index_fine"  # size, papers
    INDEX_MISSING = "index_missing"  # path
    INDEX_DAMAGED = "index_damaged"  # path, detail
    INDEX_OUTDATED = "index_outdated"  # path
    INDEX_FOREIGN = "index_foreign"  # path
    INDEX_BEHIND = "index_behind"  # number: of changes

    # Models
    MODELS_BUNDLED = "models_bundled"
    MODEL_FINE = "model_fine"  # setting, name
    MODEL_TO_COME = "model_to_come"  # setting, name
    MODEL_NOT_INSTALLED = "model_not_installed"  # setting, name
    MODEL_UNKNOWN = "model_unknown"  # setting, name, detail
    MODEL_UNREACHABLE = "model_unreachable"  # setting, name, detail
    MODEL_DAMAGED = "model_damaged"  # setting, name, detail
    MODEL_NO_MEMORY = "model_no_memory"  # setting, name, detail
    MODEL_UNUSABLE = "model_unusable"  # setting, name, detail

    # The machine
    DISK_FINE = "disk_fine"  # free
    DISK_FULL = "disk_full"  # path, free
    DISK_TIGHT = "disk_tight"  # path, free, size: that is needed
    CLOCK_FINE = "clock_fine"  # sources
    CLOCK_WRONG = "clock_wrong"  # source, offset
    CLOCK_FAR_OFF = "clock_far_off"  # source, offset
    TIMEZONES_FINE = "timezones_fine"  # version
    TIMEZONES_OLD = "timezones_old"  # version

    # Backups
    BACKUPS_FINE = "backups_fine"  # number, age
    BACKUPS_TO_COME = "backups_to_come"
    BACKUPS_ELSEWHERE = "backups_elsewhere"
    BACKUPS_OFF = "backups_off"
    BACKUPS_MISSING = "backups_missing"  # path
    BACKUPS_OLD = "backups_old"  # path, age
    BACKUP_DAMAGED = "backup_damaged"  # path, detail
    BACKUP_FOLDER_UNUSABLE = "backup_folder_unusable"  # path

    # What watches the bot
    HTTP_OFF = "http_off"
    FEEDS_NOT_SERVED = "feeds_not_served"  # address
    HTTP_FINE = "http_fine"  # port
    HTTP_SILENT = "http_silent"  # port
    HTTP_NOT_READY = "http_not_ready"  # port, detail
    HTTP_PORT_TAKEN = "http_port_taken"  # port
    HEARTBEAT_OFF = "heartbeat_off"
    HEARTBEAT_FINE = "heartbeat_fine"
    HEARTBEAT_UNREACHABLE = "heartbeat_unreachable"  # detail


_WARNINGS = frozenset(
    {
        *(Kind.SETTING_UNKNOWN, Kind.ENV_FILE_EXPOSED),
        *(Kind.DISCORD_UNANSWERED, Kind.INTENTS_UNNEEDED, Kind.STARTS_RUNNING_OUT),
        *(Kind.COMMANDS_NOT_REGISTERED, Kind.COMMANDS_FOREIGN, Kind.COMMANDS_OUTDATED),
        *(Kind.CHANNEL_BLOCKED, Kind.PING_BLOCKED, Kind.MORE_CHANNELS_BLOCKED, Kind.CHANNELS_UNANSWERED),
        *(Kind.POSTGRES_OLDER, Kind.TABLES_NOT_OURS, Kind.CONNECTIONS_SHORT),
        *(Kind.DATABASE_OLDER, Kind.WAL_LARGE, Kind.RUNS_WAITING, Kind.ARCHIVE_BEHIND),
        *(Kind.INDEX_MISSING, Kind.INDEX_DAMAGED, Kind.INDEX_OUTDATED, Kind.INDEX_FOREIGN, Kind.INDEX_BEHIND),
        *(Kind.MODEL_NOT_INSTALLED, Kind.MODEL_UNKNOWN, Kind.MODEL_UNREACHABLE, Kind.MODEL_DAMAGED),
        *(Kind.MODEL_NO_MEMORY, Kind.MODEL_UNUSABLE),
        *(Kind.DISK_TIGHT, Kind.CLOCK_WRONG, Kind.TIMEZONES_OLD),
        *(Kind.BACKUPS_OFF, Kind.BACKUPS_MISSING, Kind.BACKUPS_OLD, Kind.FEEDS_NOT_SERVED),
    }
)
_NOTES = frozenset(
    {
        *(Kind.SETTINGS_READ, Kind.LOGGED_IN, Kind.IDENTITY_FINE, Kind.INTENTS_FINE, Kind.GATEWAY_FINE),
        *(Kind.COMMANDS_FINE, Kind.CHANNELS_FINE, Kind.PAPERS_FINE, Kind.DATABASE_FINE, Kind.DATABASE_NEW),
        *(Kind.INTEGRITY_FINE, Kind.RUNNING_FINE, Kind.NOT_RUNNING, Kind.INDEX_FINE, Kind.DISK_FINE, Kind.CLOCK_FINE),
        *(Kind.TIMEZONES_FINE, Kind.BACKUPS_FINE, Kind.BACKUPS_TO_COME, Kind.HTTP_OFF, Kind.HTTP_FINE),
        *(Kind.MODELS_BUNDLED, Kind.MODEL_FINE, Kind.MODEL_TO_COME),
        *(Kind.HEARTBEAT_OFF, Kind.HEARTBEAT_FINE),
        *(Kind.POSTGRES_FINE, Kind.POSTGRES_NEW, Kind.INTEGRITY_ELSEWHERE, Kind.BACKUPS_ELSEWHERE),
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A kind with its facts."""

    kind: Kind
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def severity(self) -> Severity:
        if self.kind is Kind.SKIPPED:
            return Severity.SKIPPED
        if self.kind in _NOTES:
            return Severity.OK
        return Severity.WARNING if self.kind in _WARNINGS else Severity.ERROR


@dataclass(frozen=True, slots=True)
class Examined:
    """What one check found."""

    check: str
    findings: tuple[Finding, ...]


def find(kind: Kind, **facts: object) -> Finding:
    return Finding(kind, facts)
