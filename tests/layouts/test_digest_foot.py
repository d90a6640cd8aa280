"""The foot of a digest is under its last papers, in every form, and leads to the list that its heading counts."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.digest import Digest
from bot.layouts.digest import render_delivery_message, render_digest_preview
from bot.storage import Delivery, DeliveryState, Message, MessageForm
from bot.subscription.settings import DigestSettings, Threads
from tests.support.builders import DAY, MORNING, build_settings
from tests.support.discord_limits import walk
from tests.support.layouts import CARDS, COMPACT, NONCE, check, components_of, digest_of, ten

FOOT = ["All 23 papers", "Search", "Settings"]


def list_buttons(
    digest: Digest, settings: DigestSettings, positions: tuple[int, ...], form: MessageForm = MessageForm.FULL
) -> dict[str, str]:
    """The custom_ids of a message's buttons, by their labels, after a look at Discord's limits."""
    message = Message(1, NONCE, form=form, positions=positions)
    delivery = Delivery(7, 5, 1, 5, DAY, DeliveryState.PLANNED, None, settings, digest, (message,), MORNING, attempts=0)
    view = render_delivery_message(delivery, message)
    check(view)
    return {each["label"]: each["custom_id"] for each in walk(components_of(view)) if each["type"] == 2}


@pytest.mark.parametrize("form", [MessageForm.FULL, MessageForm.UNLINKED, MessageForm.PLAIN])
@pytest.mark.parametrize("settings", [build_settings(), COMPACT, CARDS], ids=["list", "compact", "cards"])
def test_the_foot_is_under_the_last_papers_and_every_part_saves_its_own(
    settings: DigestSettings, form: MessageForm
) -> None:
    digest = digest_of(*ten())
    first = list_buttons(digest, settings, (1, 2, 3), form)
    last = list_buttons(digest, settings, (4, 5, 6, 7, 8, 9, 10), form)
    assert [*first] == ["1", "2", "3"]
    assert [*last] == ["4", "5", "6", "7", "8", "9", "10", *FOOT]
    assert (last["4"], last["Settings"]) == ("save:2601.00004", "settings:5")


def test_with_a_message_for_each_paper_only_the_last_one_has_the_foot() -> None:
    digest, settings = digest_of(*ten()), build_settings(threads=Threads.PER_PAPER)
    assert [*list_buttons(digest, settings, (9,))] == ["Details", "Save"]
    assert [*list_buttons(digest, settings, (10,))] == ["Details", "Save", *FOOT]


@pytest.mark.parametrize(
    ("days", "custom_id"),
    [
        ((DAY,), f"top:n1:day:{DAY}"),
        ((DAY - timedelta(days=3), DAY - timedelta(days=1), DAY), f"listed:n1:{DAY - timedelta(days=3)}:{DAY}"),
    ],
)
def test_the_list_is_that_of_the_days_of_the_digest(days: tuple[date, ...], custom_id: str) -> None:
    digest = replace(digest_of(*ten()), days=days, listed_count=1204)
    assert list_buttons(digest, COMPACT, tuple(range(1, 11)))["All 1,204 papers"] == custom_id


@pytest.mark.parametrize(("listed", "days"), [(10, (DAY,)), (8, (DAY,)), (23, ())])
def test_without_more_papers_or_without_a_list_there_is_no_button_for_it(listed: int, days: tuple[date, ...]) -> None:
    digest = replace(digest_of(*ten()), days=days, listed_count=listed)
    assert [*list_buttons(digest, COMPACT, tuple(range(1, 11)))][-3:] == ["10", "Search", "Settings"]


def test_the_preview_of_a_subscription_that_is_not_saved_has_no_settings_to_open() -> None:
    view = render_digest_preview(digest_of(*ten()), COMPACT)
    check(view)
    disabled = [each["label"] for each in walk(components_of(view)) if each["type"] == 2 and each["disabled"]]
    assert disabled == ["Settings"]
