"""An export is never too long for Discord."""

import gzip
from datetime import timedelta

from bot.export import MAX_FILE, build_export
from bot.storage import PersonData
from bot.storage.person_data import DeliveredMessage, DeliveredPaper, PersonalDelivery
from tests.support.builders import DAY, MORNING

DAYS, PAPERS = 365, 60  # that are kept, and that a day has; each may have come on its own, at once


def deliver(number: int) -> PersonalDelivery:
    sent_at = MORNING + timedelta(minutes=7 * number, seconds=number % 60)
    paper = DeliveredPaper(f"26{number % 12 + 1:02}.{number * 7919 % 99991:05}", 1, number * 31 % 900, number % 50)
    message = DeliveredMessage(1, 1461631057920000011, 1461631057920000011 + number * 104729, sent_at)
    return PersonalDelivery(DAY, number, "sent", None, sent_at, (DAY,), (paper,), (message,))


def test_a_year_in_which_every_paper_came_at_once_fits_compressed_with_room_to_spare() -> None:
    some = DAYS * PAPERS // 10
    data = PersonData(1, None, (), (), (), tuple(map(deliver, range(some))), (), (), (), None)
    assert 10 * len(gzip.compress(build_export(data, MORNING))) < MAX_FILE / 5
