"""Nonces of messages, and whose message has a nonce: each is derived from what its message is part of. Pure."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain, product

from bot.storage import Subscription

FARTHEST_RUN = 45  # days between the date of a run and its messages: one sent early, or late, in a month
FARTHEST_PART = 2  # the same where messages were split, which is rare; there are many ways to split one


@dataclass(frozen=True, slots=True)
class MessageOrigin:
    """What a message is part of: a run of a subscription, or an extra digest. `position` is that of its first paper."""

    subscription_id: int
    run_date: date
    extra: int
    position: int


@dataclass(frozen=True, slots=True)
class NonceSpace:
    """The nonces that a subscription may have given its messages in a channel.

    Of its digests, each has up to `papers` papers, and a date up to `extras` extra digests.
    """

    subscription: Subscription
    channel_id: int
    papers: int
    extras: int
    is_in_parts: bool = True  # whether a digest may have a message for each paper

    def find_origin(self, nonce: str, sent_on: date) -> MessageOrigin | None:
        """What the message with this nonce, sent on this date, is part of; None if it is not the subscription's."""
        for far, find in ((FARTHEST_RUN, self._list_messages), (FARTHEST_PART, self._list_parts)):
            steps = chain((0,), chain.from_iterable((-step, step) for step in range(1, far + 1)))
            for step, extra in product(steps, range(self.extras + 1)):
                run_date = sent_on + timedelta(days=step)
                for derived, position in find(run_date, extra):
                    if derived == nonce:
                        return MessageOrigin(self.subscription.id, run_date, extra, position)
        return None

    def _list_messages(self, run_date: date, extra: int) -> Iterator[tuple[str, int]]:
        """The nonces of the messages that are planned, with the positions of their first papers."""
        for number in range(1, (self.papers if self.is_in_parts else 1) + 1):
            yield make_nonce(self.subscription, self.channel_id, run_date, number, extra=extra), number

    def _list_parts(self, run_date: date, extra: int) -> Iterator[tuple[str, int]]:
        """The same of the halves into which a message with all papers may have been split."""
        whole = make_nonce(self.subscription, self.channel_id, run_date, 1, extra=extra)
        yield from _list_halves(whole, [range(1, last + 1) for last in range(2, self.papers + 1)])


def make_nonce(subscription: Subscription, channel_id: int, run_date: date, number: int, *, extra: int = 0) -> str:
    """The nonce of a message, by its number in a run or extra digest: 24 characters, the same on every call."""
    run_key = f"{subscription.guild_id}:{channel_id}:{subscription.id}:{run_date}"
    if extra:
        run_key += f"+{extra}"
    return _hash(f"{run_key}:{number}")


def make_half_nonce(nonce: str, positions: Sequence[int]) -> str:
    """The nonce of the second half of the message that has `nonce` and shows the papers at these positions."""
    return _hash(f"{nonce}:{(*positions,)}")


def split_positions(positions: Sequence[int]) -> tuple[Sequence[int], Sequence[int]]:
    """The positions that a message keeps when it is split, and those of its second half."""
    middle = (len(positions) + 1) // 2
    return positions[:middle], positions[middle:]


def _list_halves(nonce: str, shown: Sequence[Sequence[int]]) -> Iterator[tuple[str, int]]:
    """The second halves of a message that showed one of these positions, and the halves of those.

    What a message keeps when it is split is among `shown`, as a message with fewer papers would show.
    """
    for positions in shown:
        _, second = split_positions(positions)
        half = make_half_nonce(nonce, positions)
        yield half, second[0]
        parts = []
        while len(second) > 1:
            parts.append(second)
            second, _ = split_positions(second)
        yield from _list_halves(half, parts)


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
