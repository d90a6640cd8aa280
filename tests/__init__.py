"""The zones of the tests are those of the bot, whatever the machine has; so before any of them is made."""

from bot.subscription.zones import use_newest_zones

use_newest_zones()
