"""Drafts: a subscription as an admin is about to have it, edited field by field until it is saved.

A draft holds what the admin chose; what its channel cannot do is left out when it is shown, previewed and saved, and
back in another channel.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from bot.composing.composer import Composer
from bot.delivery.channels import KINDS, Channels
from bot.editing.editor import Editor
from bot.editing.fields import change, new_wish, read_picked, read_typed
from bot.layouts.panel import Prospect
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason, ReasonKind
from bot.refusals import Refusal, Refused
from bot.storage import Draft, Storage, Subscription, SubscriptionState
from bot.subscription.schedule import Run, first_run
from bot.subscription.settings import Posting, Wish
from bot.subscription.zones import guess_zone

COUNT_SECONDS = 1  # Discord waits three for the answer


class DraftEditor:
    """Edits the drafts in `storage`, and has `editor` make of one what it says. All of it raises `Refused`."""

    def __init__(self, storage: Storage, channels: Channels, editor: Editor, composer: Composer) -> None:
        self._drafts = storage.drafts
        self._subscriptions = storage.subscriptions
        self._channels = channels
        self._editor = editor
        self._composer = composer

    async def begin_new(
        self, guild_id: int, user_id: int, now: datetime, *, channel_id: int | None, locale: str
    ) -> Draft:
        """A draft of a new subscription that could be saved as it is.

        `channel_id` is where the admin is, and `locale` the language of their Discord, such as `pt-BR`.
        """
        zone = guess_zone(locale) or "UTC"
        wish = new_wish(self._first_channel(guild_id, channel_id), zone)
        return await self._drafts.begin(guild_id, user_id, wish, now)

    async def begin_change(self, known: Subscription, user_id: int, now: datetime) -> Draft:
        """A draft of a subscription that there is."""
        return await self._drafts.begin(
            known.guild_id, user_id, known.wish, now, subscription_id=known.id, revision=known.revision
        )

    def _first_channel(self, guild_id: int, here: int | None) -> int:
        """Where the admin is, if that is no forum and the bot may post there; else the first channel where it may."""
        channels = self._channels.of_guild(guild_id)
        channels.sort(key=lambda channel: channel.id != here or channel.abilities.in_posts)
        if not channels:
            raise Refused(Refusal.NO_CHANNELS)
        postable = (each for each in channels if not each.missing_permissions(Posting()))
        return next(postable, channels[0]).id

    async def get(self, draft_id: str, guild_id: int | None, user_id: int) -> Draft:
        """The draft that somebody edits, in the server where they began it."""
        draft = await self._drafts.get(draft_id)
        if draft is None:
            raise Refused(Refusal.PANEL_CLOSED)
        if (draft.guild_id, draft.user_id) != (guild_id, user_id):
            raise Refused(Refusal.PANEL_NOT_YOURS)
        return draft

    async def pick(self, draft: Draft, field: str, picked: Sequence[str], now: datetime) -> Draft:
        """The draft with what was picked for a field."""
        value = read_picked(field, picked)
        if field == "ping_role_id" and value == draft.guild_id:  # the role of everybody has the server's id
            raise Refused(Refusal.EVERYONE_NOT_PINGED)
        return await self._change(draft, {field: value}, now)

    async def type_in(
        self, draft: Draft, typed: Mapping[str, str], now: datetime
    ) -> tuple[Draft, list[tuple[str, Refused]]]:
        """The draft with what was typed rightly for its fields; and the rest, each with why it was not."""
        right: dict[str, object] = {}
        wrong: list[tuple[str, Refused]] = []
        for field, text in typed.items():
            try:
                right[field] = read_typed(field, text, now.date())
            except Refused as refused:
                wrong.append((text, refused))
        return await self._change(draft, right, now), wrong

    async def _change(self, draft: Draft, values: Mapping[str, object], now: datetime) -> Draft:
        changed = await self._drafts.change(draft.id, lambda wish: change(wish, values), now)
        if changed is None:
            raise Refused(Refusal.PANEL_CLOSED)
        return changed

    def wish_of(self, draft: Draft) -> Wish:
        """What would be saved."""
        return self._editor.fit(draft.guild_id, draft.wish)

    async def next_run(self, draft: Draft, now: datetime) -> tuple[Run, bool]:
        """The run that comes next if the draft is saved, and whether it will not, as the subscription is paused."""
        timetable = draft.wish.timetable
        known = await self._subscriptions.get(draft.subscription_id) if draft.subscription_id else None
        if known is None:
            return first_run(timetable, now), False
        return await self._editor.next_run(known, timetable, now), known.state is SubscriptionState.PAUSED

    async def look_ahead(self, draft: Draft, now: datetime) -> Prospect:
        """What would come of the draft as it stands."""
        wish = self.wish_of(draft)
        destination = self._channels.get(draft.guild_id, wish.channel_id)
        run, paused = await self.next_run(draft, now)
        role = destination.pinged_role(wish.posting) if destination else None
        return Prospect(
            replace(draft, wish=wish),
            run,
            paused,
            await self._outlook(wish, now),
            destination.abilities if destination else None,
            role.id if role else None,
            tuple(self._editor.obstacles(draft.guild_id, wish)),
            tuple(KINDS),
        )

    async def _outlook(self, wish: Wish, now: datetime) -> tuple[int, int] | None:
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(COUNT_SECONDS):
                return await self._composer.outlook(wish, now)
        return None

    async def save(self, draft: Draft, *, by: int, now: datetime) -> tuple[Subscription, bool]:
        """The subscription that comes of the draft, and whether it is a new one.

        Of two who save it, one gets the draft: a kill after its end may lose it, but it is never saved twice.
        """
        ended = await self._drafts.end(draft.id)
        if ended is None:
            raise Refused(Refusal.PANEL_CLOSED)
        try:
            return await self._save(ended, by=by, now=now)
        except Exception:
            await self._drafts.put(ended, now)
            raise

    async def _save(self, draft: Draft, *, by: int, now: datetime) -> tuple[Subscription, bool]:
        wish = self.wish_of(draft)
        if self._channels.get(draft.guild_id, wish.channel_id) is None:
            reason = Reason(ReasonKind.CHANNEL_GONE)
            raise Refused(Refusal.CHANNEL_UNFIT, reason=reason, channel_id=wish.channel_id)
        if draft.subscription_id is None:
            return await self._editor.add(draft.guild_id, wish, by=by, now=now), True
        known = await self._subscriptions.get(draft.subscription_id)
        if known is None or known.revision != draft.revision:
            raise Refused(Refusal.CHANGED_MEANWHILE)
        return await self._editor.edit(known, wish, by=by, now=now), False

    async def cancel(self, draft: Draft) -> None:
        await self._drafts.end(draft.id)
