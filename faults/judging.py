"""Checks what must be true in a channel after the faults, and lists what is wrong."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.storage import Delivery, DeliveryState
from bot.subscription.settings import Threads
from tests.support.wire import Channel, Kind


@dataclass(frozen=True, slots=True)
class Leniency:
    """What a fault excuses. Nothing excuses a paper that was posted twice, or a missing next digest."""

    given_up: bool = False  # a digest may be given up, or lack its thread, if a reason is recorded
    left_out: bool = False  # papers may be left out if they are recorded as rejected


STRICT = Leniency()


def wrongs(
    channel: Channel, deliveries: Sequence[Delivery], listed: Iterable[str], excused: Leniency = STRICT
) -> Iterator[str]:
    """What is wrong in a channel whose digests (latest first) should have highlighted all papers in `listed`."""
    posted = Counter(paper for message in channel.digests for paper in message.papers)
    twice = [paper for paper, times in posted.items() if times > 1]
    refused = {each.paper_id for delivery in deliveries for each in delivery.rejected_papers if excused.left_out}
    lost = [paper for paper in listed if paper not in posted and paper not in refused]
    if twice:
        yield f"twice: {', '.join(twice)}"
    if lost:
        yield f"lost: {', '.join(lost)}"
    yield from _record(channel, deliveries, posted)
    for delivery in deliveries:
        yield from _ends(delivery, excused)
    if not deliveries or deliveries[0].state is not DeliveryState.SENT:
        yield "the last digest did not come"
    yield from _follow_ups(channel, deliveries)


def _record(channel: Channel, deliveries: Sequence[Delivery], posted: Iterable[str]) -> Iterator[str]:
    """What is recorded must match what is in the channel."""
    recorded = [(each.place_id, each.message_id) for delivery in deliveries for each in delivery.messages]
    if sorted(place for place in recorded if place[1]) != sorted(
        (each.channel_id, each.id) for each in channel.digests
    ):
        yield "recorded are other messages than stand there"
    highlighted = [each.paper.id for delivery in deliveries for each in delivery.digest.highlights]
    if sorted(highlighted) != sorted(posted):
        yield "recorded are other papers than stand there"


def _ends(delivery: Delivery, excused: Leniency) -> Iterator[str]:
    match delivery.state:
        case DeliveryState.SENT if delivery.reason is None or excused.given_up:
            return
        case DeliveryState.FAILED if delivery.reason and excused.given_up:
            return
    yield f"{delivery.run_date} is {delivery.state}: {delivery.reason or 'no reason'}"


def _follow_ups(channel: Channel, deliveries: Sequence[Delivery]) -> Iterator[str]:
    """A digest that was sent without a reason must have its threads and be published."""
    sent = [each for each in deliveries if each.state is DeliveryState.SENT and each.reason is None]
    there = {message.id: message for message in channel.digests}
    threads = {thread.id for thread in channel.threads}
    for delivery in sent:
        posting = delivery.settings.posting
        messages = [there[each.message_id] for each in delivery.messages if each.message_id in there]
        if posting.threads is not Threads.NONE and not threads.issuperset(each.id for each in messages):
            yield f"{delivery.run_date} lacks a thread"
        if posting.publish and channel.kind is Kind.NEWS and not all(each.crossposted for each in messages):
            yield f"{delivery.run_date} is not published"
