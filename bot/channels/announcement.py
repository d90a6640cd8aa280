"""An announcement channel: a text channel whose messages can be published to the servers that follow it."""

import discord

from bot.channels.requests import UNKNOWN_MESSAGE
from bot.channels.text import TextChannel
from bot.subscription.settings import ChannelAbilities

_PUBLISHED_ALREADY = 40033


class AnnouncementChannel(TextChannel):
    abilities = ChannelAbilities(publish_limit=10)

    async def publish_message(self, message_id: int) -> None:
        try:
            await self.channel.get_partial_message(message_id).publish()
        except discord.HTTPException as error:
            if error.code not in {_PUBLISHED_ALREADY, UNKNOWN_MESSAGE}:
                raise
