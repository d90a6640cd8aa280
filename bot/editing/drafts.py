"""Drafts: subscriptions that an admin is still editing, field by field, until they are saved.

A draft keeps every choice of the admin. Choices that its channel does not support are left out when the draft is shown,
previewed and saved; they come back if another channel supports them.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.channels import Actor, Channels
from bot.composing.composer import Composer
from bot.composing.outlook import Caveat, Outlook
from bot.editing.editor import SubscriptionEditor, check_settings
from bot.editing.fields import (
    build_default_settings,
    read_picked_values,
    read_typed_field,
    read_typed_fields,
    replace_settings_fields,
)
from bot.papers.api import PapersUnavailable
from bot.reasons import Reason
from bot.refusals import Refusal, Refused
from bot.storage import Action, ChangedMeanwhile, Draft, Storage, Subscription, SubscriptionState
from bot.subscription.schedule import Run, find_next_run
from bot.subscription.settings import ChannelAbilities, DigestSettings, PostingOptions
from bot.subscription.timezones import (
    Place,
    find_meant_places,
    guess_timezone,
    list_timezones_of_language,
    name_timezone,
)

COUNT_TIMEOUT = 1  # Discord waits three seconds for the whole answer


@dataclass(frozen=True, slots=True)
class MisreadField:
    """What was typed for a field and is not understood, and why. If it is a time zone: the `places` it may mean."""

    field: str
    text: str
    refused: Refused
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class DraftStatus:
    """What would happen if a draft were saved at `now`.

    `match_count`: how many of last week's papers would have matched, and how many there were; None if unknown.
    `abilities` are those of its channel, and `role_id` is the role it pings; each is None if it is gone. `obstacles`
    are the problems that an admin has to fix. `misread` waits to be corrected. `places` are other time zones that an
    admin may mean or live in. `caveats` say why the settings don't do what an admin may expect.
    `preset_counts`: how many papers of the last thirty days each preset has; None if unknown, or not asked.
    """

    draft: Draft
    now: datetime
    next_run: Run
    is_paused: bool
    match_count: tuple[int, int] | None
    abilities: ChannelAbilities | None
    role_id: int | None = None
    obstacles: tuple[Reason, ...] = ()
    misread: tuple[MisreadField, ...] = ()
    places: tuple[Place, ...] = ()
    caveats: tuple[Caveat, ...] = ()
    preset_counts: Mapping[str, int] | None = None


class DraftEditor:
    """Edits the drafts in `storage`; `editor` saves them as subscriptions. Every method may raise `Refused`."""

    def __init__(
        self,
        storage: Storage,
        channels: Channels,
        editor: SubscriptionEditor,
        composer: Composer,
        outlook: Outlook,
    ) -> None:
        self._drafts = storage.drafts
        self._subscriptions = storage.subscriptions
        self._channels = channels
        self._editor = editor
        self._composer = composer
        self._outlook = outlook

    async def start_new_draft(
        self, guild_id: int, actor: Actor, now: datetime, *, channel_id: int | None, locale: str
    ) -> Draft:
        """A draft of a new subscription that is ready to be saved.

        `channel_id` is the channel where the admin is, and `locale` is the language of their Discord, such as `pt-BR`.
        """
        timezone = guess_timezone(locale) or "UTC"
        settings = build_default_settings(self._choose_channel(guild_id, channel_id, actor), timezone)
        return await self._drafts.add(guild_id, actor.id, settings, now, guessed_from=locale)

    async def start_draft_from_settings(
        self,
        guild_id: int,
        user_id: int,
        settings: DigestSettings,
        now: datetime,
        *,
        mistyped: Mapping[str, str] | None = None,
        guessed_from: str = "",
    ) -> Draft:
        """A draft of a new subscription whose settings are complete, but for what was `mistyped`."""
        return await self._drafts.add(guild_id, user_id, settings, now, mistyped=mistyped, guessed_from=guessed_from)

    async def start_draft_from_subscription(
        self,
        known: Subscription,
        user_id: int,
        now: datetime,
        *,
        settings: DigestSettings | None = None,
        mistyped: Mapping[str, str] | None = None,
    ) -> Draft:
        """A draft of an existing subscription, with its own or with changed settings."""
        return await self._drafts.add(
            known.guild_id,
            user_id,
            settings or known.settings,
            now,
            subscription_id=known.id,
            revision=known.revision,
            mistyped=mistyped,
        )

    async def start_copy(self, known: Subscription, channel_id: int, user_id: int, now: datetime) -> Draft:
        """A draft of a new subscription with the settings of an existing one, as far as another channel allows."""
        settings = self._editor.adapt_settings_to_channel(known.guild_id, known.settings, channel_id)
        return await self._drafts.add(known.guild_id, user_id, settings, now)

    def _choose_channel(self, guild_id: int, admin_channel_id: int | None, actor: Actor) -> int:
        """The channel where the admin is, or another one if that is a forum or one of the two may not post there."""
        channels = self._channels.list_destinations(guild_id)
        if not channels:
            raise Refused(Refusal.NO_CHANNELS)
        here = [each for each in channels if each.id == admin_channel_id and not each.abilities.is_forum]
        preferred, posting = here + channels, PostingOptions()
        usable = [each for each in preferred if not each.list_missing_permissions(posting)]
        for each in usable:
            if not each.list_permissions_missing_for(actor, posting):
                return each.id
        return (usable or preferred)[0].id

    async def get_own_draft(self, draft_id: str, guild_id: int | None, user_id: int) -> Draft:
        """The draft with this id, if this user began it in this server."""
        draft = await self._drafts.get(draft_id)
        if draft is None:
            raise Refused(Refusal.PANEL_CLOSED)
        if (draft.guild_id, draft.user_id) != (guild_id, user_id):
            raise Refused(Refusal.PANEL_NOT_YOURS)
        return draft

    async def apply_picked_value(
        self, draft: Draft, control: str, picked: Sequence[str], actor: Actor, now: datetime
    ) -> Draft:
        """The draft with what was picked in a control."""
        values = read_picked_values(control, picked)
        wanted = replace_settings_fields(draft.settings, values)
        check_settings(draft.guild_id, wanted)
        if control in {"channel_id", "ping_role_id"}:
            self._editor.check_actor(
                draft.guild_id, self._editor.limit_settings_to_channel(draft.guild_id, wanted), actor
            )
        return await self._apply_values(draft, values, now)

    async def apply_typed_values(self, draft: Draft, typed: Mapping[str, str], now: datetime) -> Draft:
        """The draft with the valid values that were typed, and with what was mistyped to be corrected."""
        try:
            values, mistyped = read_typed_fields(typed, now.date())
        except Refused as refused:  # the modal was opened before an update
            raise Refused(Refusal.PANEL_CLOSED) from refused
        guess = draft.settings.schedule.timezone.key if draft.guessed_from and "timezone" not in draft.mistyped else ""
        if typed.get("timezone") == guess:  # the modal opened with the guess, and nobody confirmed it
            values.pop("timezone", None)
        return await self._apply_values(draft, values, now, mistyped)

    async def _apply_values(
        self, draft: Draft, values: Mapping[str, object], now: datetime, mistyped: Mapping[str, str] | None = None
    ) -> Draft:
        def edit(known: Draft) -> Draft:
            waiting = {field: text for field, text in known.mistyped.items() if field not in values}
            return replace(
                known,
                settings=replace_settings_fields(known.settings, values),
                mistyped=waiting | dict(mistyped or {}),
                guessed_from="" if "timezone" in values else known.guessed_from,
            )

        return await self._change_draft(draft, edit, now)

    async def dismiss_mistyped(self, draft: Draft, now: datetime) -> Draft:
        """The draft without what was mistyped."""
        return await self._change_draft(draft, lambda known: replace(known, mistyped={}), now)

    async def _change_draft(self, draft: Draft, edit: Callable[[Draft], Draft], now: datetime) -> Draft:
        changed = await self._drafts.change(draft.id, edit, now)
        if changed is None:
            raise Refused(Refusal.PANEL_CLOSED)
        return changed

    def get_effective_settings(self, draft: Draft) -> DigestSettings:
        """The settings that would be saved."""
        return self._editor.limit_settings_to_channel(draft.guild_id, draft.settings)

    async def find_next_run(self, draft: Draft, now: datetime) -> tuple[Run, bool]:
        """The next run if the draft is saved, and whether it would not come because the subscription is paused."""
        schedule = draft.settings.schedule
        known = await self._subscriptions.get(draft.subscription_id) if draft.subscription_id else None
        if known is None:
            return find_next_run(schedule, now), False
        return await self._editor.find_next_run(known, schedule, now), known.state is SubscriptionState.PAUSED

    async def get_draft_status(self, draft: Draft, now: datetime, *, typed_timezone: str = "") -> DraftStatus:
        """What would happen if the draft were saved now. A `typed_timezone` was just typed, and understood."""
        settings = self.get_effective_settings(draft)
        destination = self._channels.get_destination(draft.guild_id, settings.channel_id)
        run, is_paused = await self.find_next_run(draft, now)
        role = self._channels.get_pinged_role(draft.guild_id, settings.posting)
        match_count, caveats, preset_counts = await asyncio.gather(
            self._count_matching_papers(settings, now),
            self._outlook.find_caveats(settings, now),
            self._count_presets(draft, now),
        )
        misread = tuple(list_misread_fields(draft.mistyped, now.date()))
        return DraftStatus(
            replace(draft, settings=settings),
            now,
            run,
            is_paused,
            match_count,
            destination.abilities if destination else None,
            role.id if role else None,
            tuple(self._editor.list_obstacles(draft.guild_id, settings)),
            misread,
            tuple(_list_places(draft, misread, typed_timezone, now)),
            caveats,
            preset_counts,
        )

    async def _count_presets(self, draft: Draft, now: datetime) -> Mapping[str, int] | None:
        """Only a new subscription begins with a preset."""
        return await self._outlook.count_presets(now) if draft.subscription_id is None else None

    async def _count_matching_papers(self, settings: DigestSettings, now: datetime) -> tuple[int, int] | None:
        with suppress(PapersUnavailable, TimeoutError):
            async with asyncio.timeout(COUNT_TIMEOUT):
                return await self._composer.count_matching_papers(settings, now)
        return None

    async def save_draft(
        self, draft: Draft, *, by: Actor, now: datetime, another: bool = False
    ) -> tuple[Subscription, Action]:
        """Save the draft; returns the subscription and what was done to it. Raises `DuplicateDigest` unless `another`.

        The draft is deleted first. So if it is saved twice at the same time, only one of the two gets it. If the bot is
        killed right after that, the draft may be lost, but it is never saved twice.
        """
        deleted = await self._drafts.delete(draft.id)
        if deleted is None:
            raise Refused(Refusal.PANEL_CLOSED)
        try:
            return await self._save_subscription(deleted, by=by, now=now, another=another)
        except Exception:
            await self._drafts.restore(deleted, now)
            raise

    async def _save_subscription(
        self, draft: Draft, *, by: Actor, now: datetime, another: bool
    ) -> tuple[Subscription, Action]:
        settings = self.get_effective_settings(draft)
        self._editor.check_channel_exists(draft.guild_id, settings)
        if draft.subscription_id is None:
            return await self._editor.add_subscription(
                draft.guild_id, settings, by=by, now=now, another=another
            ), Action.ADDED
        known = await self._subscriptions.get(draft.subscription_id)
        if known is None or known.revision != draft.revision:
            raise ChangedMeanwhile
        return await self._editor.edit_subscription(known, settings, by=by, now=now), Action.EDITED

    async def discard_draft(self, draft: Draft) -> None:
        await self._drafts.delete(draft.id)


def list_misread_fields(mistyped: Mapping[str, str], today: date) -> Iterator[MisreadField]:
    """What waits to be corrected of what was typed, such as the `mistyped` of a draft."""
    for field, text in mistyped.items():
        try:
            read_typed_field(field, text, today)
        except Refused as refused:
            places = find_meant_places(text) if field == "timezone" else ()
            yield MisreadField(field, text, refused, tuple(places))


def _list_places(draft: Draft, misread: Sequence[MisreadField], typed_timezone: str, now: datetime) -> Sequence[Place]:
    """The time zones that were meant by what was typed, or those of the admin's language while it is a guess."""
    for each in misread:
        if each.field == "timezone":
            return each.places
    if draft.guessed_from:
        timezones = list_timezones_of_language(draft.guessed_from, now.year)
        return [Place(name_timezone(each), each) for each in timezones]
    return find_meant_places(typed_timezone)
