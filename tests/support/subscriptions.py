"""Subscriptions in storage: settings with every option set, and what admins do to a subscription."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

from bot.storage import Storage, Subscription
from bot.subscription.schedule import Cadence, Schedule
from bot.subscription.settings import DigestLayout, DigestSettings, PostingOptions, Selection, Threads
from tests.support.builders import MORNING, SECOND_RUN, SETTINGS

LATER = MORNING + timedelta(hours=1)
MOVED = replace(SETTINGS, channel_id=6)
FULL = DigestSettings(  # every option differs from its default
    2**63 - 1,
    Schedule(time(18, 30), ZoneInfo("Asia/Kolkata"), frozenset({1, 5}), Cadence.MONTHLY),
    Selection(10, 3, 0, 'title:"Ünï \' kode" 💡'),
    PostingOptions(DigestLayout.CARDS, Threads.PER_PAPER, 10080, True, 2**63 - 1, 20, True, True),
)


async def newest(storage: Storage, subscription: Subscription) -> Subscription:
    known = await storage.subscriptions.get(subscription.id)
    assert known
    return known


Work = Callable[[Storage, Subscription], Awaitable[object]]
CHANGES: dict[str, Work] = {
    "edit": lambda storage, known: storage.subscriptions.edit(known, MOVED, SECOND_RUN, by=9, now=LATER),
    "pause": lambda storage, known: storage.subscriptions.pause(known, by=9, now=LATER),
    "resume": lambda storage, known: storage.subscriptions.resume(known, SECOND_RUN, by=9, now=LATER),
    "remove": lambda storage, known: storage.subscriptions.remove(known, by=9, now=LATER),
}
