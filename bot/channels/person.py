"""The direct messages with a person: messages have a nonce that Discord recognizes, and there is nothing else to do.

Their channel is known from when they were opened, so no request is needed to find it. Its history holds only the bot's
messages and the person's. Discord has one such channel for each person; should it ever be another one, both are
searched.
"""

from dataclasses import replace

import discord

from bot.channels.destination import Destination, OutgoingMessage, Pace, SentMessage, SoughtMessage
from bot.channels.messages import delete_if_present, find_in_history, read_page
from bot.channels.requests import UNKNOWN_CHANNEL
from bot.reasons import Reason
from bot.storage import OwnMessage
from bot.subscription.settings import ChannelAbilities, PostingOptions, Threads


class DirectMessages(Destination):
    """The direct messages with a person in the channel `channel_id`, and before in the channel `earlier_id`."""

    abilities = ChannelAbilities(threads=(Threads.NONE,))

    def __init__(self, client: discord.Client, channel_id: int, earlier_id: int | None = None) -> None:
        self._client = client
        self._channel_id = channel_id
        self._earlier_id = earlier_id

    @property
    def id(self) -> int:
        return self._channel_id

    def find_obstacle(self, posting: PostingOptions) -> Reason | None:  # noqa: ARG002
        return None  # only an attempt shows whether the person takes messages

    def find_search_obstacle(self) -> Reason | None:
        return None

    def get_pinged_role(self, posting: PostingOptions) -> discord.Role | None:  # noqa: ARG002
        return None

    async def send_message(self, outgoing: OutgoingMessage) -> SentMessage:
        message = await self._get_channel(self._channel_id).send(
            view=outgoing.view,
            nonce=outgoing.nonce,
            allowed_mentions=discord.AllowedMentions.none(),
            silent=outgoing.posting.silent,
        )
        return SentMessage(self._channel_id, message.id, message.created_at)

    async def find_message(self, sought: SoughtMessage, pace: Pace) -> SentMessage | None:
        if self._earlier_id is None:
            return await self._find_in(self._channel_id, sought, pace)
        from_start = replace(sought, searched_until=None, save_progress=_keep_no_progress)  # it is that of one channel
        try:
            found = await self._find_in(self._earlier_id, from_start, pace)
        except discord.NotFound as error:
            if error.code != UNKNOWN_CHANNEL:
                raise
            found = None  # it is gone, with all that was in it
        return found or await self._find_in(self._channel_id, from_start, pace)

    async def _find_in(self, channel_id: int, sought: SoughtMessage, pace: Pace) -> SentMessage | None:
        assert self._client.user is not None  # known from the login
        return await find_in_history(self._get_channel(channel_id), self._client.user.id, sought, pace)

    async def read_digests(self, since: int, pace: Pace) -> tuple[list[OwnMessage], int | None]:
        assert self._client.user is not None  # known from the login
        await pace()
        return await read_page(self._get_channel(self._channel_id), self._client.user.id, since)

    async def open_thread(self, message_id: int, name: str, posting: PostingOptions) -> None:
        raise NotImplementedError

    async def publish_message(self, message_id: int) -> None:
        raise NotImplementedError

    async def delete_message(self, place_id: int, message_id: int, *, has_thread: bool) -> bool:  # noqa: ARG002
        await delete_if_present(self._get_channel(place_id).get_partial_message(message_id).delete())
        return True

    def _get_channel(self, channel_id: int) -> discord.PartialMessageable:
        return self._client.get_partial_messageable(channel_id, type=discord.ChannelType.private)


async def _keep_no_progress(message_id: int) -> None:
    """For a search that begins anew every time."""
