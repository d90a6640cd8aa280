"""An announcement channel: a text channel whose messages can be published to those who follow it."""

import discord

from bot.delivery.channels.text import TextChannel
from bot.subscription.settings import Abilities

PUBLISHED_AN_HOUR = 10  # messages of a channel that Discord sends on to its followers
_PUBLISHED_ALREADY, _MESSAGE_GONE = 40033, 10008


class AnnouncementChannel(TextChannel):
    abilities = Abilities(publishes=True)

    async def publish(self, message_id: int) -> None:
        try:
            await self.channel.get_partial_message(message_id).publish()
        except discord.HTTPException as error:
            if error.code not in {_PUBLISHED_ALREADY, _MESSAGE_GONE}:
                raise
