"""Calls of every function of the storage, whose statements are looked at."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.brand import GivenPart, Part
from bot.reasons import ReasonKind
from bot.share import WHOLE
from bot.storage import (
    FoundMessage,
    How,
    MessageForm,
    Muted,
    MutedKind,
    OwnerNotice,
    OwnMessage,
    RegisteredCommands,
    SearchedChannel,
    ServerFeed,
    ShownPaper,
    Storage,
    Subscription,
)
from bot.vitals import Fault
from tests.support.builders import (
    DAY,
    FIRST_RUN,
    GONE,
    MORNING,
    SECOND_RUN,
    SETTINGS,
    build_past,
    digest,
    paper,
    plan,
)

GROWING = {
    *("papers", "listings", "captures", "upvote_snapshots", "embeddings", "subscriptions", "deliveries"),
    *("messages", "highlights", "digest_settings", "past_runs", "audit_log", "drafts", "guilds", "notices"),
    *("stored_queries", "followed_queries", "muted", "idle_people", "restored_subscriptions", "found_messages"),
}
FEED = ServerFeed(1, "key", MORNING)
SHARING = replace(
    SETTINGS, selection=replace(SETTINGS.selection, allow_repeats=False)
)  # looks at the other digests of its channel


class Works:
    """Calls of every function of the storage, by its name there: `deliveries.plan_delivery`."""

    def __init__(self, storage: Storage, known: Subscription, delivery_id: int) -> None:
        self.storage, self.known, self.delivery_id = storage, known, delivery_id

    def calls(self) -> dict[str, Callable[[], Any]]:
        storage, known, delivery_id = self.storage, self.known, self.delivery_id
        ids, days = ["2601.00001", "2601.00002"], (DAY, DAY + timedelta(days=6))
        return {
            "papers.record_list": lambda: storage.papers.record_list(
                DAY, [paper("2601.00003")], MORNING, ids=["2601.00003"]
            ),
            "papers.record_paper": lambda: storage.papers.record_paper(paper("2601.00004"), MORNING),
            "papers.complete_papers": lambda: storage.papers.complete_papers([paper("2601.00001")]),
            "papers.list_snapshots": lambda: storage.papers.list_snapshots(ids[0]),
            "snapshots.thin_snapshots": lambda: storage.snapshots.thin_snapshots(MORNING + timedelta(days=99)),
            "papers.get_capture_times": lambda: storage.papers.get_capture_times(days),
            "papers.get": lambda: storage.papers.get(ids),
            "papers.list_unknown": lambda: storage.papers.list_unknown(ids),
            "papers.list_top_papers": self.tops,
            "papers.list_best_at": lambda: storage.papers.list_best_at(*days, MORNING, limit=10),
            "papers.list_candidates": lambda: storage.papers.list_candidates(*days),
            "papers.list_days_with_papers": lambda: storage.papers.list_days_with_papers(*days),
            "papers.list_days_of_paper": lambda: storage.papers.list_days_of_paper(ids[0]),
            "papers.get_latest_listed_day": lambda: storage.papers.get_latest_listed_day(DAY),
            "papers.get_first_listed_day": lambda: storage.papers.get_first_listed_day(DAY),
            "papers.list_changed_since": lambda: storage.papers.list_changed_since(0, 100),
            "papers.get_last_change": storage.papers.get_last_change,
            "papers.count": storage.papers.count,
            "papers.get_archive_id": storage.papers.get_archive_id,
            "backlog.read": lambda: storage.backlog.read(WHOLE, MORNING),
            "embeddings.list_missing": lambda: storage.embeddings.list_missing("m", 16),
            "embeddings.list_without_any": lambda: storage.embeddings.list_without_any(16),
            "embeddings.save": lambda: storage.embeddings.save("m", [(paper(ids[0]), b"v")]),
            "embeddings.get": lambda: storage.embeddings.get("m", ids),
            "guilds.record_join": lambda: storage.guilds.record_join(1, MORNING),
            "guilds.record_leave": lambda: storage.guilds.record_leave(9, MORNING),
            "guilds.leave_blocked": lambda: storage.guilds.leave_blocked(WHOLE, [8, 9], MORNING),
            "guilds.reconcile_servers": lambda: storage.guilds.reconcile_servers(WHOLE, [1, 2], MORNING),
            "guilds.delete_left_servers": lambda: storage.guilds.delete_left_servers(
                WHOLE, MORNING + timedelta(days=99)
            ),
            "guilds.list_servers_left_before": lambda: storage.guilds.list_servers_left_before(WHOLE, MORNING),
            "guilds.delete_server": lambda: storage.guilds.delete_server(9),
            "notices.record_first_notice": lambda: storage.notices.record_first_notice(1, 1, 1, MORNING),
            "subscriptions.add": lambda: storage.subscriptions.add(1, SETTINGS, by=7, now=MORNING, next_run=FIRST_RUN),
            "subscriptions.list_for_server": lambda: storage.subscriptions.list_for_server(1),
            "subscriptions.get": lambda: storage.subscriptions.get(1),
            "subscriptions.list_due": lambda: storage.subscriptions.list_due(WHOLE, SECOND_RUN.at),
            "subscriptions.list_suspended": lambda: storage.subscriptions.list_suspended(
                WHOLE, only=ReasonKind.IN_TIME_OUT
            ),
            "subscriptions.list_suspended_in_server": lambda: storage.subscriptions.list_suspended_in_server(1),
            "subscriptions.get_if_due": lambda: storage.subscriptions.get_if_due(1, SECOND_RUN.at),
            "subscriptions.add_for_person": lambda: storage.subscriptions.add_for_person(
                7, SETTINGS, now=MORNING, next_run=FIRST_RUN
            ),
            "subscriptions.move_for_person": lambda: storage.subscriptions.move_for_person(7, 6),
            "subscriptions.take_closed_inbox_notice": self.take_notice,
            "subscriptions.list_due_people": lambda: storage.subscriptions.list_due_people(
                WHOLE, SECOND_RUN.at, limit=9
            ),
            "subscriptions.get_for_person": lambda: storage.subscriptions.get_for_person(7),
            "server_feeds.get": lambda: storage.server_feeds.get(1),
            "server_feeds.find": lambda: storage.server_feeds.find("key"),
            "server_feeds.add": lambda: storage.server_feeds.add(1, "key", MORNING),
            "server_feeds.replace_key": lambda: storage.server_feeds.replace_key(FEED, "new", MORNING),
            "server_feeds.delete": lambda: storage.server_feeds.delete(FEED),
            "saved_papers.save": lambda: storage.saved_papers.save(7, ids[0], MORNING),
            "saved_papers.remove": lambda: storage.saved_papers.remove(7, ids[0], MORNING),
            "saved_papers.toggle": lambda: storage.saved_papers.toggle(7, ids[0], MORNING),
            "saved_papers.annotate": lambda: storage.saved_papers.annotate(
                7, ids[0], note="n", own_tags=["t"], now=MORNING
            ),
            "saved_papers.mark_read": lambda: storage.saved_papers.mark_read(7, ids[0], MORNING),
            "saved_papers.count": lambda: storage.saved_papers.count(7),
            "saved_papers.list_own_tags": lambda: storage.saved_papers.list_own_tags(7),
            "saved_papers.get": lambda: storage.saved_papers.get(7, ids[0]),
            "saved_papers.get_several": lambda: storage.saved_papers.get_several(7, ids),
            "saved_papers.read_overview": lambda: storage.saved_papers.read_overview(7, with_texts=True),
            "saved_papers.delete_removed": lambda: storage.saved_papers.delete_removed(
                WHOLE, MORNING + timedelta(days=99)
            ),
            "followed_queries.follow": lambda: storage.followed_queries.follow(
                7, "tag:x", How.DAILY, DAY, MORNING, edit=lambda known: known or SETTINGS
            ),
            "followed_queries.get_following": lambda: storage.followed_queries.get_following(7),
            "followed_queries.change_settings": lambda: storage.followed_queries.change_settings(
                7,
                MORNING,
                lambda known: replace(SETTINGS, schedule=replace(SETTINGS.schedule, weekdays=frozenset({1}))),
            ),
            "followed_queries.list_for_person": lambda: storage.followed_queries.list_for_person(7),
            "followed_queries.unfollow": lambda: storage.followed_queries.unfollow(7, 1, MORNING),
            "followed_queries.unfollow_all": lambda: storage.followed_queries.unfollow_all(7, MORNING),
            "personal_digests.read_inputs": lambda: storage.personal_digests.read_inputs(
                1, 7, DAY, timedelta(days=13), timedelta(days=30)
            ),
            "personal_digests.list_at_once_queries": self.page,
            "personal_digests.find_waiting_people": lambda: storage.personal_digests.find_waiting_people(
                WHOLE, [("tag:x", ids[0], DAY)]
            ),
            "personal_digests.read_at_once_inputs": lambda: storage.personal_digests.read_at_once_inputs(
                7, ids, MORNING
            ),
            "followed_queries.mute": lambda: storage.followed_queries.mute(7, Muted(MutedKind.TAG, "x"), MORNING),
            "followed_queries.list_muted": lambda: storage.followed_queries.list_muted(7),
            "followed_queries.count_brought": lambda: storage.followed_queries.count_brought(1, DAY),
            "followed_queries.unmute": lambda: storage.followed_queries.unmute(7, Muted(MutedKind.TAG, "x")),
            "people.read_data": lambda: storage.people.read_data(7),
            "people.delete_old": lambda: storage.people.delete_old(WHOLE, MORNING + timedelta(days=999)),
            "people.delete_person": lambda: storage.people.delete_person(99),
            "subscriptions.count_active": lambda: storage.subscriptions.count_active(WHOLE),
            "subscriptions.edit": lambda: storage.subscriptions.edit(known, SETTINGS, FIRST_RUN, by=7, now=MORNING),
            "subscriptions.pause": lambda: self.newest("pause"),
            "subscriptions.resume": lambda: self.newest("resume", FIRST_RUN),
            "subscriptions.remove": lambda: self.newest("remove"),
            "subscriptions.suspend": lambda: storage.subscriptions.suspend(1, GONE, MORNING),
            "subscriptions.suspend_blocked": lambda: storage.subscriptions.suspend_blocked(WHOLE, [7, 99]),
            "subscriptions.recover": lambda: storage.subscriptions.recover(1, MORNING),
            "subscriptions.set_waiting_reason": lambda: storage.subscriptions.set_waiting_reason(1, GONE),
            "drafts.add": lambda: storage.drafts.add(1, 7, SETTINGS, MORNING),
            "drafts.restore": self.put_draft,
            "drafts.get": lambda: storage.drafts.get("a"),
            "drafts.change": lambda: storage.drafts.change("a", lambda draft: draft, MORNING),
            "drafts.delete": lambda: storage.drafts.delete("a"),
            "drafts.delete_old": lambda: storage.drafts.delete_old(MORNING),
            "stored_queries.store": lambda: storage.stored_queries.store(["x" * 99], MORNING),
            "stored_queries.find": lambda: storage.stored_queries.find("a"),
            "stored_queries.delete_old": lambda: storage.stored_queries.delete_old(MORNING),
            "audit_log.list_latest": lambda: storage.audit_log.list_latest(1, 20),
            "deliveries.plan_delivery": lambda: plan(
                storage, replace(known, settings=SHARING), digest(paper(ids[1])), run=SECOND_RUN
            ),
            "deliveries.get": lambda: storage.deliveries.get(delivery_id),
            "deliveries.find_by_nonce": lambda: storage.deliveries.find_by_nonce("n"),
            "deliveries.list_under_way": lambda: storage.deliveries.list_under_way(WHOLE, MORNING),
            "deliveries.list_under_way_to_people": lambda: storage.deliveries.list_under_way_to_people(
                WHOLE, MORNING, limit=9
            ),
            "deliveries.list_latest": lambda: storage.deliveries.list_latest(1, 5),
            "deliveries.get_under_way": lambda: storage.deliveries.get_under_way(1),
            "deliveries.count_extra_digests": lambda: storage.deliveries.count_extra_digests(1, DAY),
            "deliveries.get_last_posted": lambda: storage.deliveries.get_last_posted(1),
            "deliveries.list_planned_dates": lambda: storage.deliveries.list_planned_dates(1, DAY),
            "deliveries.get_covered_until": lambda: storage.deliveries.get_covered_until(1),
            "deliveries.read_digest_inputs": lambda: storage.deliveries.read_digest_inputs(
                1, DAY, DAY, guild_id=1, settings=SHARING
            ),
            "deliveries.find_highlighted": lambda: storage.deliveries.find_highlighted(1, ids),
            "deliveries.find_by_paper": lambda: storage.deliveries.find_by_paper(1, ids[0]),
            "deliveries.find_elsewhere": lambda: storage.deliveries.find_elsewhere(
                replace(known, settings=SHARING), ids[0]
            ),
            "deliveries.find_rejection": lambda: storage.deliveries.find_rejection(1, ids[0]),
            "deliveries.list_posted_in_server": lambda: storage.deliveries.list_posted_in_server(1, DAY, limit=30),
            "deliveries.find_covering": lambda: storage.deliveries.find_covering(1, DAY),
            "deliveries.find_first_seen": lambda: storage.deliveries.find_first_seen(1, ids),
            "deliveries.count_published_since": lambda: storage.deliveries.count_published_since(5, MORNING),
            "deliveries.count_failures_in_a_row": lambda: storage.deliveries.count_failures_in_a_row(1),
            "deliveries.record_attempt": lambda: storage.deliveries.record_attempt(delivery_id, 1, MORNING),
            "deliveries.record_absence": lambda: storage.deliveries.record_absence(delivery_id, 1),
            "deliveries.record_search": lambda: storage.deliveries.record_search(delivery_id, 1, 7),
            "deliveries.record_arrival": lambda: storage.deliveries.record_arrival(delivery_id, 1, 5, 77, MORNING),
            "deliveries.record_server_error": lambda: storage.deliveries.record_server_error(delivery_id, 1),
            "deliveries.simplify_message": lambda: storage.deliveries.simplify_message(
                delivery_id, 1, MessageForm.PLAIN, 50035
            ),
            "deliveries.split_message": self.split,
            "deliveries.record_thread": lambda: storage.deliveries.record_thread(delivery_id, 1),
            "deliveries.record_publication": lambda: storage.deliveries.record_publication(delivery_id, 1, MORNING),
            "deliveries.postpone_delivery": lambda: storage.deliveries.postpone_delivery(delivery_id, GONE, MORNING),
            "deliveries.complete_delivery": self.complete,
            "deliveries.fail_delivery": lambda: storage.deliveries.fail_delivery(
                delivery_id, GONE, MORNING, suspending=True
            ),
            "deliveries.undo_delivery": self.undo,
            "deliveries.pack_old_runs": lambda: build_past(storage),
            "posted_papers.list_channels": lambda: storage.posted_papers.list_channels(1),
            "posted_papers.find_latest": lambda: storage.posted_papers.find_latest(1, [5], ids),
            "posted_papers.list_since": lambda: storage.posted_papers.list_since(1, [5], MORNING, limit=5),
            "commands.get": lambda: storage.commands.get(1),
            "brand.list_parts": lambda: storage.brand.list_parts(1),
            "brand.save_part": lambda: storage.brand.save_part(1, Part.AVATAR, GivenPart("a", "b")),
            "restored.mark_if_old": lambda: storage.restored.mark_if_old(WHOLE, MORNING + timedelta(days=9)),
            "restored.list_channels": lambda: storage.restored.list_channels(WHOLE),
            "restored.is_searched": lambda: storage.restored.is_searched(known),
            "restored.read_search": lambda: storage.restored.read_search(SearchedChannel(5, None)),
            "restored.list_recorded": lambda: storage.restored.list_recorded(["n"]),
            "restored.record_progress": lambda: self.search("record_progress", 9, ()),
            "restored.finish_search": lambda: self.search("finish_search", (), MORNING, giving_up=True),
            "owner_notices.list_all": storage.owner_notices.list_all,
            "owner_notices.save": lambda: storage.owner_notices.save(Fault.DISK_FULL, OwnerNotice(MORNING, MORNING)),
            "owner_notices.delete": lambda: storage.owner_notices.delete(Fault.DISK_FULL),
            "commands.save": lambda: storage.commands.save(1, RegisteredCommands("f", {}), MORNING),
        }

    async def search(self, name: str, *values: Any, **options: Any) -> None:
        """Of a person's direct messages too, where a run has been found."""
        person = await self.storage.subscriptions.get_for_person(7)
        assert person
        message = OwnMessage(99, 5, MORNING, "found", (ShownPaper("2601.00009", "", None),))
        for channel in (SearchedChannel(5, None), SearchedChannel(6, 7)):
            search = await self.storage.restored.read_search(channel)
            assert search
            found = [FoundMessage(search.subscriptions[0].id, DAY, 0, 1, message)]
            await self.storage.restored.record_progress(search, 8, found)
            await getattr(self.storage.restored, name)(search, *values, **options)

    async def page(self) -> None:
        await self.storage.followed_queries.follow(7, "tag:y", How.AT_ONCE, DAY, MORNING, edit=lambda _: SETTINGS)
        assert [each async for each in self.storage.personal_digests.list_at_once_queries(WHOLE)] == [["tag:y"]]

    async def tops(self) -> None:
        for days in (1, 30, 365):
            await self.storage.papers.list_top_papers(DAY, DAY + timedelta(days=days), limit=5)

    async def take_notice(self) -> None:
        person = await self.storage.subscriptions.add_for_person(99, SETTINGS, now=MORNING, next_run=FIRST_RUN)
        await self.storage.subscriptions.suspend(person.id, GONE, MORNING)
        await self.storage.subscriptions.take_closed_inbox_notice(99)

    async def newest(self, name: str, *values: Any) -> None:
        subscription = await self.storage.subscriptions.get(self.known.id)
        await getattr(self.storage.subscriptions, name)(subscription, *values, by=7, now=MORNING)

    async def put_draft(self) -> None:
        draft = await self.storage.drafts.add(1, 7, SETTINGS, MORNING)
        await self.storage.drafts.delete(draft.id)
        await self.storage.drafts.restore(draft, MORNING)

    async def split(self) -> None:
        delivery = await self.storage.deliveries.get(self.delivery_id)
        assert delivery
        await self.storage.deliveries.split_message(delivery.id, delivery.messages[0], "half", 50035)

    async def complete(self) -> None:
        await self.storage.deliveries.simplify_message(self.delivery_id, 1, MessageForm.SET_ASIDE, 50035)
        delivery = await self.storage.deliveries.get(self.delivery_id)
        assert delivery
        await self.storage.deliveries.complete_delivery(delivery)

    async def undo(self) -> None:
        delivery = await self.storage.deliveries.get(self.delivery_id)
        assert delivery
        await self.storage.deliveries.undo_delivery(delivery, by=7, now=MORNING)
