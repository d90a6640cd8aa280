"""`paperboy run`."""

import asyncio
import logging

from bot.command_line.app import app, find_warnings
from bot.logs import set_up_logging
from bot.service import run_service
from bot.settings import BotSettings, read_settings
from bot.subscription.timezones import use_newest_timezones

log = logging.getLogger(__name__)


@app.command(name="run")
def run_bot() -> None:
    """Run the bot until you stop it."""
    settings = read_settings(BotSettings)
    set_up_logging(settings.log_level, settings.log_format)
    for warning in find_warnings():
        log.warning("%s", warning)
    use_newest_timezones()
    asyncio.run(run_service(settings))
