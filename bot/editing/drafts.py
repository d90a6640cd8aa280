"""Drafts: subscriptions that an admin is still editing, field by field, until they are saved.

A draft keeps every choice of the admin. Choices that its channel does not support are left out when the draft is shown,
previewed and saved; they come back if another channel supports them.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from bot.channels import Channels
from bot.composing.composer import Composer
from bot.editing.editor import Editor, check_wish
from bot.editing.fields import change, new_wish, read_picked, read_typed
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason
from bot.refusals import Refusal, Refused
from bot.storage import Action, ChangedMeanwhile, Draft, Storage, Subscription, SubscriptionState
from bot.subscription.schedule import Run, first_run
from bot.subscription.settings import Abilities, Posting, Wish
from bot.subscription.zones import guess_zone

COUNT_SECONDS = 1  # Discord waits three seconds for the whole answer


@dataclass(frozen=True, slots=True)
class Prospect:
    """What would happen if a draft were saved now.

    `abilities` are those of its channel, and `role_id` is the role it pings; each is None if it is gone. `outlook` is
    how many papers of last week would have passed, and how many there were; None if that is not known. `obstacles` are
    the problems that an admin has to fix.
    """

    draft: Draft
    next_run: Run
    paused: bool
    outlook: tuple[int, int] | None
    abilities: Abilities | None
    role_id: int | None = None
    obstacles: tuple[Reason, ...] = ()


class DraftEditor:
    """Edits the drafts in `storage`; `editor` saves them as subscriptions. Every method may raise `Refused`."""

    def __init__(self, storage: Storage, channels: Channels, editor: Editor, composer: Composer) -> None:
        self._drafts = storage.drafts
        self._subscriptions = storage.subscriptions
        self._channels = channels
        self._editor = editor
        self._composer = composer

    async def begin_new(
        self, guild_id: int, user_id: int, now: datetime, *, channel_id: int | None, locale: str
    ) -> Draft:
        """A draft of a new subscription that is ready to be saved.

        `channel_id` is the channel where the admin is, and `locale` is the language of their Discord, such as `pt-BR`.
        """
        zone = guess_zone(locale) or "UTC"
        wish = new_wish(self._first_channel(guild_id, channel_id), zone)
        return await self._drafts.begin(guild_id, user_id, wish, now)

    async def begin_with(self, guild_id: int, user_id: int, wish: Wish, now: datetime) -> Draft:
        """A draft of a new subscription whose wish is already complete."""
        return await self._drafts.begin(guild_id, user_id, wish, now)

    async def begin_change(self, known: Subscription, user_id: int, now: datetime) -> Draft:
        """A draft of an existing subscription."""
        return await self._drafts.begin(
            known.guild_id, user_id, known.wish, now, subscription_id=known.id, revision=known.revision
        )

    def _first_channel(self, guild_id: int, here: int | None) -> int:
        """The channel of the admin, if the bot may post there and it is not a forum; otherwise the first it may use."""
        channels = self._channels.of_guild(guild_id)
        if not channels:
            raise Refused(Refusal.NO_CHANNELS)
        usual = [each for each in channels if each.id == here and not each.abilities.in_posts]
        postable = (each for each in [*usual, *channels] if not each.missing_permissions(Posting()))
        return next(postable, [*usual, *channels][0]).id

    async def get(self, draft_id: str, guild_id: int | None, user_id: int) -> Draft:
        """The draft with this id, for the person who began it and in the same server."""
        draft = await self._drafts.get(draft_id)
        if draft is None:
            raise Refused(Refusal.PANEL_CLOSED)
        if (draft.guild_id, draft.user_id) != (guild_id, user_id):
            raise Refused(Refusal.PANEL_NOT_YOURS)
        return draft

    async def pick(self, draft: Draft, field: str, picked: Sequence[str], now: datetime) -> Draft:
        """The draft with what was picked for a field."""
        value = read_picked(field, picked)
        check_wish(draft.guild_id, change(draft.wish, {field: value}))
        return await self._change(draft, {field: value}, now)

    async def type_in(
        self, draft: Draft, typed: Mapping[str, str], now: datetime
    ) -> tuple[Draft, list[tuple[str, Refused]]]:
        """The draft with the valid values that were typed, and the invalid ones, each with the refusal."""
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
        """The wish that would be saved."""
        return self._editor.fit(draft.guild_id, draft.wish)

    async def next_run(self, draft: Draft, now: datetime) -> tuple[Run, bool]:
        """The next run if the draft is saved, and whether the subscription is paused, so that it would not happen."""
        timetable = draft.wish.timetable
        known = await self._subscriptions.get(draft.subscription_id) if draft.subscription_id else None
        if known is None:
            return first_run(timetable, now), False
        return await self._editor.next_run(known, timetable, now), known.state is SubscriptionState.PAUSED

    async def look_ahead(self, draft: Draft, now: datetime) -> Prospect:
        """What would happen if the draft were saved now."""
        wish = self.wish_of(draft)
        destination = self._channels.get(draft.guild_id, wish.channel_id)
        run, paused = await self.next_run(draft, now)
        role = self._channels.pinged_role(draft.guild_id, wish.posting)
        return Prospect(
            replace(draft, wish=wish),
            run,
            paused,
            await self._outlook(wish, now),
            destination.abilities if destination else None,
            role.id if role else None,
            tuple(self._editor.obstacles(draft.guild_id, wish)),
        )

    async def _outlook(self, wish: Wish, now: datetime) -> tuple[int, int] | None:
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(COUNT_SECONDS):
                return await self._composer.outlook(wish, now)
        return None

    async def save(self, draft: Draft, *, by: int, now: datetime, another: bool = False) -> tuple[Subscription, Action]:
        """Save the draft; gives the subscription and what was done to it. Raises `SameDigest` unless `another`.

        If it is saved twice at the same time, only one of the two gets the draft. The draft is ended first, so a kill
        right after that may lose it, but it is never saved twice.
        """
        ended = await self._drafts.end(draft.id)
        if ended is None:
            raise Refused(Refusal.PANEL_CLOSED)
        try:
            return await self._save(ended, by=by, now=now, another=another)
        except Exception:
            await self._drafts.put(ended, now)
            raise

    async def _save(self, draft: Draft, *, by: int, now: datetime, another: bool) -> tuple[Subscription, Action]:
        wish = self.wish_of(draft)
        self._editor.check_exists(draft.guild_id, wish)
        if draft.subscription_id is None:
            return await self._editor.add(draft.guild_id, wish, by=by, now=now, another=another), Action.ADDED
        known = await self._subscriptions.get(draft.subscription_id)
        if known is None or known.revision != draft.revision:
            raise ChangedMeanwhile
        return await self._editor.edit(known, wish, by=by, now=now), Action.EDITED

    async def cancel(self, draft: Draft) -> None:
        await self._drafts.end(draft.id)
