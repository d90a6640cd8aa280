"""The person who changes a subscription, and what they may do in a channel themselves."""

from dataclasses import dataclass

import discord


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change. It does nothing that they could not do themselves; without a `member`, they may do nothing.

    Discord tells a member's roles with everything they do, so these are current.
    """

    id: int
    member: discord.Member | None
