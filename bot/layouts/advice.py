"""What keeps digests or pings from a channel, and what an admin can do."""

from bot.layouts.reasons import explain_reason, name_permissions
from bot.reasons import Reason, ReasonKind


def advise_admin(channel_id: int, reason: Reason) -> str:
    """The problem, and how an admin of the server can fix it."""
    match reason.kind:
        case ReasonKind.CHANNEL_GONE:
            return "This subscription's channel is gone. Choose another one with `/digest edit`."
        case ReasonKind.PERMISSIONS_MISSING:
            return (
                f"I'm missing {name_permissions(reason.permissions)} in <#{channel_id}>. Open the channel's settings, "
                "go to *Permissions*, add my role, and allow what is missing."
            )
        case ReasonKind.NO_USABLE_TAG:
            return (
                "This forum requires a tag, but I can't use any of its tags. "
                "Add a tag that isn't limited to moderators."
            )
        case ReasonKind.ROLE_GONE:
            return "The role to ping is gone, so no one is pinged. Choose another one with `/digest setup`."
        case ReasonKind.ROLE_NOT_NOTIFIED:
            return (
                f"I can mention <@&{reason.number}>, but its members won't be notified. Allow anyone to mention it in "
                "the role's settings, or give me **Mention @everyone, @here, and All Roles** in the channel."
            )
        case _:
            return explain_reason(reason)
