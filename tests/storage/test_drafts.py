"""Drafts: settings that an admin is editing."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.storage import Draft, Storage
from tests.support.builders import MORNING, SETTINGS, subscribe
from tests.support.subscriptions import FULL, LATER

pytestmark = pytest.mark.usefixtures("the_file_is_sound")


def fill(draft: Draft, **known: Any) -> Draft:
    """The draft with other settings."""
    return replace(draft, settings=replace(FULL, **known))


class TestDrafts:
    async def test_a_draft_is_read_back_exactly_as_it_was_added(self, storage: Storage) -> None:
        known = await subscribe(storage)
        new = await storage.drafts.add(1, 7, FULL, MORNING)
        edit = await storage.drafts.add(1, 7, SETTINGS, MORNING, subscription_id=known.id, revision=3)
        assert new == Draft(new.id, 1, 7, None, None, FULL)
        assert edit == Draft(edit.id, 1, 7, known.id, 3, SETTINGS)
        assert new.id != edit.id
        assert [await storage.drafts.get(each.id) for each in (new, edit)] == [new, edit]
        assert await storage.drafts.get("nonsense") is None

    async def test_a_change_of_a_draft_is_kept_and_leaves_other_drafts_alone(self, storage: Storage) -> None:
        draft, other = [await storage.drafts.add(1, 7, SETTINGS, MORNING) for _ in range(2)]
        changed = await storage.drafts.change(
            draft.id, lambda known: fill(known, channel_id=known.settings.channel_id), LATER
        )
        assert changed == replace(draft, settings=replace(FULL, channel_id=5))
        assert await storage.drafts.get(draft.id) == changed
        assert await storage.drafts.get(other.id) == other
        assert await storage.drafts.change("nonsense", lambda known: known, LATER) is None

    async def test_changes_of_a_draft_made_at_once_are_all_kept(self, storage: Storage) -> None:
        draft = await storage.drafts.add(1, 7, replace(SETTINGS, channel_id=0), MORNING)

        def counted(known: Draft) -> Draft:
            return replace(known, settings=replace(known.settings, channel_id=known.settings.channel_id + 1))

        await asyncio.gather(*(storage.drafts.change(draft.id, counted, LATER) for _ in range(20)))
        assert await storage.drafts.get(draft.id) == replace(draft, settings=replace(SETTINGS, channel_id=20))

    async def test_what_was_mistyped_and_a_guess_are_kept_until_they_are_taken_away(self, storage: Storage) -> None:
        typed = {"time": "late\n`\ud800", "filter": "x" * 5000}
        draft = await storage.drafts.add(1, 7, SETTINGS, MORNING, mistyped=typed, guessed_from="pt-BR")
        known = await storage.drafts.get(draft.id)
        assert known
        assert (known.mistyped["time"], known.guessed_from) == (typed["time"], "pt-BR")
        assert known.mistyped["filter"] == "x" * 4000
        await storage.drafts.change(draft.id, lambda each: replace(each, mistyped={}, guessed_from=""), LATER)
        assert await storage.drafts.get(draft.id) == replace(draft, mistyped={}, guessed_from="")

    async def test_a_change_that_fails_leaves_the_draft_as_it_was(self, storage: Storage) -> None:
        draft = await storage.drafts.add(1, 7, SETTINGS, MORNING)

        def refuse(known: Draft) -> Draft:
            raise ValueError

        with pytest.raises(ValueError):  # noqa: PT011
            await storage.drafts.change(draft.id, refuse, LATER)
        assert await storage.drafts.get(draft.id) == draft
        assert await storage.drafts.change(draft.id, fill, LATER)

    async def test_a_draft_that_is_taken_many_times_at_once_is_given_out_once(self, storage: Storage) -> None:
        draft, other = [await storage.drafts.add(1, 7, SETTINGS, MORNING) for _ in range(2)]
        ended = await asyncio.gather(*(storage.drafts.delete(draft.id) for _ in range(5)))
        assert sorted(ended, key=repr) == sorted([draft, None, None, None, None], key=repr)
        assert await storage.drafts.get(draft.id) is None
        assert await storage.drafts.change(draft.id, lambda known: known, LATER) is None
        assert await storage.drafts.get(other.id) == other

    async def test_a_draft_that_was_deleted_too_soon_can_be_restored(self, storage: Storage) -> None:
        known = await subscribe(storage)
        await storage.drafts.add(1, 7, FULL, MORNING, subscription_id=known.id, revision=3)
        draft = await storage.drafts.add(1, 7, FULL, MORNING, subscription_id=known.id, revision=3)
        assert await storage.drafts.delete(draft.id) == draft
        await storage.drafts.restore(draft, LATER)
        assert await storage.drafts.get(draft.id) == draft

    async def test_a_draft_that_nobody_changed_for_a_day_is_deleted(self, storage: Storage) -> None:
        old, changed = [await storage.drafts.add(1, 7, SETTINGS, MORNING) for _ in range(2)]
        await storage.drafts.change(changed.id, fill, LATER)
        recent = await storage.drafts.add(2, 8, SETTINGS, MORNING + timedelta(days=1))
        await storage.drafts.delete_old(MORNING + timedelta(days=1))
        assert await storage.drafts.get(old.id) == old
        await storage.drafts.delete_old(MORNING + timedelta(days=1, seconds=1))
        assert await storage.drafts.get(old.id) is None
        assert await storage.drafts.get(changed.id)
        assert await storage.drafts.get(recent.id) == recent
