"""What is in the way of digests in a channel, or of a ping there, and what to click."""

from bot.layouts.reasons import explain, permission_names
from bot.reasons import Reason, ReasonKind


def advise(channel_id: int, reason: Reason) -> str:
    """What is in the way, as an admin of the server is told."""
    match reason.kind:
        case ReasonKind.CHANNEL_GONE:
            return "The channel of this subscription is gone. `/digest edit` moves it to another one."
        case ReasonKind.PERMISSIONS_MISSING:
            return (
                f"I lack {permission_names(reason.permissions)} in <#{channel_id}>. Open that channel's settings, "
                "*Permissions*, add my role, and allow what is missing."
            )
        case ReasonKind.NO_USABLE_TAG:
            return (
                "This forum requires a tag and has none that I may use. "
                "Add a tag to it that is not for moderators alone."
            )
        case ReasonKind.ROLE_GONE:
            return "The role to ping is gone: nobody is pinged. `/digest setup` chooses another one."
        case ReasonKind.ROLE_NOT_NOTIFIED:
            return (
                f"<@&{reason.number}> is mentioned but not notified. Allow anyone to mention it in the role's "
                "settings, or allow me **Mention @everyone, @here, and All Roles** in the channel."
            )
        case _:
            return explain(reason)
