"""The time zones of the tests are those of the bot, whatever the machine has; so before any of them is made."""

from bot.subscription.timezones import use_newest_timezones

use_newest_timezones()
