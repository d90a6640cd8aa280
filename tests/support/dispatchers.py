"""Dispatchers for a bot that is running."""

from bot.client import PaperBot
from bot.delivery.dispatcher import Dispatcher, build_dispatcher
from bot.delivery.sending import MESSAGES_PER_SECOND


def build_dispatcher_for(bot: PaperBot, messages_per_second: float = MESSAGES_PER_SECOND) -> Dispatcher:
    """One that has what the bot has, and remembers nothing of what the bot's own has done."""
    services = bot.services
    return build_dispatcher(
        bot,
        bot.channels,
        bot.inboxes,
        services.storage,
        services.composer,
        services.personal_composer,
        claims=services.claims,
        messages_per_second=messages_per_second,
    )
