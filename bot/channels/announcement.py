"""An announcement channel: a text channel whose messages can be published to those who follow it."""

import discord

from bot.channels.requests import MESSAGE_GONE
from bot.channels.text import TextChannel
from bot.subscription.settings import Abilities

_PUBLISHED_ALREADY = 40033


class AnnouncementChannel(TextChannel):
    abilities = Abilities(published_an_hour=10)

    async def publish(self, message_id: int) -> None:
        try:
            await self.channel.get_partial_message(message_id).publish()
        except discord.HTTPException as error:
            if error.code not in {_PUBLISHED_ALREADY, MESSAGE_GONE}:
                raise
