"""A person of whom data of every kind is stored: as a reader, and as an admin."""

from dataclasses import replace
from datetime import timedelta

from bot.digest import Digest, Likeness
from bot.share import WHOLE
from bot.storage import INBOX, How, MessageForm, Muted, MutedKind, Storage, Subscription
from bot.subscription.schedule import Run
from tests.support.builders import DAY, FIRST_RUN, GONE, MORNING, NOTHING_LISTED, SETTINGS, digest, paper, plan, send
from tests.support.restored import store_search
from tests.support.subscriptions import FULL, LATER

ADA, BOB = 770000000000000001, 880000000000000002


def bring(*ids: str, query: str = "author:lecun") -> Digest:
    """A digest that a followed query brought."""
    made = digest(*(paper(each, upvotes=31, comments=17) for each in ids))
    likeness = Likeness("2512.00077", 0.8125)
    return replace(made, highlights=tuple(replace(h, followed=(query,), likeness=likeness) for h in made.highlights))


async def add_for_person(storage: Storage, user_id: int) -> Subscription:
    settings = replace(FULL, channel_id=user_id + 5)
    return await storage.subscriptions.add_for_person(user_id, settings, now=MORNING, next_run=FIRST_RUN)


async def furnish(storage: Storage, user_id: int) -> None:
    """Give a person data of every kind: as a reader, and as an admin of the server 1."""
    listed = [paper(f"2602.{number:05}") for number in range(30)]
    await storage.papers.record_list(DAY, listed, MORNING)
    for text, how in {INBOX: How.WEEKLY, f"words of {user_id}": How.AT_ONCE, "author:lecun": How.DAILY}.items():
        await storage.followed_queries.follow(user_id, text, how, DAY, MORNING)
    await storage.followed_queries.mute(user_id, Muted(MutedKind.TAG, f"tag of {user_id}"), MORNING)
    await storage.saved_papers.annotate(
        user_id, listed[0].id, note=f"note of {user_id}", own_tags=["thesis", "robots"], now=MORNING
    )
    await storage.saved_papers.mark_read(user_id, listed[0].id, LATER)
    await storage.saved_papers.save(user_id, listed[1].id, MORNING)
    await storage.saved_papers.remove(user_id, listed[1].id, LATER)
    known = await add_for_person(storage, user_id)
    for number in range(12):
        run = Run(DAY + timedelta(days=number), MORNING)
        await send(storage, await plan(storage, known, bring(listed[number].id), run=run), user_id + number)
    await storage.deliveries.pack_old_runs(WHOLE, MORNING + timedelta(days=99))
    ends: list[tuple[str, Digest]] = [
        ("quiet", digest(reason=NOTHING_LISTED)),
        ("failed", bring("2602.00020")),
        ("rejected", bring("2602.00021")),
        ("planned", bring("2602.00022")),
    ]
    for number, (end, planned) in enumerate(ends, 12):
        run = Run(DAY + timedelta(days=number), MORNING)
        delivery = await plan(storage, known, planned, f"{end} {user_id}", run=run, extra=number)
        assert delivery
        if end == "failed":
            await storage.deliveries.fail_delivery(delivery.id, GONE, MORNING)
        elif end == "rejected":
            await storage.deliveries.simplify_message(delivery.id, 1, MessageForm.SET_ASIDE, 50035)
            rejected = await storage.deliveries.get(delivery.id)
            assert rejected
            await storage.deliveries.fail_delivery(delivery.id, GONE, MORNING, skipping=rejected.rejected_messages)
        elif end == "quiet":
            await storage.deliveries.complete_delivery(delivery)
    await storage.notices.record_first_notice(0, known.id, user_id + 5, LATER)
    await storage.drafts.add(0, user_id, FULL, LATER, mistyped={"time": f"half past {user_id}"}, guessed_from="pt-BR")
    servers = await storage.subscriptions.add(1, SETTINGS, by=user_id, now=MORNING, next_run=FIRST_RUN)
    await storage.drafts.add(1, user_id, SETTINGS, MORNING, subscription_id=servers.id, revision=0)
    await storage.subscriptions.edit(servers, replace(SETTINGS, channel_id=6), FIRST_RUN, by=user_id, now=LATER)
    await storage.database.execute("INSERT INTO idle_people VALUES (?, '2026-01-17T08:00:00+00:00')", user_id)
    await store_search(storage, known)
