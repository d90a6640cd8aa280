"""The bot's settings: read once from the environment and a file, and frozen."""

from bot.settings.kinds import (
    KEEP_DETAILS_DAYS,
    ArchiveSettings,
    BotSettings,
    DiscordSettings,
    LoginSettings,
    PortSettings,
    Settings,
)
from bot.settings.problems import (
    Form,
    InvalidSettings,
    NeedsPostgres,
    SettingProblem,
    UnknownSetting,
    UnreadableLine,
)
from bot.settings.reading import find_unknown_settings, find_unreadable_settings, read_settings, render_env_example
from bot.settings.source import get_settings_file, read_settings_file, use_settings_file

__all__ = [
    "KEEP_DETAILS_DAYS",
    "ArchiveSettings",
    "BotSettings",
    "DiscordSettings",
    "Form",
    "InvalidSettings",
    "LoginSettings",
    "NeedsPostgres",
    "PortSettings",
    "SettingProblem",
    "Settings",
    "UnknownSetting",
    "UnreadableLine",
    "find_unknown_settings",
    "find_unreadable_settings",
    "get_settings_file",
    "read_settings",
    "read_settings_file",
    "render_env_example",
    "use_settings_file",
]
