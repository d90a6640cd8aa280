"""Composes people's digests: what the next run brings of all that somebody follows."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.archive import Archive, is_list_fresh
from bot.digest import Digest, get_latest_closed_day, list_days_between
from bot.following.choosing import (
    MAX_WINDOW,
    WINDOW,
    Offer,
    choose_papers,
    explain_quiet_run,
    get_first_day,
    get_least_upvotes,
    is_due,
)
from bot.following.listed import Listed, ListedPapers
from bot.reasons import Reason, ReasonKind
from bot.search import parse_query
from bot.storage import FollowedQuery, How, PersonalInputs, Storage, Subscription
from bot.subscription.schedule import Cadence, find_latest_run

LOOK_BACK = timedelta(days=WINDOW[How.WEEKLY] - 1)  # what almost everyone is asked for, so it is read once for all


class PersonalComposer:
    """Composes digests from what is in `storage`, after `archive` has refreshed the lists."""

    def __init__(self, storage: Storage, archive: Archive, listed: Listed) -> None:
        self._personal_digests = storage.personal_digests
        self._archive = archive
        self._listed = listed

    async def compose_digest(self, subscription: Subscription, now: datetime) -> Digest:
        """What a person's run at `now` brings. Raises `PapersUnavailable` when the lists cannot be trusted."""
        closed = get_latest_closed_day(now)
        inputs = await self._read_inputs(subscription, closed)
        new = _find_new_days(inputs, closed)
        if not all(is_list_fresh(day, inputs.captured_at.get(day), now) for day in new):
            await self._archive.ensure_fresh_lists(new, now)
            inputs = await self._read_inputs(subscription, closed)
        listed = await self._listed.read(inputs.first_day, closed, inputs.change)
        due = list(_list_due(inputs, subscription, now))
        offers = await self._make_offers(due, inputs, subscription.settings.selection.size, listed, closed)
        return await self._choose(inputs, offers, listed, new, closed)

    async def _read_inputs(self, subscription: Subscription, closed: date) -> PersonalInputs:
        assert subscription.user_id
        return await self._personal_digests.read_inputs(
            subscription.id, subscription.user_id, closed, LOOK_BACK, MAX_WINDOW
        )

    async def _make_offers(
        self, due: list[FollowedQuery], inputs: PersonalInputs, size: int, listed: ListedPapers, closed: date
    ) -> list[Offer]:
        queries = [each.query for each in due if not each.is_inbox]
        matching = await self._listed.find_matching(queries, listed, closed)
        offers = []
        for each in due:
            first = get_first_day(each, closed, inputs.covered_until, is_behind=inputs.is_behind)
            if each.is_inbox:
                offers.append(Offer(each, first, size=size))
            else:
                offers.append(Offer(each, first, _keep_upvoted(matching[each.query], each, listed, closed)))
        return offers

    async def _choose(
        self, inputs: PersonalInputs, offers: list[Offer], listed: ListedPapers, new: list[date], closed: date
    ) -> Digest:
        covered = max(inputs.covered_until or closed, closed)
        days = listed.list_days(new[0], closed) if new else ()
        listed_count = listed.count_papers(new[0], closed) if new else 0
        if not offers:
            return Digest(covered, days, listed_count, reason=Reason(ReasonKind.NONE_FOLLOWED))
        unwanted = inputs.shown
        if inputs.muted:
            unwanted |= await self._listed.find_muted(
                inputs.muted, listed, _list_fresh_ids(inputs, offers, listed, closed), closed
            )
        highlights, left = choose_papers(listed.candidates, offers, closed, unwanted=unwanted)
        if highlights:
            highlights = await self._listed.mark_likeness(highlights, closed)
            return Digest(covered, days, listed_count, highlights, left_count=left)
        reason = explain_quiet_run(listed.candidates, offers, closed, shown=inputs.shown, listed_count=listed_count)
        return Digest(covered, days, listed_count, reason=reason)


def _find_new_days(inputs: PersonalInputs, closed: date) -> list[date]:
    """The days that a run covers: those that closed since the last one, or since something has been followed."""
    first = min((each.first_day for each in inputs.followed), default=closed)
    if inputs.covered_until:
        first = max(first, inputs.covered_until + timedelta(days=1))
    return list(list_days_between(max(first, closed - MAX_WINDOW), closed))


def _list_due(inputs: PersonalInputs, subscription: Subscription, now: datetime) -> Iterator[FollowedQuery]:
    """What is followed, without the weekly part on the other days of the week."""
    schedule = subscription.settings.schedule
    run = find_latest_run(schedule, now)
    weekly_run = find_latest_run(replace(schedule, cadence=Cadence.WEEKLY), now)
    return (each for each in inputs.followed if is_due(each, run, weekly_run, inputs.last_run))


def _keep_upvoted(
    matching: frozenset[str], followed: FollowedQuery, listed: ListedPapers, closed: date
) -> frozenset[str]:
    """Without the papers that lack the upvotes to come at once."""
    if followed.how is not How.AT_ONCE or not matching:
        return matching
    least = get_least_upvotes(parse_query(followed.query, closed), followed.how)
    return frozenset(each for each in matching if listed.candidates[each].paper.upvotes >= least)


def _list_fresh_ids(inputs: PersonalInputs, offers: list[Offer], listed: ListedPapers, closed: date) -> frozenset[str]:
    """The papers that may come, were they not muted."""
    coming = frozenset(paper.id for offer in offers for paper in offer.list_papers(listed.candidates, closed))
    return coming - inputs.shown
