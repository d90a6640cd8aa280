"""Direct messages with the person who asks: opening them, and what to answer while they are closed."""

from dataclasses import dataclass

from bot.channels.requests import ChannelBlocked, DeliveryFailed, MessageRejected, TemporaryFailure
from bot.layouts.following import PLAIN_FIRST_MESSAGE, render_first_message
from bot.reasons import Reason
from bot.storage import FollowedQuery, Following, SubscriptionState
from cogs.helpers.controls import Interaction


@dataclass(frozen=True, slots=True)
class OpenedInbox:
    """The channel of a person's direct messages, 0 if it is not known; and why nothing can be sent there."""

    channel_id: int
    obstacle: Reason | None = None


def has_working_inbox(following: Following) -> bool:
    """Whether papers come to a person, or came before they stopped them."""
    known = following.subscription
    if known is None or known.state is SubscriptionState.ACTIVE:
        return known is not None
    return known.state is SubscriptionState.PAUSED and known.reason is None


async def open_inbox(interaction: Interaction, following: Following) -> OpenedInbox:
    """Open the direct messages with the person who asks; they may have to wait for their turn."""
    known = following.subscription.settings.channel_id if following.subscription else 0
    try:
        return OpenedInbox(await interaction.client.inboxes.open_inbox(interaction.user.id))
    except (ChannelBlocked, TemporaryFailure) as failure:
        return OpenedInbox(known, failure.reason)


async def send_first_message(interaction: Interaction, channel_id: int, followed: FollowedQuery) -> Reason | None:
    """Show a person where their papers come. If that fails, returns why, and nothing is sent until they try again."""
    bot, user_id = interaction.client, interaction.user.id
    follower = bot.services.follower
    message = render_first_message(followed, await follower.get_overview(user_id))
    try:
        try:
            channel_id = await bot.inboxes.send_welcome(user_id, channel_id, message)
        except MessageRejected:  # perhaps for what is followed
            channel_id = await bot.inboxes.send_welcome(user_id, channel_id, PLAIN_FIRST_MESSAGE)
    except DeliveryFailed as failure:
        await follower.resume(user_id, channel_id, bot.services.clock(), obstacle=failure.reason)
        return failure.reason
    await follower.resume(user_id, channel_id, bot.services.clock())
    return None
