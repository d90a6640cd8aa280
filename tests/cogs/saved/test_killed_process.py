"""The real process is killed while people save, take notes and export, and an admin switches the server's feed."""

import pytest

from faults import saving
from faults.saving import PAPERS, Admin, Kept, Reader
from tests.support.builders import Clock
from tests.support.wire import Wire

SAVED, NOTED = Kept(is_saved=True), Kept(is_saved=True, note="Mine")
FIRST = PAPERS[0]


async def test_whatever_was_answered_is_kept_once_though_the_bot_is_killed_amid_clicks() -> None:
    tally = await saving.measure(seed=7, kills=6, killed=lambda _: None)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.kills == 6
    assert tally.answered


@pytest.mark.parametrize(
    ("known", "cut", "stored", "is_wrong"),
    [
        (SAVED, None, SAVED, False),
        (SAVED, None, Kept(), True),  # lost
        (Kept(), None, SAVED, True),  # done by nobody
        (SAVED, NOTED, SAVED, False),
        (SAVED, NOTED, NOTED, False),
        (SAVED, NOTED, Kept(is_saved=False, note="Mine"), True),  # half done
    ],
)
def test_the_judge_of_the_kills_notices_what_is_lost_or_done_by_halves(
    known: Kept, cut: Kept | None, stored: Kept, *, is_wrong: bool, clock: Clock
) -> None:
    wire = Wire(clock)
    reader = Reader("Ada", 7, wire.add_person().papers, wire)
    reader.kept[FIRST], reader.maybe = known, (FIRST, cut) if cut else None
    assert bool([*reader.compare({FIRST: stored})]) is is_wrong


def test_the_judge_of_the_kills_notices_a_feed_at_another_address(clock: Clock) -> None:
    wire = Wire(clock)
    admin = Admin("Ada", 7, wire.add_guild().general, wire)
    assert [*admin.compare_feed("a key")]
    assert not [*admin.compare_feed("a key")]
    admin.may_change = True
    assert not [*admin.compare_feed(None)]
